import { isImageError, type RawPath } from "#image";
import { addProblem, type MailProblem } from "../mail-problem.ts";
import { byUid, type StoredMessage } from "../mail-store.ts";
import { type DboxAccountFiles, indexPrefix } from "./dbox-account-files.ts";
import { shortGuid, usualFileHeader } from "./dbox-format.ts";
import {
  type CutRecord,
  type DboxRecord,
  plainSize,
  readFileHeader,
  readRecord,
  recordEnd,
} from "./dbox-record.ts";
import { FileWindow } from "./file-window.ts";
import type { IndexRow, MailIndex } from "./index/mail-index.ts";
import { readMailIndex } from "./index/read-mail-index.ts";
import { viewOf } from "./index/record-body.ts";
import type { MapPlace, MdboxMap } from "./mdbox-map.ts";
import type { MailFile, MdboxStorage, Scan } from "./mdbox-storage.ts";
import { type Placement, placementOf } from "./stored-flags.ts";

/** Reading on costs less than opening the file anew for each of many small messages. */
const readAheadBytes = 256 * 1024;

/** One line of a mailbox's index. */
type Listed = {
  readonly uid: number;
  readonly placement: Placement;
  /** 32 hexadecimal digits; undefined where the mailbox does not keep them. */
  readonly guid: string | undefined;
  readonly savedNs: bigint | undefined;
  readonly place: MapPlace | undefined;
};

export type MdboxParts = { readonly files: DboxAccountFiles; readonly storage: MdboxStorage };

export type MdboxListing = {
  readonly messages: readonly StoredMessage[];
  /** The index is damaged or lost, or lists messages that were not found: there may be more. */
  readonly isIncomplete: boolean;
};

/**
 * The messages that the index of one mdbox mailbox lists. It names them by their UID in the map,
 * which says where they lie. Where the map is lost, or wrong about one, the message is found in
 * `m.*` by its GUID.
 */
export async function listMdboxMessages(
  { files, storage }: MdboxParts,
  options: {
    readonly folder: RawPath;
    readonly problems: MailProblem[];
    readonly signal?: AbortSignal | undefined;
  },
): Promise<MdboxListing> {
  const { folder, problems, signal } = options;
  // That the mailbox is there at all.
  await files.image.list(folder, signal);
  const read = await readMailIndex(files.image, {
    folder: files.indexFolder(folder),
    prefix: indexPrefix,
    problems,
    signal,
  });
  if (read.failure !== undefined) throw read.failure;
  if (read.isMissing)
    addProblem(problems, "index", "There is no index; which messages were here is lost");
  const map = await storage.map();
  const mailFiles = await storage.mailFiles();
  for (const problem of [...map.problems, ...storage.problems])
    addProblem(problems, problem.code, problem.message);
  if (map.isMissing)
    addProblem(problems, "index", "The map of mdbox is lost; messages are found by their GUID");
  const listed = [...read.index.messages()].map((row) => listedOf(read.index, row, map));
  const reader = new MessageReader(files, { problems, signal });
  const messages = await reader.inPlace(listed, mailFiles);
  const areLost = await reader.elsewhere(storage, messages);
  return {
    messages: messages.sort(byUid),
    isIncomplete: read.isDamaged || read.isMissing || areLost,
  };
}

function listedOf(index: MailIndex, row: IndexRow, map: MdboxMap): Listed {
  const bytes = index.extension("mdbox")?.row(row.row) ?? new Uint8Array(0);
  const guid = index.extension("guid")?.row(row.row) ?? new Uint8Array(0);
  const hasRecord = bytes.length === 8;
  const mapUid = hasRecord ? viewOf(bytes).getUint32(0, true) : 0;
  const savedSeconds = hasRecord ? viewOf(bytes).getUint32(4, true) : 0;
  return {
    uid: row.uid,
    placement: placementOf(index, row),
    guid: guid.some((byte) => byte !== 0) ? Buffer.from(guid).toString("hex") : undefined,
    savedNs: savedSeconds === 0 ? undefined : BigInt(savedSeconds) * 1_000_000_000n,
    place: mapUid === 0 ? undefined : map.placeOf(mapUid),
  };
}

/** A message that is not where the map says. */
type Lost = {
  readonly listed: Listed;
  readonly state: string;
  /** What is at that place: a message that is cut off, or whole with another GUID. */
  readonly there?: StoredMessage;
};

class MessageReader {
  readonly #files: DboxAccountFiles;
  readonly #problems: MailProblem[];
  readonly #signal: AbortSignal | undefined;
  readonly #lost: Lost[] = [];

  constructor(
    files: DboxAccountFiles,
    options: { readonly problems: MailProblem[]; readonly signal: AbortSignal | undefined },
  ) {
    this.#files = files;
    this.#problems = options.problems;
    this.#signal = options.signal;
  }

