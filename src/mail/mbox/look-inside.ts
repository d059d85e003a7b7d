import {
  type Entry,
  type Image,
  isImageError,
  joinRawPath,
  type Listing,
  type RawPath,
} from "#image";
import {
  damagedHeadBytes,
  looksLikeDamagedMbox,
  looksLikeMbox,
  mboxHeadBytes,
} from "./looks-like-mbox.ts";

/** The plain files of a folder, by what they are. */
export type MboxFiles = {
  readonly mboxes: readonly Entry[];
  /** The beginning is destroyed, and From_ lines come later. Looked for beside mboxes only. */
  readonly damaged: readonly Entry[];
  /** A mailbox without messages, or nothing. */
  readonly empty: readonly Entry[];
  readonly unreadable: readonly Entry[];
  /** How many are something else. */
  readonly others: number;
};

/** So many files of a folder are looked into; where none is an mbox, the folder is taken for something else. */
const sampleFiles = 64;
/** What mail programs, servers and locks leave beside mailboxes, and what is compressed. */
const notMail = /^\.|^dovecot|\.(?:lock|lck|msf|cache|index|log|dat|tmp|gz|bz2|xz|zst)$|[~#]$/i;
/** "From a Thu Nov 29 22:33 2001" and a line end. */
const leastBytes = 27;

export type LookInsideOptions = {
  readonly listing: Listing;
  readonly signal: AbortSignal | undefined;
};

/** Reads the first bytes of the files of a folder, of a large one first of a few. */
export async function looksInside(
  image: Image,
  path: RawPath,
  { listing, signal }: LookInsideOptions,
): Promise<MboxFiles> {
  const empty: Entry[] = [];
  const candidates: Entry[] = [];
  let tooSmall = 0;
  for (let index = 0; index < listing.length; index++) {
    const entry = listing.entry(index);
    if (entry.type !== "file" || notMail.test(entry.name)) continue;
    if (entry.sizeBytes === 0) empty.push(entry);
    else if (entry.sizeBytes < leastBytes) tooSmall += 1;
    else candidates.push(entry);
  }
  const none = { mboxes: [], damaged: [], unreadable: [], empty };
  const reader = { image, path, signal };
  if (candidates.length > sampleFiles) {
    const stride = candidates.length / sampleFiles;
    const sample = Array.from(
      { length: sampleFiles },
      (_, index) => candidates[Math.floor(index * stride)] as Entry,
    );
    if ((await sort(sample, reader)).mboxes.length === 0)
      return { ...none, others: candidates.length + tooSmall };
  }
  const { mboxes, unreadable, others } = await sort(candidates, reader);
  const damaged: Entry[] = [];
  for (const entry of mboxes.length > 0 ? others : []) {
    const head = await headOf(entry, reader, damagedHeadBytes);
    if (head !== undefined && looksLikeDamagedMbox(head)) damaged.push(entry);
  }
  return { mboxes, damaged, empty, unreadable, others: others.length - damaged.length + tooSmall };
}

type Reader = {
  readonly image: Image;
  readonly path: RawPath;
  readonly signal: AbortSignal | undefined;
};

async function sort(
  entries: readonly Entry[],
  reader: Reader,
): Promise<{ mboxes: Entry[]; unreadable: Entry[]; others: Entry[] }> {
  const sorted = { mboxes: [] as Entry[], unreadable: [] as Entry[], others: [] as Entry[] };
  for (const entry of entries) {
    const head = await headOf(entry, reader, mboxHeadBytes);
    if (head === undefined) sorted.unreadable.push(entry);
    else if (looksLikeMbox(head)) sorted.mboxes.push(entry);
    else sorted.others.push(entry);
  }
  return sorted;
}

async function headOf(
  entry: Entry,
  { image, path, signal }: Reader,
  lengthBytes: number,
): Promise<Uint8Array | undefined> {
  signal?.throwIfAborted();
  const range = { lengthBytes, ...(signal === undefined ? {} : { signal }) };
  try {
    return Buffer.concat(
      await Array.fromAsync(image.read(joinRawPath(path, entry.name), range), (piece) =>
        Uint8Array.from(piece),
      ),
    );
  } catch (error) {
    if (!isImageError(error)) throw error;
    return undefined;
  }
}
