/** Ways in which a small sound repository is damaged on disk, each as a disk, a person or a program would. */
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Snapshot } from "#repository";
// Damage that has a valid signature needs the repository's key, which the door does not give.
import { BlobWriter } from "../../src/repository/blob-writer.ts";
import { sha256 } from "../../src/repository/crypto.ts";
import { allocateKnownBlobs } from "../../src/repository/known-blobs.ts";
import { PackSaver } from "../../src/repository/pack-saver.ts";
import { coreOf, type HasCore, type RepositoryCore } from "../../src/repository/repository-core.ts";
import { loadUnpacked, saveUnpacked } from "../../src/repository/unpacked-file.ts";
import type { Site } from "./recovery-site.ts";

export type IndexJson = {
  packs: {
    id: string;
    blobs: { id: string; type: "data" | "tree"; offset: number; length: number }[];
  }[];
};

/** Paths of all files of a folder of the repository, the largest first. */
export function pathsIn(site: Site, folder: string): string[] {
  const top = join(site.repository, folder);
  return readdirSync(top, { recursive: true, encoding: "utf8" })
    .map((name) => join(top, name))
    .filter((path) => statSync(path).isFile())
    .toSorted((a, b) => statSync(b).size - statSync(a).size);
}

export function change(path: string, by: (bytes: Buffer) => Uint8Array): void {
  chmodSync(path, 0o600);
  writeFileSync(path, by(readFileSync(path)));
}

export function flip(path: string, at: (length: number) => number): void {
  change(path, (bytes) => {
    const offset = at(bytes.length);
    bytes[offset] = (bytes[offset] as number) ^ 0x10;
    return bytes;
  });
}

export function cut(path: string, at: (length: number) => number): void {
  change(path, (bytes) => bytes.subarray(0, at(bytes.length)));
}

export function folderInstead(path: string): void {
  rmSync(path);
  mkdirSync(path);
}

export async function withCore<Result>(
  site: Site,
  work: (core: RepositoryCore) => Promise<Result>,
): Promise<Result> {
  await using repository = await site.open();
  return await work((repository as unknown as HasCore)[coreOf]());
}

/** What the newest index file says, and puts something else in its place. */
export async function rewriteIndex(
  site: Site,
  name: string,
  by: (json: IndexJson) => unknown,
): Promise<void> {
  await withCore(site, async ({ context }) => {
    const json = JSON.parse(
      Buffer.from(await loadUnpacked(context, "index", { name })).toString(),
    ) as IndexJson;
    const changed = Buffer.from(JSON.stringify(by(json)));
    await saveUnpacked(context, "index", { json: changed });
    await context.storage.remove({ type: "index", name });
  });
}

/** The n-th blob of the pack of a type. */
export function blobOf(
  { packs }: IndexJson,
  { type, at }: { readonly type: "data" | "tree"; readonly at: number },
): IndexJson["packs"][number]["blobs"][number] {
  const found = packs.find(({ blobs }) => blobs[0]?.type === type)?.blobs[at];
  if (found === undefined) throw new Error(`no such ${type} blob`);
  return found;
}

/** The pack with the most blobs of a type, and what an index says of it. */
export async function packOf(
  site: Site,
  type: "data" | "tree",
): Promise<IndexJson["packs"][number] & { readonly path: string; readonly indexName: string }> {
  return await withCore(site, async ({ context }) => {
    const found: (IndexJson["packs"][number] & { indexName: string })[] = [];
    for await (const { name } of context.storage.list("index")) {
      const json = JSON.parse(
        Buffer.from(await loadUnpacked(context, "index", { name })).toString(),
      ) as IndexJson;
      for (const pack of json.packs)
        if (pack.blobs[0]?.type === type) found.push({ ...pack, indexName: name });
    }
    const [most] = found.toSorted((a, b) => b.blobs.length - a.blobs.length);
    if (most === undefined) throw new Error(`no pack of ${type} blobs`);
    return { ...most, path: join(site.repository, "data", most.id.slice(0, 2), most.id) };
  });
}

/** A snapshot like another, of a tree that the test makes: as a program with a bug would write it. */
export async function foreignSnapshot(
  site: Site,
  tree: (store: (bytes: Uint8Array, type: "data" | "tree") => string) => string,
  extra: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const like = await newest(site);
  return await withCore(site, async ({ context, masterKey }) => {
    const saver = new PackSaver({
      context,
      signal: new AbortController().signal,
      onIndex: async () => undefined,
      confirmLock: async () => undefined,
    });
    const writer = new BlobWriter({
      masterKey,
      version: 2,
      knownBlobs: allocateKnownBlobs(0),
      onPack: (pack) => void saver.take(pack),
    });
    const id = tree((bytes, type) => {
      const blob = sha256(bytes);
      writer.store(bytes, { id: blob, type });
      return blob.toString("hex");
    });
    writer.flush();
    await saver.finish();
    const { hostname, paths } = like;
    const time = new Date(Number(like.timeNs / 1_000_000n) - 3_600_000).toISOString();
    const json = { time, tree: id, paths, hostname, tags: ["foreign"], ...extra };
    return await saveUnpacked(context, "snapshot", { json: Buffer.from(JSON.stringify(json)) });
  });
}

async function newest(site: Site): Promise<Snapshot> {
  await using repository = await site.open();
  return (await repository.snapshots()).at(-1) as Snapshot;
}

/** Seals a file that says nothing of use, under its right name. */
export async function saveSealed(
  site: Site,
  type: "lock" | "snapshot" | "index",
  text: string,
): Promise<string> {
  return await withCore(site, async ({ context }) =>
    saveUnpacked(context, type, { json: Buffer.from(text) }),
  );
}

export function rename(from: string, to: string): void {
  renameSync(from, to);
}
