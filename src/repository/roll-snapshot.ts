/**
 * One snapshot that goes on: what its forerunners hold and new files beside it, in folders one level
 * deep. Trees of folders that nothing comes to are taken over as they are, so that it costs as much as
 * what is new. The lock spans from the listing of snapshots and index to the snapshot's write.
 */
import type { Entry, RawName } from "#image";
import { type Means, openMeans } from "./capture-means.ts";
import { type Lock, takeLock, underLock } from "./lock.ts";
import { listSnapshots } from "./list-snapshots.ts";
import { ownTag, tagOf, tagPrefixes } from "./manifest.ts";
import { ownUser } from "./process-identity.ts";
import { programVersion } from "./program-version.ts";
import { blobMissing } from "./missing-blob.ts";
import type { RepositoryCore } from "./repository-core.ts";
import type { RolledFile, RollOptions, RollResult, Snapshot } from "./repository.ts";
import { saveMoment } from "./save-moment.ts";
import { encodeNode, encodeTree, type NodeRecord, nodeRecordOf } from "./tree.ts";
import { nameOfNode, type TreeReader, treeReader } from "./walk-losses.ts";

type Nodes = Map<RawName, NodeRecord>;

export async function rollSnapshot(
  core: RepositoryCore,
  options: RollOptions,
): Promise<RollResult> {
  const { now, signal } = options;
  const optional = signal === undefined ? {} : { signal };
  const lock = await takeLock(core.context, { exclusive: false, now, ...optional });
  return await underLock(lock, async () => await rollUnder(lock, core, options));
}

async function rollUnder(
  lock: Lock,
  core: RepositoryCore,
  options: RollOptions,
): Promise<RollResult> {
  const { now, tags, drops = () => false } = options;
  const optional = options.signal === undefined ? {} : { signal: options.signal };
  const all = await listSnapshots(core, { ...optional, onDamaged: () => undefined });
  const before = all
    .filter((snapshot) => tags.every((tag) => snapshot.tags.includes(tag)))
    .toSorted((a, b) => sequenceOf(a) - sequenceOf(b));
  const means = openMeans({
    core,
    options: { now, workers: 0, ...optional },
    locking: Promise.resolve(lock),
  });
  try {
    const roll = new Roll(core, { means, options });
    const folders = await roll.merge(before);
    for (const name of folders.keys()) if (drops(name)) folders.delete(name);
    await roll.add(folders);
    const newest = before.at(-1);
    if (folders.size === 0 && newest === undefined)
      return { replaced: [], bytesAdded: 0, bytesStored: 0 };
    const tree = await roll.top(folders);
    if (newest?.tree === tree)
      return { snapshot: newest, replaced: idsOf(before, newest), bytesAdded: 0, bytesStored: 0 };
    const { store, saver, signal } = means;
    await store.flush();
    await saver.finish();
    const fields = { tree, before, endNs: now() };
    const snapshot = await saveMoment(core, fieldsOf(fields, options), { lock, now, signal });
    const { addedBytes: bytesAdded, storedBytes: bytesStored } = store.totals();
    return { snapshot, replaced: idsOf(before, snapshot), bytesAdded, bytesStored };
  } catch (error) {
    await means.saver.salvage();
    throw means.signal.aborted && means.signal.reason instanceof Error
      ? means.signal.reason
      : error;
  } finally {
    await means.store.close();
  }
}

class Roll {
  readonly #means: Means;
  readonly #options: RollOptions;
  readonly #read: TreeReader;

  constructor(
    core: RepositoryCore,
    { means, options }: { readonly means: Means; readonly options: RollOptions },
  ) {
    this.#means = means;
    this.#options = options;
    this.#read = treeReader(core, means.signal);
  }

