import { after } from "node:test";
import { btrfsSnapshots } from "./btrfs-snapshot.ts";
import {
  demand,
  loopFilesystem,
  type LoopFilesystem,
  type LoopKind,
  loopSkip,
} from "./loop-filesystem.fixture.ts";
import { plainCopies } from "./plain-copy.ts";
import { reflinkCopies } from "./reflink-copy.ts";
import { snapshotContract } from "./snapshot-provider.contract.ts";
import { ground } from "./snapshots.fixture.ts";

const mounted = new Map<LoopKind, LoopFilesystem>();
after(() => {
  for (const filesystem of mounted.values()) filesystem[Symbol.dispose]();
});

function on(kind: LoopKind): string {
  const filesystem = mounted.get(kind) ?? loopFilesystem(kind);
  mounted.set(kind, filesystem);
  return filesystem.folder;
}

const makeSubvolume = (path: string): void => void demand("btrfs", ["subvolume", "create", path]);

snapshotContract("a plain copy in a temporary folder", {
  makeGround: () => ground(),
  makeProvider: plainCopies,
  skip: false,
});

for (const kind of ["ext4", "xfs", "btrfs"] as const) {
  snapshotContract(`a plain copy on ${kind}`, {
    makeGround: () => ground(on(kind)),
    makeProvider: plainCopies,
    skip: loopSkip(kind),
  });
}

for (const kind of ["xfs", "btrfs"] as const) {
  snapshotContract(`a reflink copy on ${kind}`, {
    makeGround: () => ground(on(kind)),
    makeProvider: reflinkCopies,
    skip: loopSkip(kind),
  });
}

snapshotContract("a btrfs snapshot of a subvolume", {
  makeGround: () => ground(on("btrfs"), makeSubvolume),
  makeProvider: btrfsSnapshots,
  skip: loopSkip("btrfs"),
});

snapshotContract("a btrfs snapshot of a folder within a subvolume", {
  makeGround: () => ground(on("btrfs")),
  makeProvider: btrfsSnapshots,
  skip: loopSkip("btrfs"),
});