  /** Those that are where the map says, file by file and in the order of their bytes. */
  async inPlace(
    listed: readonly Listed[],
    mailFiles: ReadonlyMap<number, MailFile>,
  ): Promise<StoredMessage[]> {
    const messages: StoredMessage[] = [];
    const byFile = new Map<number, { listed: Listed; offset: number }[]>();
    for (const one of listed) {
      if (one.place === undefined)
        this.#lost.push({ listed: one, state: "the map does not know it" });
      else {
        const { fileId, offset } = one.place;
        const ones = byFile.get(fileId) ?? [];
        ones.push({ listed: one, offset });
        byFile.set(fileId, ones);
      }
    }
    for (const [fileId, ones] of byFile) {
      const file = mailFiles.get(fileId);
      if (file === undefined)
        for (const one of ones)
          this.#lost.push({ listed: one.listed, state: `m.${fileId} is not there` });
      else
        await this.#readFile(
          file,
          ones.sort((a, b) => a.offset - b.offset),
          messages,
        );
    }
    return messages;
  }

  /** Looks for the others in all files, by GUID. Returns whether some were not found. */
  async elsewhere(storage: MdboxStorage, messages: StoredMessage[]): Promise<boolean> {
    if (this.#lost.length === 0) return false;
    let areLost = false;
    const scan = await storage.scan();
    for (const { code, message } of scan.problems) addProblem(this.#problems, code, message);
    const byGuid = new Map<string, Scan["messages"][number]>();
    for (const message of scan.messages) {
      const { guid } = message.record.metadata;
      if (guid !== undefined && !byGuid.has(shortGuid(guid))) byGuid.set(shortGuid(guid), message);
    }
    for (const { listed, state, there } of this.#lost) {
      const found = listed.guid === undefined ? undefined : byGuid.get(listed.guid);
      if (found !== undefined) {
        messages.push(storedMessage(listed, found.path, found.record));
        continue;
      }
      areLost = true;
      addProblem(this.#problems, "damaged", `Message ${listed.uid}: ${state}`);
      // It is listed, so that it is not taken for deleted: reading it says that it is damaged, or
      // gives a message whose GUID nothing else has, because the index is damaged.
      if (there !== undefined) messages.push(there);
    }
    return areLost;
  }

  async #readFile(
    { path, id, entry }: MailFile,
    ones: readonly { readonly listed: Listed; readonly offset: number }[],
    messages: StoredMessage[],
  ): Promise<void> {
    const file = new FileWindow(this.#files.image, path, { readAheadBytes, signal: this.#signal });
    try {
      const header = await readFileHeader(file);
      for (const { listed, offset } of ones) {
        this.#signal?.throwIfAborted();
        const result = await readRecord(file, offset, header ?? usualFileHeader);
        if ("record" in result) {
          const guid = result.record.metadata.guid;
          const isOther =
            listed.guid !== undefined && guid !== undefined && shortGuid(guid) !== listed.guid;
          const message = storedMessage(listed, path, result.record);
          const state = `m.${id} has another message at byte ${offset}`;
          if (isOther) this.#lost.push({ listed, state, there: message });
          else messages.push(message);
          continue;
        }
        const cut =
          result.cut === undefined
            ? {}
            : { there: cutMessage(listed, path, { cut: result.cut, mtimeNs: entry.mtimeNs }) };
        this.#lost.push({
          listed,
          state: `in m.${id} at byte ${offset}: ${result.damage}`,
          ...cut,
        });
      }
    } catch (error) {
      if (!isImageError(error)) throw error;
      const done = new Set(messages.map(({ uid }) => uid));
      const lost = new Set(this.#lost.map(({ listed }) => listed.uid));
      for (const { listed } of ones)
        if (!done.has(listed.uid) && !lost.has(listed.uid))
          this.#lost.push({ listed, state: error.message });
    }
  }
}

function storedMessage(listed: Listed, path: RawPath, record: DboxRecord): StoredMessage {
  const { receivedSeconds = 0, virtualSizeBytes, guid } = record.metadata;
  return {
    ...common(listed, path, record.offset),
    range: { offset: record.offset, lengthBytes: recordEnd(record) - record.offset },
    internalDateNs: BigInt(receivedSeconds) * 1_000_000_000n,
    sizeBytes: plainSize(record),
    ...(virtualSizeBytes === undefined ? {} : { virtualSizeBytes }),
    ...(guid === undefined ? {} : { guid: shortGuid(guid) }),
  };
}

function cutMessage(
  listed: Listed,
  path: RawPath,
  { cut, mtimeNs }: { readonly cut: CutRecord; readonly mtimeNs: bigint },
): StoredMessage {
  return {
    ...common(listed, path, cut.offset),
    range: { offset: cut.offset, lengthBytes: cut.bodyOffset + cut.bodyBytes - cut.offset },
    internalDateNs: listed.savedNs ?? mtimeNs,
    sizeBytes: cut.bodyBytes,
    ...(listed.guid === undefined ? {} : { guid: listed.guid }),
  };
}

/** A message that was copied lies in two mailboxes, or twice in one, at the same place. */
function common(
  listed: Listed,
  path: RawPath,
  offset: number,
): Pick<StoredMessage, "key" | "path" | "savedNs"> & Placement {
  return {
    key: `${path}@${offset}#${listed.uid}`,
    path,
    ...listed.placement,
    ...(listed.savedNs === undefined ? {} : { savedNs: listed.savedNs }),
  };
}
