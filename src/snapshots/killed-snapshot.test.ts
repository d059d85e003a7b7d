import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { openDirectoryImage, rawPathFromText } from "#image";
import { btrfsSnapshots } from "./btrfs-snapshot.ts";
import {
  demand,
  loopFilesystem,
  type LoopFilesystem,
  loopSkip,
} from "./loop-filesystem.fixture.ts";
import { plainCopies } from "./plain-copy.ts";
import { reflinkCopies } from "./reflink-copy.ts";
import type { SnapshotProvider } from "./snapshot-provider.ts";
import { contentOf, type Ground, ground } from "./snapshots.fixture.ts";
import { sweepSnapshots } from "./sweep.ts";

let btrfs: LoopFilesystem | undefined;
after(() => btrfs?.[Symbol.dispose]());
const onBtrfs = (): string => (btrfs ??= loopFilesystem("btrfs")).folder;
const makeSubvolume = (path: string): void => void demand("btrfs", ["subvolume", "create", path]);

const cases: readonly {
  readonly provider: SnapshotProvider;
  readonly skip: string | false;
  readonly makeGround: () => Ground;
}[] = [
  { provider: plainCopies(), skip: false, makeGround: () => ground() },
  { provider: reflinkCopies(), skip: loopSkip("btrfs"), makeGround: () => ground(onBtrfs()) },
  {
    provider: btrfsSnapshots(),
    skip: loopSkip("btrfs"),
    makeGround: () => ground(onBtrfs(), makeSubvolume),
  },
];

for (const { provider, skip, makeGround } of cases) {
  test(
    `a ${provider.name} that is killed at any report is whole or not there, and swept`,
    { skip },
    async () => {
      await using place = makeGround();
      const content = fill(place);
      const store = join(place.folder, "store");
      const destination = join(place.shelf, "one");
      for (let killAt = 1; ; killAt++) {
        if (!wasKilled(provider.name, "take", [store, destination, String(killAt)])) {
          assert.ok(killAt > 1, "it was killed at least once");
          break;
        }
        assert.ok(!place.names().includes("one"), "a name is given at the end alone");
        const { removed, kept } = await sweepSnapshots(rawPathFromText(place.shelf));
        // The first report comes before anything is written.
        assert.equal(removed.length, killAt === 1 && !provider.atomic ? 0 : 1, `report ${killAt}`);
        assert.deepEqual(kept, []);
        assert.deepEqual(place.names(), [], `report ${killAt}`);
      }
      await using image = await provider.open(place.at("one"));
      assert.deepEqual(await contentOf(image), content);
      await using untouched = await openDirectoryImage(place.store);
      assert.deepEqual(await contentOf(untouched), content);
    },
  );

  test(
    `the removal of a ${provider.name} that is killed is finished by the sweep, others stay`,
    { skip },
    async () => {
      await using place = makeGround();
      const content = fill(place);
      await provider.take(place.store, place.at("stays"));
      for (let killAt = 1; ; killAt++) {
        await provider.take(place.store, place.at("one"));
        if (!wasKilled(provider.name, "remove", ["", join(place.shelf, "one"), String(killAt)])) {
          assert.ok(killAt > 2, "it was killed before, in and after the middle");
          break;
        }
        assert.ok(!place.names().includes("one"), "it is out of sight first");
        const { removed, kept } = await sweepSnapshots(rawPathFromText(place.shelf));
        assert.equal(removed.length, 1);
        assert.deepEqual(kept, []);
        assert.deepEqual(place.names(), ["stays"]);
      }
      await using image = await provider.open(place.at("stays"));
      assert.deepEqual(await contentOf(image), content);
    },
  );

  test(
    `a writable copy of a ${provider.name} whose process was killed is swept, the frozen store stays`,
    { skip },
    async () => {
      await using place = makeGround();
      const content = fill(place);
      await provider.take(place.store, place.at("one"));
      const [from, to] = [join(place.shelf, "one"), join(place.shelf, "layer")];
      assert.ok(wasKilled(provider.name, "layer", [from, to, "0"]));
      assert.deepEqual(place.names(), ["layer", "one"]);
      const { removed } = await sweepSnapshots(rawPathFromText(place.shelf));
      assert.deepEqual(removed, [place.at("layer")]);
      await using image = await provider.open(place.at("one"));
      assert.deepEqual(await contentOf(image), content);
    },
  );
}

test("what a living process is at is no leftover", async () => {
  await using place = ground();
  fill(place);
  const swept: unknown[] = [];
  const sweeps: Promise<unknown>[] = [];
  const onProgress = (): void => {
    sweeps.push(
      sweepSnapshots(rawPathFromText(place.shelf)).then((result) => swept.push(result.removed)),
    );
  };
  await plainCopies().take(place.store, place.at("one"), { onProgress });
  await Promise.all(sweeps);
  assert.ok(swept.length > 2);
  assert.deepEqual(swept.flat(), []);
  await using image = await plainCopies().open(place.at("one"));
  assert.equal(Object.keys(await contentOf(image)).length, 600);
});

test("a folder whose maker had not come to write its record is swept, with what a write of it left", async () => {
  await using place = ground();
  mkdirSync(join(place.shelf, ".restante-snapshot-0123456789abcdef"));
  mkdirSync(join(place.shelf, ".restante-removing-0123456789abcdef"));
  writeFileSync(
    join(place.shelf, ".restante-snapshot-0123456789abcdef/.tmp-0123456789abcdef"),
    "{",
  );
  const { removed } = await sweepSnapshots(rawPathFromText(place.shelf));
  assert.equal(removed.length, 2);
  assert.deepEqual(place.names(), []);
  await assert.rejects(sweepSnapshots(place.at("absent")), {
    code: "snapshots.destination-unusable",
  });
});

/** 600 messages: progress is told every 256 files. */
function fill(place: Ground): Record<string, string> {
  const content: Record<string, string> = {};
  for (const part of ["cur", "new", "tmp"]) mkdirSync(join(place.folder, "store", part));
  for (let index = 0; index < 600; index++) {
    const name = `${index % 2 === 0 ? "cur" : "new"}/${index}.M1.host:2,`;
    writeFileSync(join(place.folder, "store", name), `message ${index}`);
    content[name] = `message ${index}`;
  }
  return content;
}

function wasKilled(provider: string, action: string, parameters: readonly string[]): boolean {
  const program = join(import.meta.dirname, "killed-snapshot.fixture.ts");
  const child = spawnSync(process.execPath, [program, provider, action, ...parameters], {
    encoding: "utf8",
  });
  if (child.signal === "SIGKILL") return true;
  assert.equal(child.stdout, "done\n", child.stderr);
  return false;
}