  /** The folders of all of them, newest last: two are there where a run ended before it removed one. */
  async merge(snapshots: readonly Snapshot[]): Promise<Nodes> {
    const folders: Nodes = new Map();
    for (const { tree } of snapshots) {
      for (const [name, node] of await this.#foldersIn(tree)) {
        const known = folders.get(name);
        if (known === undefined || known.subtree === node.subtree) folders.set(name, node);
        else {
          const files = await this.#nodes(known.subtree);
          for (const [file, own] of await this.#nodes(node.subtree)) files.set(file, own);
          folders.set(name, await this.#folder(name, files));
        }
      }
    }
    return folders;
  }

  async add(folders: Nodes): Promise<void> {
    const byFolder = Map.groupBy(this.#options.files, ({ folder }) => folder);
    for (const [name, added] of byFolder) {
      const files = await this.#nodes(folders.get(name)?.subtree);
      for (const file of added) files.set(file.name, await this.#store(file));
      folders.set(name, await this.#folder(name, files));
    }
  }

  /** The ID of the tree of a snapshot with these folders. */
  async top(folders: Nodes): Promise<string> {
    let tree = await this.#tree(folders);
    for (const name of namesOf(this.#options.path).toReversed()) {
      const node = nodeRecordOf(entryOf(name as RawName, "directory"), { subtree: tree });
      tree = await this.#tree(new Map([[name as RawName, node]]));
    }
    return tree;
  }

  async #foldersIn(tree: string): Promise<Nodes> {
    let nodes = await this.#nodes(tree);
    for (const name of namesOf(this.#options.path))
      nodes = await this.#nodes(nodes.get(name as RawName)?.subtree);
    return nodes;
  }

  async #store(file: RolledFile): Promise<NodeRecord> {
    const { name, mtimeNs } = file;
    const { ids, sizeBytes } = await this.#means.store.addParts(file.parts());
    const hex = Buffer.from(ids).toString("hex");
    const blobs = hex.match(/.{64}/g) ?? [];
    return nodeRecordOf(
      { ...entryOf(name, "file"), sizeBytes, mtimeNs, ctimeNs: mtimeNs },
      { blobs },
    );
  }

  async #folder(name: RawName, files: Nodes): Promise<NodeRecord> {
    return nodeRecordOf(entryOf(name, "directory"), { subtree: await this.#tree(files) });
  }

  async #tree(nodes: Nodes): Promise<string> {
    const sorted = [...nodes].toSorted(([a], [b]) => (a < b ? -1 : 1));
    const bytes = encodeTree(sorted.map(([, node]) => encodeNode(node)));
    return Buffer.from(await this.#means.store.addBlob(bytes, "tree")).toString("hex");
  }

  /** Those of a tree; none where there is no tree. */
  async #nodes(tree: string | undefined): Promise<Nodes> {
    if (tree === undefined) return new Map();
    const { index } = await this.#means.loadIndex();
    const location = index.lookup(Buffer.from(tree, "hex"), "tree");
    if (location === undefined) throw blobMissing(Buffer.from(tree, "hex"), "tree");
    return new Map((await this.#read(tree, location)).map((node) => [nameOfNode(node), node]));
  }
}

function fieldsOf(
  {
    tree,
    before,
    endNs,
  }: {
    readonly tree: string;
    readonly before: readonly Snapshot[];
    readonly endNs: bigint;
  },
  { hostname, path, tags }: RollOptions,
): Omit<Snapshot, "id"> {
  const parent = before.at(-1);
  const sequence = before.reduce((most, snapshot) => Math.max(most, sequenceOf(snapshot)), 0) + 1;
  return {
    // The clock may have been set back: what goes by time must not take it for the older one.
    timeNs: parent !== undefined && parent.timeNs >= endNs ? parent.timeNs + 1n : endNs,
    ...(parent === undefined ? {} : { parent: parent.id }),
    tree,
    paths: [path],
    hostname,
    ...ownUser(),
    excludes: [],
    tags: [ownTag, ...tags, `${tagPrefixes.sequence}${sequence}`],
    programVersion,
  };
}

function sequenceOf({ tags }: Snapshot): number {
  const sequence = Number(tagOf(tags, tagPrefixes.sequence) ?? 0);
  return Number.isSafeInteger(sequence) ? sequence : 0;
}

function idsOf(snapshots: readonly Snapshot[], kept: Snapshot): readonly string[] {
  return snapshots.map(({ id }) => id).filter((id) => id !== kept.id);
}

function namesOf(path: string): readonly string[] {
  return path.split("/").filter((name) => name !== "");
}

/** For nobody but its owner; the same in every snapshot, so that trees are the same. */
function entryOf(name: RawName, type: "file" | "directory"): Entry {
  const mode = type === "file" ? 0o600 : 0o700;
  const times = { mtimeNs: 0n, ctimeNs: 0n, inode: 0n, deviceId: 0n };
  return { name, type, mode, uid: 0, gid: 0, sizeBytes: 0, links: 1, ...times };
}
