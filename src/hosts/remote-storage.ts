import { createHash } from "node:crypto";
import { displayPath, type RawPath } from "#image";
import {
  type ByteRange,
  type FileHandle,
  type FileType,
  type Storage,
  StorageError,
  type StorageOptions,
  type StoragePromises,
  type StoredFile,
} from "#storage";
import { asStorageError, isStorageError } from "./carried-error.ts";
import type { Header } from "./frame.ts";
import type { HeaderFields } from "./header-fields.ts";
import { brokenProtocol, hostClosed, isLinkFailure } from "./host-error.ts";
import type { LinkCall } from "./link-call.ts";
import type { AttemptOptions, PeerConnector } from "./peer-connector.ts";
import type { PeerLink } from "./peer-link.ts";
import { RepeatedCall } from "./repeated-call.ts";
import { decodeStoredFiles, largestFileBytes, savePieceBytes } from "./storage-frames.ts";

/** Items that the peer sends ahead of us. */
const ahead = 4;

/** The repository in a folder of another host. */
export async function openRemoteStorage(
  connector: PeerConnector,
  path: RawPath,
  signal?: AbortSignal,
): Promise<Storage> {
  const promises = await connector.attempt(
    async (link) => {
      const header = { what: "storage-open", path };
      return promisesOf((await link.ask({ header, signal })).fields);
    },
    { signal, isRepeatable: true },
  );
  return new RemoteStorage(connector, path, promises);
}

class RemoteStorage implements Storage {
  readonly location: string;
  readonly #connector: PeerConnector;
  readonly #path: RawPath;
  #promises: StoragePromises;
  #isClosed = false;

  constructor(connector: PeerConnector, path: RawPath, promises: StoragePromises) {
    this.#connector = connector;
    this.#path = path;
    this.#promises = promises;
    this.location = `ssh://${connector.options.name}${displayPath(path)}`;
  }

  /** As the storage there last said of itself. */
  get promises(): StoragePromises {
    return this.#promises;
  }

  async create({ signal }: StorageOptions = {}): Promise<void> {
    await this.#attempt({ signal, isRepeatable: true }, async (link) => {
      const { fields } = await link.ask({ header: this.#header("create"), signal });
      this.#promises = promisesOf(fields);
    });
  }

  async save(
    file: FileHandle,
    parts: readonly Uint8Array[],
    { signal }: StorageOptions = {},
  ): Promise<void> {
    const sizeBytes = parts.reduce((sum, part) => sum + part.length, 0);
    if (sizeBytes > largestFileBytes) throw tooLarge("save", sizeBytes, this.location);
    const isSmall = sizeBytes <= savePieceBytes;
    const header = this.#header("save", file, {
      sizeBytes,
      ...(isSmall ? {} : { sha256: sha256Of(parts) }),
    });
    const body = isSmall ? Buffer.concat(parts) : undefined;
    const sending = { parts, sizeBytes, reachedBytes: 0 };
    let isUncertain = false;
    await this.#attempt({ signal, isRepeatable: true }, async (link, progressed) => {
      try {
        using call = await link.begin({
          header,
          credit: isSmall ? 0 : 1,
          signal,
          ...(body === undefined ? {} : { body }),
        });
        this.#promises = promisesOf(await sendFile(call, sending, { signal, progressed }));
      } catch (error) {
        // An attempt of which no answer came may have written it: the config there may be ours.
        const mayBeOurs = isUncertain && isStorageError(error, "storage.exists");
        isUncertain ||= isLinkFailure(error);
        if (!mayBeOurs || !(await this.#isConfigOf(file, parts, signal))) throw error;
      }
    });
  }

  async load(file: FileHandle, options: ByteRange & StorageOptions = {}): Promise<Uint8Array> {
    const { signal } = options;
    if ((options.lengthBytes ?? 0) > largestFileBytes)
      throw tooLarge("load", options.lengthBytes as number, this.location);
    const loading = new Loading(options, this.location);
    await this.#attempt({ signal, isRepeatable: true }, async (link, progressed) => {
      using call = await link.begin({
        header: this.#header("load", file, loading.rest()),
        credit: ahead,
        signal,
      });
      for (;;) {
        const { kind, fields, body } = await call.next(signal);
        if (kind === "done") break;
        if (fields.has("sizeBytes")) loading.announce(fields.count("sizeBytes"));
        else loading.add(body);
        if (body.length > 0) progressed();
      }
    });
    return loading.whole();
  }

  async stat(file: FileHandle, { signal }: StorageOptions = {}): Promise<StoredFile> {
    return await this.#attempt({ signal, isRepeatable: true }, async (link) => {
      const { fields } = await link.ask({ header: this.#header("stat", file), signal });
      const name = file.type === "config" ? "" : file.name;
      return { name, sizeBytes: fields.count("sizeBytes") };
    });
  }

  /** After a lost connection the listing begins again, and what was given already is passed over. */
  async *list(type: FileType, { signal }: StorageOptions = {}): AsyncIterable<StoredFile> {
    const given = new Set<string>();
    const header = { ...this.#header("list"), type };
    using call = new RepeatedCall((link) => link.begin({ header, credit: ahead, signal }));
    for (;;) {
      const files = await this.#attempt({ signal, isRepeatable: true }, async (link) => {
        for (;;) {
          const { kind, body } = await call.next(link, signal);
          if (kind === "done") return undefined;
          const all = [...decodeStoredFiles(body, { isConfig: type === "config" })];
          const fresh = all.filter(({ name }) => !given.has(name));
          // Only what is new is progress: the same over and over would go on for ever.
          if (fresh.length > 0) return fresh;
        }
      });
      if (files === undefined) return;
      for (const file of files) given.add(file.name);
      yield* files;
    }
  }

  /** Not tried again: whether the file was there at the first attempt would not be known. */
  async remove(file: FileHandle, { signal }: StorageOptions = {}): Promise<void> {
    await this.#attempt({ signal, isRepeatable: false }, async (link) => {
      const { fields } = await link.ask({ header: this.#header("remove", file), signal });
      this.#promises = promisesOf(fields);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
  }

  #header(what: string, file?: FileHandle, more: Header = {}): Header {
    return { what: `storage-${what}`, path: this.#path, ...file, ...more };
  }

  async #isConfigOf(
    file: FileHandle,
    parts: readonly Uint8Array[],
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    if (file.type !== "config") return false;
    const there = await this.load(file, signal === undefined ? {} : { signal });
    return Buffer.concat(parts).equals(there);
  }

  async #attempt<Result>(
    options: AttemptOptions,
    work: (link: PeerLink, progressed: () => void) => Promise<Result>,
  ): Promise<Result> {
    try {
      if (this.#isClosed) throw hostClosed(this.#connector.options.name);
      return await this.#connector.attempt(work, options);
    } catch (error) {
      throw asStorageError(error);
    }
  }
}

