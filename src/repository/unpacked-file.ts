/**
 * Files that stand alone: index, snapshot, lock, config, key (restic design: Unpacked Data Format).
 *
 *   version 2: first byte 0x02, then zstd(JSON); readers accept raw JSON ("{" or "[") too
 *   version 1 and `config`: raw JSON
 *   all encrypted as a whole; the file's name is the sha256 of the ciphertext
 */
import type { FileType, Storage } from "#storage";
import type { LockWait } from "./repository.ts";
import { decompressUnbounded, oneShotCompressor } from "./compression.ts";
import { type Sealer, openOrThrow, sha256Hex } from "./crypto.ts";
import { RepositoryError, selfCheckFailed } from "./repository-error.ts";

/** An index of 50,000 blobs is about 10 MB; this bounds a hostile one. */
const limitBytes = 1 << 30;

export type UnpackedContext = {
  readonly storage: Storage;
  readonly sealer: Sealer;
  readonly version: 1 | 2;
  /** How long a lock is waited for; without it a lock that is in the way is an error at once. */
  readonly lockWait?: LockWait | undefined;
};

const optional = (signal: AbortSignal | undefined): { signal?: AbortSignal } =>
  signal === undefined ? {} : { signal };

export type SealedFile = { readonly name: string; readonly bytes: Uint8Array };

/** A file as it will be stored, under the name it will have. */
export function sealUnpacked(
  context: UnpackedContext,
  type: FileType,
  json: Uint8Array,
): SealedFile {
  const bytes = context.sealer.seal(encodeUnpacked(json, context.version));
  // The bytes about to be stored are read back the way a reader will: what cannot be read must not be written.
  const again = decodeUnpacked(openOrThrow(context.sealer, bytes, type), type);
  if (!Buffer.from(again.buffer, again.byteOffset, again.byteLength).equals(json)) {
    throw selfCheckFailed(type);
  }
  return { name: sha256Hex(bytes), bytes };
}

export async function saveUnpacked(
  context: UnpackedContext,
  type: Exclude<FileType, "data" | "config" | "key">,
  options: { readonly json: Uint8Array; readonly signal?: AbortSignal },
): Promise<string> {
  const { name, bytes } = sealUnpacked(context, type, options.json);
  try {
    await context.storage.save({ type, name }, [bytes], optional(options.signal));
  } catch (error) {
    // A part of it, on storage that is not atomic, would be an index or a moment that is damaged; the whole
    // of it, where only the answer was lost, something that was said not to be there.
    await context.storage.remove({ type, name }).catch(() => undefined);
    throw error;
  }
  return name;
}

export async function loadUnpacked(
  context: UnpackedContext,
  type: Exclude<FileType, "data" | "config">,
  options: { readonly name: string; readonly signal?: AbortSignal },
): Promise<Uint8Array> {
  const sealed = await context.storage.load({ type, name: options.name }, optional(options.signal));
  const what = `${type} ${options.name.slice(0, 8)}`;
  if (sha256Hex(sealed) !== options.name) {
    throw new RepositoryError(
      "repository.damaged",
      `Cannot read ${what}: its bytes do not match its name`,
      {
        hint: "Restore the file from another copy of the repository, or run `restante verify` to see what is affected.",
      },
    );
  }
  return decodeUnpacked(openOrThrow(context.sealer, sealed, what), what);
}

export function encodeUnpacked(json: Uint8Array, version: 1 | 2): Uint8Array {
  if (version === 1) return json;
  return Buffer.concat([Uint8Array.of(2), oneShotCompressor().compress(json)]);
}

export function decodeUnpacked(bytes: Uint8Array, what: string): Uint8Array {
  const first = bytes[0];
  if (first === 0x7b || first === 0x5b) return bytes;
  if (first === 2) return decompressUnbounded(bytes.subarray(1), what, limitBytes);
  throw new RepositoryError(
    "repository.unsupported",
    `Cannot read ${what}: it is in an encoding (${first ?? "empty"}) this version does not know`,
    { hint: "Use a newer Restante or restic for this repository." },
  );
}

/** JSON of a file as a value. The text is bounded by limitBytes; a file that is not JSON is damage. */
export function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8"),
    );
  } catch (cause) {
    throw new RepositoryError("repository.damaged", `Cannot read ${what}: it is not JSON`, {
      hint: "Run `restante verify` to see what is affected.",
      cause,
    });
  }
}
