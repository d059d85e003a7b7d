import { createHash, type Hash } from "node:crypto";
import { closeSync, constants, fsyncSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import {
  type ExtractRequest,
  type ExtractResult,
  type Image,
  type RawPath,
  rawPathToBytes,
} from "#image";
import { RestoreError } from "./restore-error.ts";

const createFlags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const pieceBytes = 1024 * 1024;
const piece = Buffer.allocUnsafeSlow(pieceBytes);

/** Writes files and reads every one back: by the image's own fast way where it has one. */
export async function* writeFiles(
  image: Image,
  requests: Iterable<ExtractRequest>,
  signal?: AbortSignal,
): AsyncGenerator<ExtractResult, void, undefined> {
  if (image.extract !== undefined) {
    yield* image.extract(requests, signal);
    return;
  }
  for (const request of requests) {
    signal?.throwIfAborted();
    yield await writeOne(image, request, signal);
  }
}

async function writeOne(
  image: Image,
  { path, to }: ExtractRequest,
  signal: AbortSignal | undefined,
): Promise<ExtractResult> {
  const hash = createHash("sha256");
  let sizeBytes = 0;
  let isVerified = false;
  try {
    const descriptor = openSync(rawPathToBytes(to), createFlags, 0o600);
    try {
      for await (const bytes of image.read(path, signal === undefined ? {} : { signal })) {
        hash.update(bytes);
        for (let at = 0; at < bytes.length;)
          at += writeSync(descriptor, bytes, at, bytes.length - at);
        sizeBytes += bytes.length;
      }
      isVerified = digestOf(descriptor).equals(hash.digest());
    } finally {
      closeSync(descriptor);
    }
    if (!isVerified) {
      throw new RestoreError(
        "restore.not-verified",
        "Cannot trust a restored file: it did not read back as it was written",
        {
          hint: "Check the disk and the system's log, then run the restore again.",
        },
      );
    }
    return { path, to, sizeBytes };
  } catch (error) {
    rmSync(rawPathToBytes(to), { force: true });
    if (signal?.aborted === true) throw error;
    return {
      path,
      to,
      sizeBytes,
      error: error instanceof Error ? error : new Error(String(error)),
    };
  }
}

export function digestOfFile(path: RawPath): Buffer {
  const descriptor = openSync(rawPathToBytes(path), constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    return digestOf(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function digestOf(descriptor: number): Buffer {
  const hash: Hash = createHash("sha256");
  for (let position = 0; ;) {
    const got = readSync(descriptor, piece, 0, pieceBytes, position);
    if (got === 0) return hash.digest();
    hash.update(piece.subarray(0, got));
    position += got;
  }
}

export function syncPath(path: RawPath): void {
  const descriptor = openSync(rawPathToBytes(path), constants.O_RDONLY);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
