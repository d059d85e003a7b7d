/**
 * Whether every promised moment can be recovered: snapshots → trees → blobs → packs; with
 * `readData` every byte of every pack as well. Findings are reported, all of them; nothing stops
 * at the first.
 */
import { describeError, isRecoveryError } from "#errors";
import { BlobIndex } from "./blob-index.ts";
import { openBlob } from "./blob-reader.ts";
import { openCompressor } from "./compression.ts";
import { openOrThrow, sha256Hex } from "./crypto.ts";
import { listIndexIds } from "./load-index.ts";
import { takeLock, underLock } from "./lock.ts";
import { headerLengthBytes, parsePackHeader } from "./pack-format.ts";
import { type ParsedIndex, parseIndex } from "./parsed-index.ts";
import { entryOfNode, parseTree } from "./parse-tree.ts";
import type { RepositoryCore } from "./repository-core.ts";
import type { Snapshot, VerifyFinding, VerifyOptions, VerifyReport } from "./repository.ts";
import { loadSnapshot } from "./snapshot-file.ts";
import { loadUnpacked } from "./unpacked-file.ts";
import { systemClock } from "#time";
import { displayPath, type RawName } from "#image";

type Verification = {
  readonly core: RepositoryCore;
  readonly options: VerifyOptions;
  readonly findings: VerifyFinding[];
  /** Blobs known to be unreadable, as latin1 IDs. */
  readonly badBlobs: Set<string>;
  bytesRead: number;
};

export async function verifyRepository(
  core: RepositoryCore,
  options: VerifyOptions,
): Promise<VerifyReport> {
  const optional = options.signal === undefined ? {} : { signal: options.signal };
  // A shared lock keeps a prune away while what it would remove is being looked for.
  const lock = await takeLock(core.context, { exclusive: false, now: systemClock(), ...optional });
  return underLock(lock, () => verifyLocked(core, options));
}

async function verifyLocked(core: RepositoryCore, options: VerifyOptions): Promise<VerifyReport> {
  const run: Verification = { core, options, findings: [], badBlobs: new Set(), bytesRead: 0 };
  const snapshots = await loadAllSnapshots(run);
  const index = await loadAllIndexes(run);
  const packs = await comparePacks(run, index);
  if (options.readData === true) await readPacks(run, { index, packs });
  await walkTrees(run, { index, snapshots });
  return {
    snapshots: snapshots.length,
    packs: packs.size,
    blobs: index.length,
    bytesRead: run.bytesRead,
    findings: run.findings,
  };
}

function signalOf(run: Verification): { signal?: AbortSignal } {
  return run.options.signal === undefined ? {} : { signal: run.options.signal };
}

async function loadAllSnapshots(run: Verification): Promise<readonly Snapshot[]> {
  const snapshots: Snapshot[] = [];
  for await (const { name } of run.core.context.storage.list("snapshot", signalOf(run))) {
    try {
      snapshots.push(await loadSnapshot(run.core.context, name, run.options.signal));
    } catch (error) {
      report(run, error, { code: "snapshot-damaged", severity: "error", file: name });
    }
  }
  return snapshots;
}

// Not through the cache: what lies in storage is what is verified.
async function loadAllIndexes(run: Verification): Promise<BlobIndex> {
  const { core } = run;
  const parts: ParsedIndex[] = [];
  const timesNamed = new Map<string, number>();
  for (const name of await listIndexIds({
    context: core.context,
    cache: core.cache,
    ...signalOf(run),
  })) {
    try {
      const part = parseIndex(
        await loadUnpacked(core.context, "index", { name, ...signalOf(run) }),
        name,
      );
      parts.push(part);
      for (const packId of new Set(part.packs))
        timesNamed.set(packId, (timesNamed.get(packId) ?? 0) + 1);
    } catch (error) {
      report(run, error, { code: "index-damaged", severity: "error", file: name });
    }
  }
  for (const [packId, times] of timesNamed) {
    if (times === 1) continue;
    const message = `Pack ${packId.slice(0, 8)} is named by ${times} index files: left by an interrupted run, it only costs time`;
    run.findings.push({
      code: "pack-in-several-indexes",
      severity: "warning",
      file: packId,
      message,
    });
  }
  return new BlobIndex(parts);
}

