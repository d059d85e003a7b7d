/** What the tests of extracting share: blobs put into packs at will, and folders to extract into. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { type ExtractResult, type RawPath, rawPathFromText } from "#image";
import { oneShotCompressor } from "./compression.ts";
import { encryptionOverheadBytes, sha256, sha256Hex } from "./crypto.ts";
import { type FoundFile, extractFiles } from "./extract.ts";
import { noCache } from "./local-cache.ts";
import { type IndexedPack, encodeIndex } from "./parsed-index.ts";
import type { PackedBlob } from "./pack-format.ts";
import type { RepositoryCore } from "./repository-core.ts";
import { openBlobReader } from "./blob-reader.ts";
import { fixedKey, memoryContext } from "./repository.fixture.ts";
import { saveUnpacked } from "./unpacked-file.ts";

export type Bench = {
  readonly core: RepositoryCore;
  /** Stores blobs as one pack; returns its name. */
  addPack(blobs: readonly Uint8Array[]): Promise<string>;
  /** Writes an index file of packs added so far; returns its name. */
  addIndex(packs?: readonly string[]): Promise<string>;
};

export async function openBench(): Promise<Bench> {
  const context = await memoryContext();
  const compressor = oneShotCompressor();
  const packs: IndexedPack[] = [];
  return {
    core: {
      id: "bench",
      context,
      masterKey: fixedKey(),
      polynomial: 0x3da3358b4dc173n,
      cache: noCache,
    },
    async addPack(blobs) {
      const sealed: Uint8Array[] = [];
      const packed: PackedBlob[] = [];
      let offset = 0;
      for (const [n, bytes] of blobs.entries()) {
        // Every third as it is: restic stores so what does not compress.
        const isCompressed = n % 3 !== 2;
        const stored = isCompressed ? compressor.compress(bytes) : bytes;
        sealed.push(context.sealer.seal(stored));
        const lengthBytes = stored.length + encryptionOverheadBytes;
        const rawLengthBytes = isCompressed ? bytes.length : 0;
        packed.push({ id: sha256(bytes), type: "data", offset, lengthBytes, rawLengthBytes });
        offset += lengthBytes;
      }
      const packId = sha256Hex(Buffer.concat(sealed));
      await context.storage.save({ type: "data", name: packId }, sealed);
      packs.push({ packId, blobs: packed });
      return packId;
    },
    async addIndex(names) {
      const some = packs.filter(({ packId }) => names === undefined || names.includes(packId));
      return saveUnpacked(context, "index", { json: encodeIndex(some) });
    },
  };
}

export type ExtractAll = {
  readonly files: readonly FoundFile[];
  readonly workers: number;
  readonly signal?: AbortSignal;
  /** Called after the index was loaded and before anything is read. */
  readonly afterOpen?: () => Promise<void>;
};

export async function extractAll(
  { core }: Bench,
  { files, workers, signal, afterOpen }: ExtractAll,
): Promise<ReadonlyMap<string, ExtractResult>> {
  const reader = await openBlobReader(core);
  await afterOpen?.();
  const results = new Map<string, ExtractResult>();
  const optional = signal === undefined ? {} : { signal };
  for await (const result of extractFiles({
    core,
    reader,
    files: inTurn(files),
    workers,
    ...optional,
  })) {
    results.set(result.path, result);
  }
  return results;
}

export async function* inTurn<T>(values: readonly T[]): AsyncGenerator<T, void, undefined> {
  yield* values;
}

export function file(folder: string, name: string, blobs: readonly Uint8Array[]): FoundFile {
  const to = rawPathFromText(join(folder, name));
  const ids = Buffer.concat(blobs.map((bytes) => sha256(bytes)));
  return { request: { path: name as RawPath, to }, ids };
}

/** A folder that is gone after the test. */
export function temporaryFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "restante-extract-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function namesIn(folder: string): readonly string[] {
  return readdirSync(folder).toSorted();
}
