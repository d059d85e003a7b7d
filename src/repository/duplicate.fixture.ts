/** Two repositories with different keys, and a mail store in memory that is captured into the first. */
import assert from "node:assert/strict";
import { memoryImage, type MemoryNodes, readAll, type RawPath, rootPath, walkImage } from "#image";
import { faultyStorage, type FaultyStorageOptions, type Storage } from "#storage";
import type { DuplicateOptions, DuplicateResult } from "./duplicate-result.ts";
import { loadIndex } from "./load-index.ts";
import { openRepository } from "./open-repository.ts";
import type { BlobType } from "./pack-format.ts";
import { coreOf, type HasCore, type RepositoryCore } from "./repository-core.ts";
import type { Repository, Snapshot } from "./repository.ts";
import { pseudoRandom, quickRepository } from "./repository.fixture.ts";

const password = "geheim";
export const startNs = 1_700_000_000_000_000_000n;

export type DuplicateScene = {
  readonly fromStorage: Storage;
  readonly toStorage: Storage;
  readonly from: Repository;
  readonly to: Repository;
};

export async function duplicateScene(): Promise<DuplicateScene> {
  const fromStorage = await quickRepository(password, { location: "/site1" });
  const toStorage = await emptyTarget();
  const from = await openRepository(fromStorage, { password });
  return { fromStorage, toStorage, from, to: await openRepository(toStorage, { password }) };
}

/** Another key, another ID, another polynomial. */
export async function emptyTarget(location = "/site2"): Promise<Storage> {
  const config = `{"version":VERSION,"id":"${"cd".repeat(32)}","chunker_polynomial":"25b468838dcb75"}`;
  return await quickRepository(password, { config, seed: 2, location });
}

export async function openFaulty(
  storage: Storage,
  options: FaultyStorageOptions,
): Promise<Repository> {
  return await openRepository(faultyStorage(storage, options), { password });
}

export async function reopen(storage: Storage): Promise<Repository> {
  return await openRepository(storage, { password });
}

/** A moment of the store "/mail", `second` seconds after the first. */
export async function captureNodes(
  repository: Repository,
  nodes: MemoryNodes,
  { second = 0, group = "mx1/all" }: { readonly second?: number; readonly group?: string } = {},
): Promise<Snapshot> {
  await using image = memoryImage(nodes, {});
  const now = (): bigint => startNs + BigInt(second) * 1_000_000_000n;
  const path = "/mail" as RawPath;
  const options = { path, group, hostname: "mx1", workers: 0, now };
  return (await repository.capture(image, options)).snapshot;
}

/** So many messages, each with a body of its own; `from` is the number of the first. */
export function messages(count: number, from = 0): MemoryNodes {
  return Object.fromEntries(
    Array.from({ length: count }, (_, at) => [
      `${(from + at) % 3 === 0 ? "new" : "cur"}/${from + at}.M1.mx1`,
      `From: a${from + at}@example.test\n\n${pseudoRandom(2000 + at, 100 + from + at).toString("base64")}\n`,
    ]),
  );
}

export async function duplicate(
  from: Repository,
  to: Repository,
  options: Partial<DuplicateOptions> = {},
): Promise<DuplicateResult> {
  const snapshots = options.snapshots ?? (await from.snapshots());
  return await from.duplicateTo(to, { now: () => startNs, ...options, snapshots });
}

/** Path → text of a moment, every byte read. */
export async function contentOf(
  repository: Repository,
  snapshot: Snapshot,
): Promise<Record<string, string>> {
  await using image = await repository.image(snapshot);
  const content: Record<string, string> = {};
  for await (const { path, entry } of walkImage(image, rootPath)) {
    if (entry.type === "file") content[path] = Buffer.from(await readAll(image, path)).toString();
  }
  assert.deepEqual(image.problems, []);
  return content;
}

export async function filesOf(
  storage: Storage,
  type: "data" | "index" | "snapshot" | "lock",
): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of storage.list(type)) names.push(name);
  return names;
}

export function coreOfRepository(repository: Repository): RepositoryCore {
  return (repository as unknown as HasCore)[coreOf]();
}

/** Flips a bit of one blob where it lies, found by its content's ID. */
export async function damageBlob(
  storage: Storage,
  { id, type }: { readonly id: Uint8Array; readonly type: BlobType },
): Promise<void> {
  const { context, cache } = coreOfRepository(await reopen(storage));
  const { index } = await loadIndex({ context, cache });
  const location = index.lookup(id, type);
  assert.ok(location !== undefined);
  const at = location.offset + 20;
  await replaceFile(storage, { type: "data", name: location.packId }, (bytes) =>
    bytes.with(at, (bytes[at] as number) ^ 1),
  );
}

/** Puts other bytes in a file's place. */
export async function replaceFile(
  storage: Storage,
  file: { readonly type: "data" | "snapshot"; readonly name: string },
  change: (bytes: Uint8Array) => Uint8Array,
): Promise<void> {
  const bytes = await storage.load(file);
  await storage.remove(file);
  await storage.save(file, [change(bytes)]);
}
