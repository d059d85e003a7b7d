import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { type Image, openDirectoryImage, type RawPath, readAll, rootPath, walkImage } from "#image";
import { makeChurnStore } from "../image/maildir-churn.fixture.ts";
import { btrfsSnapshots } from "./btrfs-snapshot.ts";
import {
  demand,
  loopFilesystem,
  type LoopFilesystem,
  loopSkip,
} from "./loop-filesystem.fixture.ts";
import { plainCopies } from "./plain-copy.ts";
import { reflinkCopies } from "./reflink-copy.ts";
import type { SnapshotProgress, SnapshotProvider } from "./snapshot-provider.ts";
import { contentOf, type Ground, ground } from "./snapshots.fixture.ts";

const loops: LoopFilesystem[] = [];
after(() => {
  for (const loop of loops) loop[Symbol.dispose]();
});

function loopOf(kind: "btrfs" | "xfs"): string {
  const loop = loopFilesystem(kind);
  loops.push(loop);
  return loop.folder;
}

const makeSubvolume = (path: string): void => void demand("btrfs", ["subvolume", "create", path]);

const cases: readonly {
  readonly provider: SnapshotProvider;
  readonly skip: string | false;
  readonly makeGround: () => Ground;
}[] = [
  { provider: plainCopies(), skip: false, makeGround: () => ground() },
  { provider: reflinkCopies(), skip: loopSkip("xfs"), makeGround: () => ground(loopOf("xfs")) },
  {
    provider: btrfsSnapshots(),
    skip: loopSkip("btrfs"),
    makeGround: () => ground(loopOf("btrfs"), makeSubvolume),
  },
];

for (const { provider, skip, makeGround } of cases) {
  test(
    `${provider.name} of a store that is changed without pause neither loses nor doubles a message`,
    { skip },
    async (t) => {
      await using place = makeGround();
      const store = join(place.folder, "store");
      const kept = makeChurnStore(store, 120);
      const seed = Date.now() % 1_000_000;
      t.diagnostic(`seed ${seed}`);
      const program = join(import.meta.dirname, "../image/maildir-churn.fixture.ts");
      const child = spawn(process.execPath, [program, store, String(seed), "200000"], {
        stdio: ["pipe", "pipe", "inherit"],
      });
      const ended = once(child, "exit");
      await once(child.stdout, "data");
      try {
        for (let round = 0; round < 2; round++) {
          await provider.take(place.store, place.at(`${round}`));
          await using image = await provider.open(place.at(`${round}`));
          await assertEachOnce(image, kept, `seed ${seed}, snapshot ${round}`);
          await provider.remove(place.at(`${round}`));
        }
        assert.equal(child.exitCode, null, "the store was changed to the end");
      } finally {
        child.stdin.end();
        await ended;
      }
    },
  );
}