function report(
  run: Verification,
  error: unknown,
  finding: Omit<VerifyFinding, "message"> & { readonly message?: string },
): void {
  run.options.signal?.throwIfAborted();
  // Storage that does not answer is no damage: it ends the verification.
  if (!isRecoveryError(error) || (error.retryable && error.code.startsWith("storage.")))
    throw error;
  run.findings.push({ message: describeError(error).split("\n", 1)[0] as string, ...finding });
}

/** Packs in storage by name with their size; what the index says of others is a finding. */
async function comparePacks(
  run: Verification,
  index: BlobIndex,
): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>();
  for await (const { name, sizeBytes } of run.core.context.storage.list("data", signalOf(run)))
    sizes.set(name, sizeBytes);
  const ends = new Map<string, number>();
  for (let blob = 0; blob < index.length; blob++) {
    const { packId, offset, lengthBytes } = index.location(blob);
    ends.set(packId, Math.max(ends.get(packId) ?? 0, offset + lengthBytes));
  }
  for (const [packId, end] of ends) {
    const size = sizes.get(packId);
    if (size === undefined) {
      run.findings.push({
        code: "pack-missing",
        severity: "error",
        file: packId,
        message: `Pack ${packId.slice(0, 8)} is missing from storage`,
      });
    } else if (size < end) {
      run.findings.push({
        code: "pack-damaged",
        severity: "error",
        file: packId,
        message: `Pack ${packId.slice(0, 8)} has ${size} bytes and should have more than ${end}`,
      });
    }
  }
  for (const packId of sizes.keys()) {
    if (ends.has(packId)) continue;
    run.findings.push({
      code: "pack-unreferenced",
      severity: "warning",
      file: packId,
      message: `Pack ${packId.slice(0, 8)} is in no index: left by an interrupted run, it only takes up space`,
    });
  }
  markBlobs(run, { index, isBad: (packId, end) => (sizes.get(packId) ?? 0) < end });
  return sizes;
}

function markBlobs(
  run: Verification,
  {
    index,
    isBad,
  }: { readonly index: BlobIndex; readonly isBad: (packId: string, end: number) => boolean },
): void {
  for (let blob = 0; blob < index.length; blob++) {
    const { packId, offset, lengthBytes } = index.location(blob);
    if (isBad(packId, offset + lengthBytes)) run.badBlobs.add(keyOf(index.idOf(blob)));
  }
}

function keyOf(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString("latin1");
}

async function readPacks(
  run: Verification,
  { index, packs }: { readonly index: BlobIndex; readonly packs: ReadonlyMap<string, number> },
): Promise<void> {
  const blobsOfPack = groupByPack(index);
  let done = 0;
  for (const [packId, blobs] of blobsOfPack) {
    run.options.signal?.throwIfAborted();
    // Each blob once, though several index files may name it.
    const distinct = [
      ...new Map(blobs.map((blob) => [index.location(blob).offset, blob])).values(),
    ];
    if (packs.has(packId)) await readPack(run, { packId, blobs: distinct, index });
    run.options.onProgress?.({ done: ++done, total: blobsOfPack.size, bytes: run.bytesRead });
  }
}

function groupByPack(index: BlobIndex): ReadonlyMap<string, number[]> {
  const blobsOfPack = new Map<string, number[]>();
  for (let blob = 0; blob < index.length; blob++) {
    const { packId } = index.location(blob);
    const blobs = blobsOfPack.get(packId);
    if (blobs === undefined) blobsOfPack.set(packId, [blob]);
    else blobs.push(blob);
  }
  return blobsOfPack;
}

async function readPack(
  run: Verification,
  {
    packId,
    blobs,
    index,
  }: { readonly packId: string; readonly blobs: readonly number[]; readonly index: BlobIndex },
): Promise<void> {
  const { storage, sealer } = run.core.context;
  const name = packId.slice(0, 8);
  let bytes: Uint8Array;
  try {
    bytes = await storage.load({ type: "data", name: packId }, signalOf(run));
  } catch (error) {
    report(run, error, { code: "pack-damaged", severity: "error", file: packId });
    return;
  }
  run.bytesRead += bytes.length;
  if (sha256Hex(bytes) !== packId) {
    run.findings.push({
      code: "pack-damaged",
      severity: "error",
      file: packId,
      message: `Pack ${name}: its bytes do not match its name`,
    });
  }
  verifyHeader(run, { packId, bytes, blobs: blobs.length });
  const compressor = openCompressor();
  for (const blob of blobs) {
    const location = index.location(blob);
    const id = index.idOf(blob);
    try {
      const sealed = bytes.subarray(location.offset, location.offset + location.lengthBytes);
      openBlob(sealed, { id, location, sealer, compressor });
    } catch (error) {
      run.badBlobs.add(keyOf(id));
      report(run, error, { code: "blob-damaged", severity: "error", file: packId });
    }
  }
}

