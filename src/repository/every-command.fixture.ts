/** Every command on one small repository, so that each may meet every fault. */
import type { Storage } from "#storage";
import {
  captureNodes,
  emptyTarget,
  filesOf,
  messages,
  reopen,
  startNs,
} from "./duplicate.fixture.ts";
import { contentsOf, copyOf, type PruneScene, sceneOf } from "./prune.fixture.ts";
import type { Snapshot } from "./repository.ts";

export type CommandScene = {
  readonly storage: Storage;
  /** Moments that no command here may lose, and what is in them. */
  readonly promised: ReadonlyMap<string, Record<string, string>>;
  /** One that `expire` removes. */
  readonly expired: Snapshot;
  /** One whose tags `release` changes. Its content is promised under whichever ID. */
  readonly tagged: Snapshot;
};

export type Command = {
  readonly name: string;
  /** Runs it with the storage given, which may fail; what it needs beside it does not. */
  readonly run: (storage: Storage, scene: CommandScene) => Promise<unknown>;
  /** Changes nothing but locks. */
  readonly isReader?: boolean;
  /** What is done to the repository before: it mends that, and until then not everything reads back. */
  readonly damage?: (storage: Storage) => Promise<void>;
};

/** Moments that share packs, packs of a forgotten moment, something for every command to do. */
export async function commandScene(): Promise<CommandScene> {
  const { storage, snapshots } = await sceneOf(
    messages(12),
    { ...messages(6), ...messages(6, 100) },
    messages(4, 104),
    messages(5, 50),
    messages(7, 200),
  );
  const [first, second, third, tagged, expired] = snapshots as [
    Snapshot,
    Snapshot,
    Snapshot,
    Snapshot,
    Snapshot,
  ];
  const promised = await contentsOf(storage, [second, third]);
  await using repository = await reopen(storage);
  await repository.removeSnapshots([first.id]);
  return { storage, promised, expired, tagged };
}

export async function branchOf(scene: CommandScene, command: Command): Promise<CommandScene> {
  const storage = await copyOf(scene.storage);
  await command.damage?.(storage);
  return { ...scene, storage };
}

const now = (): bigint => startNs;
/** What is sent: it is read, and no fault is its own. */
let otherScene: Promise<PruneScene> | undefined;

export const commands: readonly Command[] = [
  {
    name: "capture",
    async run(storage) {
      await using repository = await reopen(storage);
      return await captureNodes(repository, messages(9, 300), { second: 60 });
    },
  },
  {
    name: "expire",
    async run(storage, { expired }) {
      await using repository = await reopen(storage);
      const ids = (await repository.snapshots()).map(({ id }) => id);
      await repository.removeSnapshots(ids.filter((id) => id === expired.id));
    },
  },
  {
    name: "release",
    async run(storage, { tagged }) {
      await using repository = await reopen(storage);
      const all = await repository.snapshots();
      const found = all.find(({ id, original }) => id === tagged.id || original === tagged.id);
      if (found !== undefined) await repository.replaceTags(found, [...found.tags, "looked-at"]);
    },
  },
  {
    name: "prune",
    async run(storage) {
      await using repository = await reopen(storage);
      return await repository.prune({ now, maxUnusedShare: 0 });
    },
  },
  {
    name: "duplicate from",
    isReader: true,
    async run(storage) {
      await using from = await reopen(storage);
      await using to = await reopen(await emptyTarget());
      return await from.duplicateTo(to, { snapshots: await from.snapshots(), now });
    },
  },
  {
    name: "duplicate to",
    async run(storage) {
      await using from = await reopen((await (otherScene ??= sceneOf(messages(10, 400)))).storage);
      await using to = await reopen(storage);
      return await from.duplicateTo(to, { snapshots: await from.snapshots(), now });
    },
  },
  {
    name: "repair",
    // One index file is lost, another is damaged.
    async damage(storage) {
      const [lost, damaged] = (await filesOf(storage, "index")) as [string, string];
      await storage.remove({ type: "index", name: lost });
      const bytes = await storage.load({ type: "index", name: damaged });
      await storage.remove({ type: "index", name: damaged });
      const flipped = bytes.with(40, 1 ^ (bytes[40] as number));
      await storage.save({ type: "index", name: damaged }, [flipped]);
    },
    async run(storage) {
      await using repository = await reopen(storage);
      return await repository.repair({ approve: async () => true, now, workers: 0 });
    },
  },
  {
    name: "verify",
    isReader: true,
    async run(storage) {
      await using repository = await reopen(storage);
      // A file that storage will never give is damage, and a finding.
      return await repository.verify({ readData: true });
    },
  },
];