/** The bytes that have come so far, over however many connections. */
class Loading {
  readonly #range: ByteRange;
  readonly #location: string;
  #bytes: Buffer | undefined;
  #done = 0;

  constructor(range: ByteRange, location: string) {
    this.#range = range;
    this.#location = location;
  }

  /** What is still to be asked for. A file never changes, so that it can be put together of two attempts. */
  rest(): Header {
    const offset = (this.#range.offset ?? 0) + this.#done;
    const lengthBytes =
      this.#bytes === undefined ? this.#range.lengthBytes : this.#bytes.length - this.#done;
    return { offset, ...(lengthBytes === undefined ? {} : { lengthBytes }) };
  }

  announce(sizeBytes: number): void {
    const wanted = this.#range.lengthBytes ?? sizeBytes;
    if (sizeBytes > largestFileBytes) throw tooLarge("load", sizeBytes, this.#location);
    // Not from Buffer's pool: the caller may transfer it to another thread.
    this.#bytes ??= Buffer.allocUnsafeSlow(wanted);
    if (sizeBytes !== this.#bytes.length - this.#done)
      throw brokenProtocol("a file is announced with another size than was asked for");
  }

  add(body: Uint8Array): void {
    if (this.#bytes === undefined || this.#done + body.length > this.#bytes.length)
      throw brokenProtocol("more of a file came than was announced");
    this.#bytes.set(body, this.#done);
    this.#done += body.length;
  }

  whole(): Uint8Array {
    if (this.#bytes === undefined || this.#done < this.#bytes.length)
      throw asStorageError(brokenProtocol("less of a file came than was announced")) as Error;
    return this.#bytes;
  }
}

type Sending = {
  readonly parts: readonly Uint8Array[];
  readonly sizeBytes: number;
  /** The most that was there at the beginning of an attempt. */
  reachedBytes: number;
};

/** Sends what the peer does not have yet; returns its answer. */
async function sendFile(
  call: LinkCall,
  sending: Sending,
  options: { readonly signal: AbortSignal | undefined; readonly progressed: () => void },
): Promise<HeaderFields> {
  const { signal, progressed } = options;
  for (;;) {
    const { kind, fields } = await call.next(signal);
    if (kind === "done") return fields;
    const offset = fields.count("offset", sending.sizeBytes);
    if (offset > sending.reachedBytes) progressed();
    sending.reachedBytes = Math.max(offset, sending.reachedBytes);
    for (const piece of piecesFrom(sending.parts, offset)) {
      // It has an answer already: an error, since it has not got everything.
      if (!(await call.send(piece, signal))) break;
    }
  }
}

/** The bytes from an offset on in pieces of `savePieceBytes`, whatever the parts' sizes. */
function* piecesFrom(
  parts: readonly Uint8Array[],
  offset: number,
): Generator<Uint8Array, void, undefined> {
  let skip = offset;
  let pieces: Uint8Array[] = [];
  let room = savePieceBytes;
  for (const part of parts) {
    const from = Math.min(skip, part.length);
    skip -= from;
    for (let at = from; at < part.length;) {
      const piece = part.subarray(at, at + room);
      pieces.push(piece);
      at += piece.length;
      room -= piece.length;
      if (room > 0) continue;
      yield Buffer.concat(pieces);
      pieces = [];
      room = savePieceBytes;
    }
  }
  if (pieces.length > 0) yield Buffer.concat(pieces);
}

function sha256Of(parts: readonly Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

function promisesOf(fields: HeaderFields): StoragePromises {
  const promises = fields.object("promises");
  return { durable: promises.flag("durable"), atomic: promises.flag("atomic") };
}

function tooLarge(action: string, sizeBytes: number, location: string): StorageError {
  return new StorageError(
    "storage.failed",
    `Cannot ${action} a file of ${sizeBytes} bytes in "${location}": the limit is ${largestFileBytes}`,
    { hint: "No repository has files of that size; check the file." },
  );
}