function verifyHeader(
  run: Verification,
  {
    packId,
    bytes,
    blobs,
  }: { readonly packId: string; readonly bytes: Uint8Array; readonly blobs: number },
): void {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const length = view.readUInt32LE(view.length - headerLengthBytes);
    const sealed = view.subarray(
      view.length - headerLengthBytes - length,
      view.length - headerLengthBytes,
    );
    const header = openOrThrow(
      run.core.context.sealer,
      sealed,
      `header of pack ${packId.slice(0, 8)}`,
    );
    if (parsePackHeader(header, packId).length === blobs) return;
    run.findings.push({
      code: "pack-damaged",
      severity: "warning",
      file: packId,
      message: `Pack ${packId.slice(0, 8)}: its header lists other blobs than the index`,
    });
  } catch (error) {
    if (error instanceof RangeError) {
      run.findings.push({
        code: "pack-damaged",
        severity: "error",
        file: packId,
        message: `Pack ${packId.slice(0, 8)} is too short to be one`,
      });
    } else report(run, error, { code: "pack-damaged", severity: "error", file: packId });
  }
}

/** Every tree once; the first path on which a lack is met names it. */
async function walkTrees(
  run: Verification,
  { index, snapshots }: { readonly index: BlobIndex; readonly snapshots: readonly Snapshot[] },
): Promise<void> {
  const seen = new Set<string>();
  const compressor = openCompressor();
  const stack = snapshots.map((snapshot) => ({
    tree: snapshot.tree,
    path: "",
    snapshot: snapshot.id,
  }));
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    run.options.signal?.throwIfAborted();
    const { tree, path, snapshot } = next;
    if (seen.has(tree)) continue;
    seen.add(tree);
    const where = { file: snapshot, path: path === "" ? "/" : path };
    const id = Buffer.from(tree, "hex");
    const location = index.lookup(id, "tree");
    if (location === undefined) {
      run.findings.push({
        code: "blob-missing",
        severity: "error",
        ...where,
        message: `Folder "${where.path}" of moment ${snapshot.slice(0, 8)} is lost: its tree is in no index`,
      });
      continue;
    }
    try {
      const { packId: name, offset, lengthBytes } = location;
      const sealed = await run.core.context.storage.load(
        { type: "data", name },
        { offset, lengthBytes, ...signalOf(run) },
      );
      const nodes = parseTree(
        openBlob(sealed, { id, location, sealer: run.core.context.sealer, compressor }),
        tree,
      );
      for (const node of nodes) {
        const name = displayPath((entryOfNode(node)?.name ?? node.quotedName) as RawName);
        const inner = `${path}/${name}`;
        if (node.subtree !== undefined) stack.push({ tree: node.subtree, path: inner, snapshot });
        verifyContent(run, {
          content: node.content ?? [],
          index,
          where: { file: snapshot, path: inner },
        });
      }
    } catch (error) {
      report(run, error, { code: "tree-damaged", severity: "error", ...where });
    }
  }
}

function verifyContent(
  run: Verification,
  {
    content,
    index,
    where,
  }: {
    readonly content: readonly string[];
    readonly index: BlobIndex;
    readonly where: { readonly file: string; readonly path: string };
  },
): void {
  for (const hex of content) {
    const id = Buffer.from(hex, "hex");
    const isMissing = !index.has(id, "data");
    if (!isMissing && !run.badBlobs.has(keyOf(id))) continue;
    const state = isMissing ? "a part of it is in no index" : "a part of it cannot be read";
    run.findings.push({
      code: "blob-missing",
      severity: "error",
      ...where,
      message: `File "${where.path}" of moment ${where.file.slice(0, 8)} is lost: ${state}`,
    });
    return;
  }
}
