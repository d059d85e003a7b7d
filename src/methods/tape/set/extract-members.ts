import { createHash } from "node:crypto";
import { closeSync, constants, openSync, readSync, rmSync, writeSync } from "node:fs";
import { asError } from "#errors";
import { type ExtractRequest, type ExtractResult, type RawPath, rawPathToBytes } from "#image";
import type { MemberPlace } from "../format/index.ts";
import { tapeError } from "../tape-error.ts";

export type ExtractMembersOptions = {
  /** Throws where there is no such file. */
  readonly placeOf: (path: RawPath) => MemberPlace;
  /** Compares with the digest of the index. */
  readonly read: (path: RawPath) => AsyncIterable<Uint8Array>;
  readonly signal: AbortSignal | undefined;
};

type Placed = { readonly request: ExtractRequest; readonly place: MemberPlace };

/** Writes files in the order in which they lie on the tapes: each tape is read through once, in one direction. */
export async function* extractMembers(
  requests: Iterable<ExtractRequest>,
  { placeOf, read, signal }: ExtractMembersOptions,
): AsyncGenerator<ExtractResult, void, undefined> {
  const placed: Placed[] = [];
  for (const request of requests) {
    try {
      placed.push({ request, place: placeOf(request.path) });
    } catch (error) {
      yield { ...request, sizeBytes: 0, error: asError(error) };
    }
  }
  placed.sort(
    ({ place: a }, { place: b }) => a.part - b.part || a.file - b.file || a.offset - b.offset,
  );
  for (const { request } of placed) {
    signal?.throwIfAborted();
    yield await extractOne(request, { read, signal });
  }
}

const createFlags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

async function extractOne(
  request: ExtractRequest,
  { read, signal }: Omit<ExtractMembersOptions, "placeOf">,
): Promise<ExtractResult> {
  const target = rawPathToBytes(request.to);
  const hash = createHash("sha256");
  let sizeBytes = 0;
  let isOurs = false;
  try {
    const descriptor = openSync(target, createFlags, 0o600);
    isOurs = true;
    try {
      for await (const bytes of read(request.path)) {
        hash.update(bytes);
        for (let at = 0; at < bytes.length;)
          at += writeSync(descriptor, bytes, at, bytes.length - at);
        sizeBytes += bytes.length;
      }
      if (!digestOf(descriptor).equals(hash.digest())) throw notVerified();
    } finally {
      closeSync(descriptor);
    }
    return { ...request, sizeBytes };
  } catch (error) {
    if (isOurs) rmSync(target, { force: true });
    signal?.throwIfAborted();
    return { ...request, sizeBytes: 0, error: asError(error) };
  }
}

function digestOf(descriptor: number): Buffer {
  const hash = createHash("sha256");
  const piece = Buffer.allocUnsafeSlow(1024 * 1024);
  for (let at = 0; ;) {
    const got = readSync(descriptor, piece, 0, piece.length, at);
    if (got === 0) return hash.digest();
    hash.update(piece.subarray(0, got));
    at += got;
  }
}

function notVerified(): Error {
  return tapeError(
    "methods.tape-unreadable",
    "Cannot trust a file that was written from tape: it did not read back as it was written",
    { hint: "Check the disk that it was written to, and its system's log." },
  );
}
