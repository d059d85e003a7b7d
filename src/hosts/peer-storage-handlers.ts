import { type FileHandle, fileTypes, type Storage, StorageError } from "#storage";
import type { AllowedFolders } from "./allowed-folders.ts";
import { Budget } from "./budget.ts";
import { isStorageError } from "./carried-error.ts";
import type { HeaderFields } from "./header-fields.ts";
import type { Host } from "./host.ts";
import { brokenProtocol, HostError } from "./host-error.ts";
import { PartialFile, type Transfer } from "./partial-file.ts";
import type { Item, PeerCall, PeerHandler } from "./served-call.ts";
import { checkRepositoryFolders } from "./repository-folders.ts";
import {
  encodeStoredFiles,
  largestFileBytes,
  loadPieceBytes,
  savePieceBytes,
  saveWindow,
} from "./storage-frames.ts";

/** Whole files that are held in memory while they are checked and stored. */
const memoryBytes: number = 256 * 1024 * 1024;
/** Repositories that one client may use. */
const mostStorages = 64;

/** What a peer does for Storages on the other side. The storages are opened once a session. */
export class PeerStorages implements AsyncDisposable {
  readonly #host: Host;
  readonly #folders: AllowedFolders;
  readonly #open = new Map<string, Promise<Storage>>();
  readonly #memory = new Budget(memoryBytes);

  constructor(host: Host, folders: AllowedFolders) {
    this.#host = host;
    this.#folders = folders;
  }

