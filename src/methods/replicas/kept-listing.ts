/*
 * What a replica holds, entry by entry, so that damage is found and named: gzip of lines of JSON,
 *
 *   [path, type, mode, uid, gid, size, mtime in ns, link target or "", SHA-256 or ""]
 *
 * in the order of a walk. Paths have one character per byte. The digest of the lines is in the
 * moment's record.
 */
import { createHash, type Hash } from "node:crypto";
import { closeSync, createReadStream, createWriteStream, fsyncSync, openSync } from "node:fs";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { systemErrorCode } from "#errors";
import {
  type Entry,
  type EntryType,
  entryTypes,
  type Image,
  type ImageProblem,
  joinRawPath,
  type RawName,
  type RawPath,
  rootPath,
  walkImage,
} from "#image";
import { openFolder, syncNames } from "./raw-files.ts";
import { damaged, reasonOf } from "./replica-error.ts";

export type KeptEntry = Pick<Entry, "type" | "mode" | "uid" | "gid" | "sizeBytes" | "mtimeNs"> & {
  readonly path: RawPath;
  readonly linkTarget: string;
  /** Of a file whose bytes were copied, hexadecimal; "" of any other. */
  readonly sha256: string;
};

export type ListingTotals = {
  /** SHA-256 of the lines, hexadecimal. */
  readonly digest: string;
  /** Names of plain files. */
  readonly files: number;
  /** Bytes in them; a file of several names counts for each. */
  readonly sizeBytes: number;
};

export function keptEntry(path: RawPath, entry: Entry, sha256: string): KeptEntry {
  const { type, mode, uid, gid, sizeBytes, mtimeNs, linkTarget = "" } = entry;
  // The size of a folder is the filesystem's own affair.
  const size = type === "file" ? sizeBytes : 0;
  return { path, type, mode, uid, gid, sizeBytes: size, mtimeNs, linkTarget, sha256 };
}

/** Every entry of an Image; the bytes are read only where hashes are wanted. */
export async function* walkKept(
  image: Image,
  options: {
    readonly hash: boolean;
    readonly signal?: AbortSignal | undefined;
    readonly onProblem?: (problem: ImageProblem) => void;
  },
): AsyncGenerator<KeptEntry, void, undefined> {
  const { hash, signal, onProblem } = options;
  const walk = {
    ...(signal === undefined ? {} : { signal }),
    ...(onProblem === undefined ? {} : { onProblem }),
  };
  for await (const { path, entry } of walkImage(image, rootPath, walk)) {
    const sha256 = hash && entry.type === "file" ? await hashOf(image, path, signal) : "";
    yield keptEntry(path, entry, sha256);
  }
}

async function hashOf(image: Image, path: RawPath, signal?: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of image.read(path, signal === undefined ? {} : { signal }))
    hash.update(piece);
  return hash.digest("hex");
}

/** Writes the listing durably under a name; what was written is the answer. */
export async function writeListing(
  folder: RawPath,
  name: RawName,
  entries: AsyncIterable<KeptEntry>,
): Promise<ListingTotals> {
  const tally = new Tally();
  using open = openFolder(folder);
  const path = `${open.place}/${name}`;
  async function* lines(): AsyncGenerator<string> {
    for await (const entry of entries) yield tally.add(entry);
  }
  await pipeline(
    Readable.from(lines()),
    createGzip({ level: 1 }),
    createWriteStream(path, { mode: 0o600, flags: "wx" }),
  );
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  syncNames(folder);
  return tally.totals();
}

/** The totals of a walk that is not written down. */
export async function tallyOf(entries: AsyncIterable<KeptEntry>): Promise<ListingTotals> {
  const tally = new Tally();
  for await (const entry of entries) tally.add(entry);
  return tally.totals();
}

class Tally {
  readonly #hash: Hash = createHash("sha256");
  #files = 0;
  #sizeBytes = 0;

  add(entry: KeptEntry): string {
    const line = `${JSON.stringify(fieldsOf(entry))}\n`;
    this.#hash.update(line);
    if (entry.type === "file") {
      this.#files++;
      this.#sizeBytes += entry.sizeBytes;
    }
    return line;
  }

  totals(): ListingTotals {
    return { digest: this.#hash.digest("hex"), files: this.#files, sizeBytes: this.#sizeBytes };
  }
}

function fieldsOf(entry: KeptEntry): readonly (string | number)[] {
  const { path, type, mode, uid, gid, sizeBytes, mtimeNs, linkTarget, sha256 } = entry;
  return [path, type, mode, uid, gid, sizeBytes, String(mtimeNs), linkTarget, sha256];
}

/**
 * The entries of a listing, in its order. Throws `methods.replica-damaged` where it cannot be read, or is
 * not, to its last line, what was written: what came before is void then.
 */
export async function* readListing(
  folder: RawPath,
  name: RawName,
  digest: string,
): AsyncGenerator<KeptEntry, void, undefined> {
  const path = joinRawPath(folder, name);
  const hash = createHash("sha256");
  using open = openFolder(folder);
  const file = createReadStream(`${open.place}/${name}`);
  const text = createGunzip();
  const pumped = pipeline(file, text);
  pumped.catch(() => undefined);
  try {
    for await (const line of createInterface({ input: text, crlfDelay: Infinity })) {
      hash.update(`${line}\n`);
      const entry = parseLine(line);
      if (entry === undefined) throw damaged(path, "a line of it is not as it was written");
      yield entry;
    }
    await pumped;
  } catch (error) {
    if (systemErrorCode(error) === undefined && !isZipError(error)) throw error;
    throw damaged(path, `the listing of what was kept cannot be read (${reasonOf(error)})`, error);
  } finally {
    file.destroy();
    text.destroy();
  }
  if (hash.digest("hex") !== digest)
    throw damaged(path, "the listing of what was kept is not as it was written");
}

function isZipError(error: unknown): boolean {
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  return typeof code === "string" && /^(?:Z_|ERR_STREAM)/.test(code);
}

function parseLine(line: string): KeptEntry | undefined {
  let fields: unknown;
  try {
    fields = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!Array.isArray(fields) || fields.length !== 9) return undefined;
  const [path, type, mode, uid, gid, sizeBytes, mtime, linkTarget, sha256] = fields as unknown[];
  const texts = [path, mtime, linkTarget, sha256];
  if (!texts.every((text) => typeof text === "string")) return undefined;
  if (![mode, uid, gid, sizeBytes].every((number) => Number.isSafeInteger(number)))
    return undefined;
  if (!entryTypes.includes(type as EntryType) || !/^-?\d{1,20}$/.test(mtime as string))
    return undefined;
  return {
    path: path as RawPath,
    type: type as EntryType,
    mode: mode as number,
    uid: uid as number,
    gid: gid as number,
    sizeBytes: sizeBytes as number,
    mtimeNs: BigInt(mtime as string),
    linkTarget: linkTarget as string,
    sha256: sha256 as string,
  };
}