for (const provider of [plainCopies(), reflinkCopies()]) {
  const skip = provider.kind === "delta" ? loopSkip("xfs") : false;
  const makeGround = (): Ground => (provider.kind === "delta" ? ground(loopOf("xfs")) : ground());

  test(
    `${provider.name} looks again at what changed while it copied, until all is of one moment`,
    { skip },
    async () => {
      await using place = makeGround();
      const store = join(place.folder, "store");
      for (const part of ["cur", "new", "tmp"]) mkdirSync(join(store, part));
      for (let index = 0; index < 300; index++)
        writeFileSync(join(store, "cur", `${1000 + index}.M1.host:2,`), `message ${index}`);
      writeFileSync(join(store, "index"), "1");
      const changes = [
        () => {
          renameSync(join(store, "cur/1000.M1.host:2,"), join(store, "cur/1000.M1.host:2,S"));
          renameSync(join(store, "cur/1299.M1.host:2,"), join(store, "new/1299.M1.host:2,"));
          unlinkSync(join(store, "cur/1001.M1.host:2,"));
          appendFileSync(join(store, "index"), "2");
        },
        () => {
          writeFileSync(join(store, "new/2000.M1.host"), "arrived");
          linkSync(join(store, "cur/1002.M1.host:2,"), join(store, "new/2001.M1.host"));
          mkdirSync(join(store, ".Sent/cur"), { recursive: true });
          writeFileSync(join(store, ".Sent/cur/3000.M1.host:2,"), "sent");
          appendFileSync(join(store, "index"), "3");
        },
      ];
      const onProgress = ({ phase }: SnapshotProgress): void => {
        if (phase === "copying") changes.shift()?.();
      };
      const taken = await provider.take(place.store, place.at("one"), { onProgress });
      assert.equal(changes.length, 0);
      assert.equal(taken.settled, true);
      assert.deepEqual(taken.problems, []);
      await using image = await provider.open(place.at("one"));
      await using now = await openDirectoryImage(place.store);
      const content = await contentOf(now);
      assert.equal(content["index"], "123");
      assert.deepEqual(await contentOf(image), content);
      assert.equal(taken.files, Object.keys(content).length);
    },
  );

  test(
    `${provider.name} of a store that never stands still ends, and says so`,
    { skip },
    async () => {
      await using place = makeGround();
      const store = join(place.folder, "store");
      writeFileSync(join(store, "mail"), "mail");
      let arrivals = 0;
      const onProgress = ({ phase }: SnapshotProgress): void => {
        // Each round copies the file that arrived in the one before.
        if (phase === "copying") writeFileSync(join(store, `arrived ${arrivals++}`), "x");
      };
      const limited =
        provider.kind === "delta"
          ? reflinkCopies({ roundLimit: 3 })
          : plainCopies({ roundLimit: 3 });
      const taken = await limited.take(place.store, place.at("one"), { onProgress });
      assert.equal(taken.settled, false);
      await using image = await provider.open(place.at("one"));
      assert.equal((await contentOf(image))["mail"], "mail");
    },
  );

  test(
    `a symbolic link that takes a file's or folder's place leads ${provider.name} nowhere`,
    { skip },
    async () => {
      await using place = makeGround();
      const store = join(place.folder, "store");
      mkdirSync(join(place.folder, "outside"));
      writeFileSync(join(place.folder, "outside/mail"), "secret");
      mkdirSync(join(store, "box"));
      for (const name of ["a", "b", "box/mail"]) writeFileSync(join(store, name), "mine");
      let done = false;
      const onProgress = ({ phase }: SnapshotProgress): void => {
        if (phase !== "copying" || done) return;
        done = true;
        rmSync(join(store, "b"));
        symlinkSync(join(place.folder, "outside/mail"), join(store, "b"));
        rmSync(join(store, "box"), { recursive: true });
        symlinkSync(join(place.folder, "outside"), join(store, "box"));
      };
      await provider.take(place.store, place.at("one"), { onProgress });
      await using image = await provider.open(place.at("one"));
      assert.deepEqual(await contentOf(image), { a: "mine" });
      assert.equal((await image.list(rootPath)).entry(1).type, "symlink");
    },
  );
}

test(
  "what was written and not synced is in a btrfs snapshot",
  { skip: loopSkip("btrfs") },
  async () => {
    await using place = ground(loopOf("btrfs"), makeSubvolume);
    const provider = btrfsSnapshots();
    for (let round = 0; round < 20; round++) {
      const file = join(place.folder, "store", `message ${round}`);
      writeFileSync(file, `bytes ${round} `.repeat(round * 500));
      await provider.take(place.store, place.at(`${round}`));
      await using image = await provider.open(place.at(`${round}`));
      const bytes = await readAll(image, `message ${round}` as RawPath);
      assert.equal(String(Buffer.from(bytes)), `bytes ${round} `.repeat(round * 500));
    }
  },
);

/** A message of two names is once there: one instant may show a move half done. */
async function assertEachOnce(image: Image, kept: readonly string[], label: string): Promise<void> {
  const seen = new Map<string, Set<bigint>>();
  const places = new Map<string, string[]>();
  for await (const { path, entry } of walkImage(image, rootPath)) {
    if (entry.type !== "file") continue;
    const identity = Buffer.from(await readAll(image, path)).toString();
    seen.set(identity, (seen.get(identity) ?? new Set()).add(entry.inode));
    places.set(identity, [...(places.get(identity) ?? []), path]);
  }
  const wrong = kept
    .filter((identity) => seen.get(identity)?.size !== 1)
    .map((identity) => `${identity}: ${places.get(identity)?.join(", ") ?? "nowhere"}`);
  assert.deepEqual(wrong, [], label);
}
