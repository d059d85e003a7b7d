/** What the tests of clones and deltas share. */
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  truncateSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CopyGround, CopyLoss } from "../../copies/copy.contract.ts";
import {
  displayPath,
  type Image,
  joinRawPath,
  openDirectoryImage,
  type RawName,
  rawPathFromText,
  type RawPath,
} from "#image";
import { copyImage } from "./copy-image.ts";
import type { ReplicaMethod, ReplicaMethodOptions } from "./rotate-replicas.ts";

const scratch = existsSync("/dev/shm") ? "/dev/shm" : realpathSync(tmpdir());

/** A folder of its own; replicas in it may be immutable. */
export function scratchFolder(parent: string = scratch): Disposable & { readonly folder: string } {
  const folder = mkdtempSync(join(parent, "restante-replicas-"));
  return { folder, [Symbol.dispose]: () => removeAll(folder) };
}

export function removeAll(folder: string): void {
  unlock(folder);
  rmSync(folder, { recursive: true, force: true });
}

/** Takes away what keeps even root from writing: the immutable attribute, read-only subvolumes. */
export function unlock(path: string): void {
  if (process.geteuid?.() !== 0 || !existsSync(path)) return;
  spawnSync("chattr", ["-R", "-f", "-i", path]);
  setReadOnly(path, false);
}

function setReadOnly(path: string, isReadOnly: boolean): void {
  for (const name of readdirSync(path, { recursive: true, encoding: "utf8" }))
    if (name === "frozen" || name.endsWith("/frozen"))
      spawnSync("btrfs", ["property", "set", "-ts", join(path, name), "ro", String(isReadOnly)]);
}

/** Damage that no filesystem property tells: it is done below what keeps people from writing. */
export function damage(path: string, work: () => void): void {
  unlock(path);
  work();
  setReadOnly(path, true);
}

export const replicaLosses: readonly string[] = [
  "the copy is deleted",
  "a moment is removed",
  "a file of a moment is cut short",
  "a file of a moment is gone",
  "the record of a moment is damaged",
];

export function lossesOf(folder: string): readonly CopyLoss[] {
  const moment = (id: string): string => join(folder, id);
  const file = (id: string, path: RawPath): string => join(rootOf(join(moment(id), "store")), path);
  return [
    {
      name: replicaLosses[0] as string,
      lose: () => removeAll(folder),
      code: "methods.replica-folder",
      names: () => folder,
      leaves: "nothing",
    },
    {
      name: replicaLosses[1] as string,
      lose: ({ id }) => removeAll(moment(id)),
      code: "methods.moment-gone",
      names: ({ id }) => id,
      leaves: "other moments",
    },
    {
      name: replicaLosses[2] as string,
      lose: ({ id }, path) => {
        damage(moment(id), () => truncateSync(file(id, path), 3));
      },
      code: "image.unreadable",
      names: (_point, path) => displayPath(path),
      leaves: "other files",
    },
    {
      name: replicaLosses[3] as string,
      lose: ({ id }, path) => {
        damage(moment(id), () => rmSync(file(id, path)));
      },
      code: "problem.vanished",
      names: (_point, path) => displayPath(path),
      leaves: "other files",
    },
    {
      name: replicaLosses[4] as string,
      lose: ({ id }) => truncateSync(join(moment(id), "moment.json"), 20),
      code: "methods.replica-damaged",
      names: ({ id }) => id,
      leaves: "other moments",
    },
  ];
}

/** Of a snapshot the store lies below its container, where its record says. */
function rootOf(store: string): string {
  const record = join(store, "restante-snapshot.json");
  if (!existsSync(record)) return store;
  return join(store, (JSON.parse(readFileSync(record, "utf8")) as { readonly root: string }).root);
}

export type MakeMethod = (options: ReplicaMethodOptions) => ReplicaMethod;

export type ReplicaGround = CopyGround & {
  readonly folder: string;
  readonly method: ReplicaMethod;
};

export async function replicaGround(
  make: MakeMethod,
  options: {
    readonly init: (folder: RawPath) => Promise<void>;
    /** The filesystem. */
    readonly parent?: string;
    /** Write each Image into a folder beside the replicas first, so that its blocks can be shared. */
    readonly staged?: boolean;
  },
): Promise<ReplicaGround> {
  const place = scratchFolder(options.parent);
  const folder = join(place.folder, "replicas");
  mkdirSync(folder, { mode: 0o700 });
  await options.init(rawPathFromText(folder));
  const method = make({
    folder: rawPathFromText(folder),
    name: "here",
    rotation: { count: 100, windowMs: 86_400_000 },
    path: "/var/mail",
    hostname: "mx1",
  });
  let staged = 0;
  return {
    folder,
    method,
    copy: method.copy,
    losses: lossesOf(folder),
    protect: async (image, group) => {
      if (options.staged !== true) return (await method.take(image, { group })).point;
      await using still = await stage(image, join(place.folder, `store-${++staged}`));
      return (await method.take(still, { group })).point;
    },
    [Symbol.asyncDispose]: async () => place[Symbol.dispose](),
  };
}

/** The same as a folder that stands still. */
export async function stage(image: Image, folder: string): Promise<Image> {
  const to = rawPathFromText(folder);
  for await (const _ of copyImage(image, { to, share: false, onProblem: () => undefined }))
    continue;
  return await openDirectoryImage(to, { consistency: "crash" });
}

export function pathIn(folder: string, name: string): RawPath {
  return joinRawPath(rawPathFromText(folder), name as RawName);
}
