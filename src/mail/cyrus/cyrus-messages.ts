import { crc32 } from "node:zlib";
import {
  ImageError,
  isImageError,
  type Listing,
  rawBaseName,
  type RawPath,
  displayPath,
} from "#image";
import { addProblem, type MailProblem } from "../mail-problem.ts";
import { byUid, type StoredMessage, type StoredMessages } from "../mail-store.ts";
import { type CyrusHeader, parseCyrusHeader } from "./cyrus-header.ts";
import { type IndexContent, type IndexRecord, parseIndex } from "./cyrus-index.ts";
import { type CyrusSpool, foldersOfMailbox, type Reading } from "./cyrus-spool.ts";
import { readDatabase } from "./database.ts";
import { seenBit, systemFlags } from "./index-layout.ts";
import {
  fileIn,
  headerLimitBytes,
  indexLimitBytes,
  listIfThere,
  readIfThere,
} from "./mailbox-folder.ts";
import { MessageFiles, type MessagePlace } from "./message-files.ts";
import { parseSeenState, type SeenState } from "./seen-state.ts";

export type CyrusMessagesOptions = {
  readonly path: RawPath;
  /** Where the user's file may be whose seen state counts; none: the index's. */
  readonly seenFiles: readonly RawPath[];
  readonly signal: AbortSignal | undefined;
};

/**
 * The messages that cyrus.index lists; where it is damaged, also every `<uid>.` that it does not
 * explain, with a problem that says so.
 */
export async function readCyrusMessages(
  spool: CyrusSpool,
  { path, seenFiles, signal }: CyrusMessagesOptions,
): Promise<StoredMessages> {
  signal?.throwIfAborted();
  const problems: MailProblem[] = [];
  const folders = foldersOfMailbox(spool, path);
  const files = await messageFiles(spool, folders, { problems, signal });
  const index = await readIndex(spool, folders, { problems, signal });
  if (!index.isWhole && index.records.length === 0 && index.goneUids.size === 0 && files.size === 0)
    throw new ImageError(
      "image.unreadable",
      `Cannot list the messages of "${displayPath(path)}": its cyrus.index is not there or damaged, and no message is there`,
      { hint: "Look at an earlier moment, or reconstruct the mailbox on the server." },
    );
  const { flagNames, uniqueId } = await readHeader(spool, folders, { problems, signal, index });
  const seen =
    index.header?.sharesSeen === true
      ? undefined
      : await readSeen(spool, {
          uniqueId: uniqueId ?? rawBaseName(path),
          seenFiles,
          problems,
          signal,
        });
  const listed = new Set(index.goneUids);
  const messages: StoredMessage[] = [];
  for (const record of index.records) {
    listed.add(record.uid);
    const place = files.get(record.uid);
    messages.push(storedMessage(record, { place, path, flagNames, seen, index, problems }));
  }
  messages.push(...unexplained(files, { listed, index, problems }));
  return { messages: messages.sort(byUid), problems };
}

async function messageFiles(
  { image }: CyrusSpool,
  folders: readonly RawPath[],
  { problems, signal }: Reading,
): Promise<MessageFiles> {
  const files = new MessageFiles();
  for (const [position, folder] of folders.entries()) {
    // The mailbox's own folder must be there; of the other partitions each may have it or not.
    const listing: Listing | undefined =
      position === 0 ? await image.list(folder, signal) : await listIfThere(image, folder, signal);
    if (listing === undefined) continue;
    for (const problem of listing.problems) addProblem(problems, "unreadable", problem.message);
    files.add(folder, listing);
  }
  return files;
}

async function readIndex(
  { image }: CyrusSpool,
  folders: readonly RawPath[],
  { problems, signal }: Reading,
): Promise<IndexContent> {
  const nothing = { records: [], goneUids: new Set<number>(), isWhole: false, problems: [] };
  const bytes = await readFirst(image, folders, {
    name: "cyrus.index",
    limitBytes: indexLimitBytes,
    code: "index",
    problems,
    signal,
  });
  if (bytes === undefined) return nothing;
  const index = parseIndex(bytes);
  for (const problem of index.problems) addProblem(problems, "index", problem);
  return index;
}

async function readHeader(
  { image }: CyrusSpool,
  folders: readonly RawPath[],
  { problems, signal, index }: Reading & { readonly index: IndexContent },
): Promise<CyrusHeader> {
  const bytes = await readFirst(image, folders, {
    name: "cyrus.header",
    limitBytes: headerLimitBytes,
    code: "keywords",
    problems,
    signal,
  });
  if (bytes === undefined) return { flagNames: [], problems: [] };
  const header = parseCyrusHeader(bytes);
  for (const problem of header.problems) addProblem(problems, "keywords", problem);
  const sum = index.header?.headerFileSum ?? 0;
  if (sum !== 0 && sum !== crc32(bytes))
    addProblem(
      problems,
      "keywords",
      "cyrus.header is not the one that cyrus.index was written with: names of keywords may be wrong",
    );
  return header;
}

