import {
  listIfThere,
  type Entry,
  isImageError,
  joinRawPath,
  type Listing,
  type RawName,
  type RawPath,
} from "#image";
import { addProblem, type MailProblem } from "../mail-problem.ts";
import { byUid, type StoredMessage, type StoredMessages } from "../mail-store.ts";
import { complainOf, type DboxAccountFiles, indexPrefix } from "./dbox-account-files.ts";
import { shortGuid, usualFileHeader } from "./dbox-format.ts";
import { plainSize, readFileHeader, readRecord } from "./dbox-record.ts";
import { FileWindow } from "./file-window.ts";
import { inOrder } from "./in-order.ts";
import { readMailIndex, type ReadIndex } from "./index/read-mail-index.ts";
import { type Placement, placementOf, unlisted } from "./stored-flags.ts";

/** Most messages whole; of larger ones the start and the end. */
const readAheadBytes = 16 * 1024;

type Found = { readonly path: RawPath; readonly entry: Entry };

/**
 * The messages of one sdbox mailbox: those that its index lists, each in a file `u.<UID>`. Files that
 * the index does not know yet are there too; where it is damaged or lost, all are, without flags.
 */
export async function readSdboxMessages(
  files: DboxAccountFiles,
  folder: RawPath,
  signal?: AbortSignal,
): Promise<StoredMessages> {
  const problems: MailProblem[] = [];
  const found = await findFiles(files, { folder, problems, signal });
  const read = await readMailIndex(files.image, {
    folder: files.indexFolder(folder),
    prefix: indexPrefix,
    problems,
    signal,
  });
  if (read.isMissing && found.size > 0)
    addProblem(
      problems,
      "index",
      "There is no index; flags, keywords and dates of change are lost",
    );
  if (read.failure !== undefined && found.size === 0) throw read.failure;
  const wanted: { readonly file: Found; readonly placement: Placement }[] = [];
  const listed = new Set<number>();
  let areMissing = false;
  for (const row of read.index.messages()) {
    listed.add(row.uid);
    const file = found.get(row.uid);
    if (file === undefined) {
      areMissing = true;
      addProblem(
        problems,
        "damaged",
        `The index lists message ${row.uid}, and u.${row.uid} is not there`,
      );
    } else wanted.push({ file, placement: placementOf(read.index, row) });
  }
  for (const [uid, file] of found)
    if (
      !listed.has(uid) &&
      isKept(uid, { ...read, isDamaged: read.isDamaged || areMissing }, problems)
    )
      wanted.push({ file, placement: { ...unlisted, uid } });
  const messages = await inOrder(wanted, ({ file, placement }) =>
    readMessage(files, { file, placement, problems, signal }),
  );
  return { messages: messages.filter((message) => message !== undefined).sort(byUid), problems };
}

/** Whether a file that the index does not list is a message all the same. */
function isKept(
  uid: number,
  { index, isMissing, isDamaged }: ReadIndex,
  problems: MailProblem[],
): boolean {
  if (isMissing) return true;
  if (isDamaged) {
    addProblem(problems, "index", `u.${uid} is there, and the damaged index does not list it`);
    return true;
  }
  const isNewer = uid >= index.header.nextUid;
  const state = isNewer ? "does not list it yet" : "says that it was expunged";
  addProblem(problems, "index", `u.${uid} is there, and the index ${state}`);
  return isNewer;
}

type Search = {
  readonly folder: RawPath;
  readonly problems: MailProblem[];
  readonly signal: AbortSignal | undefined;
};

/** UID → file, in ALT storage too; the one in its first place counts. */
async function findFiles(
  files: DboxAccountFiles,
  search: Search,
): Promise<ReadonlyMap<number, Found>> {
  const { folder, problems, signal } = search;
  const found = new Map<number, Found>();
  const take = (listing: Listing, path: RawPath): void => {
    complainOf(listing, problems);
    for (const entry of listing) {
      const uid = uidOf(entry.name);
      if (uid === undefined || found.has(uid)) continue;
      if (entry.type === "file") found.set(uid, { path: joinRawPath(path, entry.name), entry });
      else addProblem(problems, "not-a-message", `${JSON.stringify(entry.name)} is not a file`);
    }
  };
  take(await files.image.list(folder, signal), folder);
  const alt = await files.altFolder(folder);
  const altListing = alt === undefined ? undefined : await listIfThere(files.image, alt, signal);
  if (alt !== undefined && altListing !== undefined) take(altListing, alt);
  return found;
}

function uidOf(name: RawName): number | undefined {
  if (!/^u\.[1-9][0-9]{0,9}$/.test(name)) return undefined;
  const uid = Number(name.slice(2));
  return uid <= 0xffff_ffff ? uid : undefined;
}

async function readMessage(
  { image }: DboxAccountFiles,
  options: {
    readonly file: Found;
    readonly placement: Placement;
    readonly problems: MailProblem[];
    readonly signal: AbortSignal | undefined;
  },
): Promise<StoredMessage | undefined> {
  const { file, placement, problems, signal } = options;
  const complain = (state: string): undefined => {
    addProblem(problems, "damaged", `Message ${placement.uid}: ${state}`);
    return undefined;
  };
  signal?.throwIfAborted();
  const known = { key: file.path, path: file.path, ...placement };
  const { mtimeNs } = file.entry;
  try {
    const window = new FileWindow(image, file.path, { readAheadBytes, signal });
    await window.bytes(0, Math.min(file.entry.sizeBytes, readAheadBytes));
    const header = await readFileHeader(window);
    if (header === undefined) complain("its file does not start as a dbox file does");
    const result = await readRecord(
      window,
      (header ?? usualFileHeader).lengthBytes,
      header ?? usualFileHeader,
    );
    if ("record" in result) {
      const { receivedSeconds, virtualSizeBytes, guid } = result.record.metadata;
      return {
        ...known,
        internalDateNs:
          receivedSeconds === undefined ? mtimeNs : BigInt(receivedSeconds) * 1_000_000_000n,
        sizeBytes: plainSize(result.record),
        ...(virtualSizeBytes === undefined ? {} : { virtualSizeBytes }),
        ...(guid === undefined ? {} : { guid: shortGuid(guid) }),
      };
    }
    complain(result.damage);
    // It is listed, so that it is not taken for deleted; reading it says that it is damaged.
    if (result.cut === undefined) return undefined;
    return { ...known, internalDateNs: mtimeNs, sizeBytes: result.cut.bodyBytes };
  } catch (error) {
    if (!isImageError(error)) throw error;
    return complain(error.message);
  }
}
