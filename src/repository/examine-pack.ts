/** What can be had of one pack that is suspected to be damaged, whoever tells what is in it. */
import { isRecoveryError } from "#errors";
import { openCompressor } from "./compression.ts";
import { sha256Hex } from "./crypto.ts";
import { blobKey, holdsBlob, type PackOpener, readPackHeader } from "./pack-check.ts";
import type { PackedBlob } from "./pack-format.ts";
import type { RepositoryCore } from "./repository-core.ts";

export type ExaminedPack = {
  readonly packId: string;
  /** As it was written: its header tells all that is in it. */
  readonly isSound: boolean;
  /** Of a damaged one, in plain words. */
  readonly state: string;
  /** Undefined where it cannot be read. */
  readonly header: readonly PackedBlob[] | undefined;
  /** Blobs that can be read, by the index or by the header. */
  readonly good: readonly PackedBlob[];
  readonly bad: readonly PackedBlob[];
  /** Its bytes could be had; otherwise single blobs at most. */
  readonly isLoaded: boolean;
};

export type ExamineOptions = {
  readonly packId: string;
  /** What index files say of it. */
  readonly indexed: readonly PackedBlob[];
  readonly signal?: AbortSignal | undefined;
};

export async function examinePack(
  core: RepositoryCore,
  { packId, indexed, signal }: ExamineOptions,
): Promise<ExaminedPack> {
  const opener: PackOpener = { sealer: core.context.sealer, compressor: openCompressor() };
  const file = { type: "data", name: packId } as const;
  const optional = signal === undefined ? {} : { signal };
  let bytes: Uint8Array;
  try {
    bytes = await core.context.storage.load(file, optional);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    const { good, bad } = await byRanges(core, { packId, indexed, opener, signal });
    return {
      packId,
      isSound: false,
      state: "it cannot be read as a whole",
      header: undefined,
      good,
      bad,
      isLoaded: false,
    };
  }
  const header = readPackHeader(bytes, { packId, sealer: opener.sealer });
  const inHeader = new Map((header ?? []).map((blob) => [blobKey(blob), blob]));
  const candidates = new Map([
    ...indexed.map((blob) => [blobKey(blob), blob] as const),
    ...inHeader,
  ]);
  const good: PackedBlob[] = [];
  const bad: PackedBlob[] = [];
  for (const blob of candidates.values()) (holdsBlob(bytes, blob, opener) ? good : bad).push(blob);
  const isNamedRight = sha256Hex(bytes) === packId;
  const badInHeader = bad.filter((blob) => inHeader.has(blobKey(blob))).length;
  const state =
    bytes.length === 0
      ? "it is empty"
      : header === undefined
        ? "its header cannot be read"
        : !isNamedRight
          ? "its bytes do not match its name"
          : `${badInHeader} of its pieces cannot be read`;
  const isSound = isNamedRight && header !== undefined && badInHeader === 0;
  return { packId, isSound, state, header, good, bad, isLoaded: true };
}

/** The disk does not give the bytes. What may pass by itself, and what permissions deny, is no damage. */
function isUnreadable(error: unknown): boolean {
  if (!isRecoveryError(error) || error.retryable) return false;
  return error.code === "storage.failed" || error.code === "storage.truncated";
}

async function byRanges(
  core: RepositoryCore,
  { packId: name, indexed, opener, signal }: ExamineOptions & { readonly opener: PackOpener },
): Promise<Pick<ExaminedPack, "good" | "bad">> {
  const good: PackedBlob[] = [];
  const bad: PackedBlob[] = [];
  for (const blob of indexed) {
    const { offset, lengthBytes } = blob;
    const range = { offset, lengthBytes, ...(signal === undefined ? {} : { signal }) };
    try {
      const sealed = await core.context.storage.load({ type: "data", name }, range);
      (holdsBlob(sealed, { ...blob, offset: 0 }, opener) ? good : bad).push(blob);
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      bad.push(blob);
    }
  }
  return { good, bad };
}
