import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { constants, zstdCompressSync } from "node:zlib";
import { systemErrorCode } from "#errors";
import {
  displayPath,
  type Image,
  isImageError,
  joinRawPath,
  openDirectoryImage,
  rawParent,
  type RawPath,
  rawPathFromText,
  rawPathToBytes,
} from "#image";
import { CliError } from "../cli-error.ts";
import type { Surroundings } from "../terminal.ts";
import type { Run } from "./figure.ts";
import { bytesFromDisk, shareFromDisk } from "./page-cache.ts";
import { type SampleFile, slicesOf } from "./sample.ts";
import type { TimeBudget } from "./time-budget.ts";

/** The sample as it was read, and as it lies in the work folder now. */
export type ReadSample = {
  readonly folder: RawPath;
  /** SHA-256 of each file's bytes as they were read, by its path in the store. */
  readonly files: ReadonlyMap<RawPath, string>;
  readonly bytes: number;
  /** Files that were chosen and could not be had as they were. One sentence each. */
  readonly missing: readonly string[];
  /** Reading stopped because its time was over. */
  readonly isCut: boolean;
  /** Over parts of the sample: the store itself is read once. */
  readonly read: readonly Run[];
  readonly hash: readonly Run[];
  readonly compress: readonly Run[];
  /** Of what was read; undefined where the system does not say. */
  readonly shareFromDisk: number | undefined;
};

export type ReadSampleOptions = {
  /** The mail store, absolute. */
  readonly store: string;
  readonly files: readonly SampleFile[];
  /** A folder that is not there yet, absolute: files are laid out in it under their own paths. */
  readonly folder: string;
  readonly parts: number;
  readonly budget: TimeBudget;
  readonly isOver: () => boolean;
  readonly clockMs: Surroundings["clockMs"];
  readonly onProgress: (done: { readonly files: number; readonly bytes: number }) => void;
};

/** Mail is compressed in pieces of this size, so that it is the rate that is measured and not the starting. */
const pieceBytes = 1024 ** 2;
/** As the repository compresses. */
const compression = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/** Reads the sample once, hashes and compresses it with one core, and lays it out in the work folder. */
export async function readSample(options: ReadSampleOptions): Promise<ReadSample> {
  const reading: Reading = {
    ...options,
    root: rawPathFromText(options.folder),
    made: new Set(),
    hashes: new Map(),
    missing: [],
    laidOutBytes: 0,
    filesDone: 0,
  };
  makeFolder(reading, reading.root);
  const runs: Part[] = [];
  const before = bytesFromDisk();
  let isCut = false;
  await using image = await openDirectoryImage(rawPathFromText(options.store));
  for (const files of slicesOf(options.files, options.parts)) {
    const part = newPart();
    isCut = await readPart(image, { files, part, reading });
    runs.push(part);
    if (isCut) break;
  }
  return {
    folder: reading.root,
    files: reading.hashes,
    bytes: reading.laidOutBytes,
    missing: reading.missing,
    isCut,
    read: runs.map(({ bytes, readMs }) => ({ bytes, ms: readMs })),
    hash: runs.map(({ bytes, hashMs }) => ({ bytes, ms: hashMs })),
    compress: runs.map(({ compressedBytes, compressMs }) => ({
      bytes: compressedBytes,
      ms: compressMs,
    })),
    shareFromDisk: shareFromDisk(
      before,
      runs.reduce((total, { bytes }) => total + bytes, 0),
    ),
  };
}

type Reading = ReadSampleOptions & {
  readonly root: RawPath;
  readonly made: Set<RawPath>;
  readonly hashes: Map<RawPath, string>;
  readonly missing: string[];
  laidOutBytes: number;
  filesDone: number;
};

type Part = {
  bytes: number;
  readMs: number;
  hashMs: number;
  compressedBytes: number;
  compressMs: number;
  readonly waiting: Uint8Array[];
  waitingBytes: number;
};

function newPart(): Part {
  return {
    bytes: 0,
    readMs: 0,
    hashMs: 0,
    compressedBytes: 0,
    compressMs: 0,
    waiting: [],
    waitingBytes: 0,
  };
}

/** Returns whether the time was over. */
async function readPart(
  image: Image,
  {
    files,
    part,
    reading,
  }: {
    readonly files: readonly SampleFile[];
    readonly part: Part;
    readonly reading: Reading;
  },
): Promise<boolean> {
  for (const file of files) {
    if (reading.isOver()) {
      reading.budget.throwIfInterrupted();
      return true;
    }
    await readOne(image, { file, part, reading });
    reading.onProgress({ files: ++reading.filesDone, bytes: reading.laidOutBytes });
  }
  compressWaiting(part, reading.clockMs);
  return false;
}

async function readOne(
  image: Image,
  {
    file,
    part,
    reading,
  }: { readonly file: SampleFile; readonly part: Part; readonly reading: Reading },
): Promise<void> {
  const { clockMs } = reading;
  const startedMs = clockMs();
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of image.read(file.path, { lengthBytes: file.takeBytes }))
      pieces.push(piece);
  } catch (error) {
    if (!isImageError(error)) throw error;
    reading.missing.push(`${error.message}.`);
    return;
  }
  const readMs = clockMs();
  const hash = createHash("sha256");
  let bytes = 0;
  for (const piece of pieces) {
    hash.update(piece);
    bytes += piece.length;
  }
  const digest = hash.digest("hex");
  part.readMs += readMs - startedMs;
  part.hashMs += clockMs() - readMs;
  part.bytes += bytes;
  if (!layOut(file.path, pieces, reading)) return;
  reading.hashes.set(file.path, digest);
  reading.laidOutBytes += bytes;
  part.waiting.push(...pieces);
  part.waitingBytes += bytes;
  if (part.waitingBytes >= pieceBytes) compressWaiting(part, clockMs);
}

function compressWaiting(part: Part, clockMs: () => number): void {
  if (part.waitingBytes === 0) return;
  const bytes = Buffer.concat(part.waiting);
  const startedMs = clockMs();
  zstdCompressSync(bytes, compression);
  part.compressMs += clockMs() - startedMs;
  part.compressedBytes += bytes.length;
  part.waiting.length = 0;
  part.waitingBytes = 0;
}

/** Under its own path, bytes of the name included. False where that path cannot be made here. */
function layOut(path: RawPath, pieces: readonly Uint8Array[], reading: Reading): boolean {
  const to = joinRawPath(reading.root, path);
  try {
    makeFolder(reading, rawParent(to));
    writeFileSync(rawPathToBytes(to), Buffer.concat(pieces), { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOSPC" || code === "EDQUOT") throw noRoom(reading.folder, error);
    if (code === undefined) throw error;
    reading.missing.push(`"${displayPath(path)}" cannot be laid out in the work folder: ${code}.`);
    return false;
  }
}

function makeFolder({ made }: Reading, folder: RawPath): void {
  if (made.has(folder)) return;
  mkdirSync(rawPathToBytes(folder), { recursive: true, mode: 0o700 });
  made.add(folder);
}

/** What is wrong when the work folder is full, found before or meanwhile. */
export function noRoom(folder: string, cause?: unknown): CliError {
  return new CliError(
    "cli.no-room",
    `Cannot measure in ${displayPath(rawPathFromText(folder))}: there is too little room`,
    { hint: "Choose a smaller --sample, or another folder with --work.", cause },
  );
}