  get handlers(): readonly (readonly [string, PeerHandler])[] {
    return [
      ["storage-open", (call) => this.#simple(call, async () => undefined)],
      ["storage-create", (call) => this.#simple(call, (s, { signal }) => s.create({ signal }))],
      ["storage-stat", (call) => this.#stat(call)],
      ["storage-remove", (call) => this.#remove(call)],
      ["storage-list", (call) => this.#list(call)],
      ["storage-load", (call) => this.#load(call)],
      ["storage-save", (call) => this.#save(call)],
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const opening of this.#open.values()) {
      const storage = await opening.catch(() => undefined);
      await storage?.[Symbol.asyncDispose]();
    }
  }

  async #storageOf(call: PeerCall): Promise<Storage> {
    const path = await this.#folders.resolve(call.fields.path("path"));
    const known = this.#open.get(path);
    if (known !== undefined) return await known;
    if (this.#open.size >= mostStorages) {
      throw new HostError(
        "host.failed",
        `Cannot open another repository: ${mostStorages} are open in this connection`,
        { hint: "Close the host, and open it again for the others." },
      );
    }
    if (this.#folders.areRestricted) await checkRepositoryFolders(path, this.#folders);
    const opening = this.#host.openStorage(path);
    this.#open.set(path, opening);
    opening.catch(() => this.#open.delete(path));
    return await opening;
  }

  // oxlint-disable-next-line require-yield -- a handler without items
  async *#simple(
    call: PeerCall,
    work: (storage: Storage, call: PeerCall) => Promise<void>,
  ): AsyncGenerator<Item, Item, undefined> {
    const storage = await this.#storageOf(call);
    await work(storage, call);
    return { header: { promises: storage.promises } };
  }

  // oxlint-disable-next-line require-yield -- a handler without items
  async *#stat(call: PeerCall): AsyncGenerator<Item, Item, undefined> {
    const storage = await this.#storageOf(call);
    const { sizeBytes } = await storage.stat(fileOf(call.fields), call);
    return { header: { sizeBytes } };
  }

  async *#remove(call: PeerCall): AsyncGenerator<Item, Item, undefined> {
    return yield* this.#simple(call, (storage) => storage.remove(fileOf(call.fields), call));
  }

  async *#list(call: PeerCall): AsyncGenerator<Item, Item, undefined> {
    const storage = await this.#storageOf(call);
    const type = call.fields.oneOf("type", fileTypes);
    for await (const body of encodeStoredFiles(storage.list(type, call))) yield { body };
    return {};
  }

  async *#load(call: PeerCall): AsyncGenerator<Item, Item, undefined> {
    const storage = await this.#storageOf(call);
    const { fields, signal } = call;
    const file = fileOf(fields);
    const offset = fields.count("offset");
    const asked = fields.has("lengthBytes") ? fields.count("lengthBytes") : undefined;
    const { sizeBytes } = await storage.stat(file, { signal });
    const end = asked === undefined ? sizeBytes : offset + asked;
    // What is not there is refused by the storage itself, in its own words, before anything is sent.
    if (end > sizeBytes || end <= offset)
      await storage.load(file, {
        offset,
        signal,
        ...(asked === undefined ? {} : { lengthBytes: asked }),
      });
    yield { header: { sizeBytes: Math.max(0, end - offset) } };
    for (let at = offset; at < end; at += loadPieceBytes) {
      const lengthBytes = Math.min(loadPieceBytes, end - at);
      yield { body: await storage.load(file, { offset: at, lengthBytes, signal }) };
    }
    return {};
  }

  async *#save(call: PeerCall): AsyncGenerator<Item, Item, undefined> {
    const storage = await this.#storageOf(call);
    const { fields, signal } = call;
    const file = fileOf(fields);
    const sizeBytes = fields.count("sizeBytes", largestFileBytes);
    if (sizeBytes <= savePieceBytes) {
      if (call.body.length !== sizeBytes)
        throw brokenProtocol("a file to be saved has another size than its header says");
      await storage.save(file, [call.body], { signal });
      return { header: { promises: storage.promises } };
    }
    const transfer = { file, sizeBytes, sha256: fields.text("sha256") };
    if (!(await isThere(storage, transfer, signal))) yield* this.#receive(call, storage, transfer);
    return { header: { promises: storage.promises } };
  }

  async *#receive(
    call: PeerCall,
    storage: Storage,
    transfer: Transfer,
  ): AsyncGenerator<Item, void, undefined> {
    await using partial = await PartialFile.open(storage.location, transfer);
    yield { header: { offset: partial.endBytes } };
    if (!partial.isWhole) {
      for await (const piece of call.items(saveWindow)) {
        await partial.append(piece);
        if (partial.isWhole) break;
      }
    }
    using _room = await this.#memory.take(transfer.sizeBytes, call.signal);
    const bytes = await partial.read();
    await storage.save(transfer.file, [bytes], { signal: call.signal });
    await partial.remove();
  }
}

function fileOf(fields: HeaderFields): FileHandle {
  return { type: fields.oneOf("type", fileTypes), name: fields.text("name") };
}

/**
 * Whether the file is there already. Throws what `save` would throw, before megabytes are sent for
 * nothing, and also for a place that is no repository: an unmounted one must not be filled.
 */
async function isThere(
  storage: Storage,
  transfer: Transfer,
  signal: AbortSignal,
): Promise<boolean> {
  const { file, sizeBytes } = transfer;
  let foundBytes: number;
  try {
    foundBytes = (await storage.stat(file, { signal })).sizeBytes;
  } catch (error) {
    if (!isStorageError(error, "storage.not-found")) throw error;
    for await (const _ of storage.list("key", { signal })) break;
    return false;
  }
  if (foundBytes === sizeBytes && file.type !== "config") return true;
  const [subject, state, hint] =
    file.type === "config"
      ? ["config", "there is one already", "Open that repository, or choose another place."]
      : [
          `${file.type} file "${file.name.slice(0, 12)}"`,
          `there is one with ${foundBytes} bytes instead of ${sizeBytes}`,
          "The file there is damaged or foreign; verify the repository.",
        ];
  throw new StorageError(
    "storage.exists",
    `Cannot save ${subject} in "${storage.location}": ${state}`,
    { hint },
  );
}