/** From the first folder that has it. What is wrong becomes a problem. */
async function readFirst(
  image: CyrusSpool["image"],
  folders: readonly RawPath[],
  {
    name,
    limitBytes,
    code,
    problems,
    signal,
  }: Reading & {
    readonly name: string;
    readonly limitBytes: number;
    readonly code: MailProblem["code"];
  },
): Promise<Uint8Array | undefined> {
  for (const folder of folders) {
    try {
      const bytes = await readIfThere(image, fileIn(folder, name), { limitBytes, signal });
      if (bytes !== undefined) return bytes;
    } catch (error) {
      // What changes while it is read is no damage: it is read again with the next listing.
      if (!isImageError(error) || error.code === "image.changed") throw error;
      addProblem(problems, code, error.message);
      return undefined;
    }
  }
  addProblem(problems, code, `There is no ${name}`);
  return undefined;
}

async function readSeen(
  { image }: CyrusSpool,
  {
    uniqueId,
    seenFiles,
    problems,
    signal,
  }: Reading & { readonly uniqueId: string; readonly seenFiles: readonly RawPath[] },
): Promise<SeenState | undefined> {
  if (seenFiles.length === 0) return undefined;
  for (const file of seenFiles) {
    try {
      const bytes = await readIfThere(image, file, { limitBytes: indexLimitBytes, signal });
      if (bytes === undefined) continue;
      const { records, problems: found } = readDatabase(bytes);
      for (const problem of found) addProblem(problems, "index", problem);
      const value = records.find(({ key }) => key === uniqueId)?.value;
      const state = value === undefined ? nothingSeen : parseSeenState(value);
      if (state === undefined) addProblem(problems, "index", "What was seen cannot be read");
      return state ?? nothingSeen;
    } catch (error) {
      if (!isImageError(error)) throw error;
      addProblem(problems, "index", error.message);
    }
  }
  return nothingSeen;
}

const nothingSeen: SeenState = { lastUid: 0, hasSeen: () => false };

type Context = {
  readonly place: MessagePlace | undefined;
  /** Of the mailbox. */
  readonly path: RawPath;
  readonly flagNames: CyrusHeader["flagNames"];
  readonly seen: SeenState | undefined;
  readonly index: IndexContent;
  readonly problems: MailProblem[];
};

function storedMessage(record: IndexRecord, context: Context): StoredMessage {
  const { place, path, flagNames, seen, index, problems } = context;
  const { uid } = record;
  if (place === undefined) addProblem(problems, "damaged", `The file of UID ${uid} is not there`);
  else if (place.sizeBytes !== record.sizeBytes)
    addProblem(
      problems,
      "damaged",
      `The file of UID ${uid} has ${place.sizeBytes} bytes, not ${record.sizeBytes}`,
    );
  const isWhole = place === undefined || place.sizeBytes === record.sizeBytes;
  const bits = seen === undefined ? record.systemFlags : record.systemFlags & ~seenBit;
  const flags = systemFlags.filter(([bit]) => (bits & bit) !== 0).map(([, flag]) => flag);
  if (seen?.hasSeen(uid) === true) flags.push("\\Seen");
  const keywords = record.userFlags.map((bit) => {
    const name = flagNames[bit];
    if (name === undefined)
      addProblem(problems, "keywords", `cyrus.header has no name for keyword ${bit}`);
    return name === undefined ? `unknown-${bit}` : Buffer.from(name, "latin1").toString("utf8");
  });
  return {
    key: String(uid),
    path: place?.path ?? fileIn(path, `${uid}.`),
    uid,
    flags,
    keywords: keywords.sort(),
    internalDateNs: record.internalDateNs,
    sizeBytes: place?.sizeBytes ?? record.sizeBytes,
    // Cyrus stores every line end as CRLF.
    ...(isWhole ? { virtualSizeBytes: record.sizeBytes } : {}),
    ...(record.guid === undefined ? {} : { guid: record.guid }),
    modseq: record.modseq,
    ...(record.savedNs === undefined ? {} : { savedNs: record.savedNs }),
    isRecent: uid > (seen?.lastUid ?? index.header?.recentUid ?? uid),
  };
}

/**
 * Files without a record. Beside a sound index they are messages that are just arriving, or rests;
 * beside a damaged one they are all that is left of what it listed. The server gives a message's file
 * the time of its INTERNALDATE.
 */
function unexplained(
  files: MessageFiles,
  {
    listed,
    index,
    problems,
  }: Pick<Context, "index" | "problems"> & { readonly listed: ReadonlySet<number> },
): readonly StoredMessage[] {
  const messages: StoredMessage[] = [];
  for (const uid of files.uids()) {
    if (listed.has(uid)) continue;
    const place = files.get(uid);
    const isArriving = index.header !== undefined && uid > index.header.lastUid;
    if (place === undefined || (index.isWhole && isArriving)) continue;
    if (index.isWhole) {
      const what = `The file of UID ${uid} is there, and cyrus.index does not list it`;
      addProblem(problems, "index", what);
      continue;
    }
    addProblem(
      problems,
      "index",
      `UID ${uid} is listed because its file is there: its flags are lost, and it may have been expunged`,
    );
    messages.push({
      key: String(uid),
      path: place.path,
      uid,
      flags: [],
      keywords: [],
      internalDateNs: place.mtimeNs,
      sizeBytes: place.sizeBytes,
      isRecent: false,
    });
  }
  return messages;
}
