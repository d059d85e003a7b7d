import assert from "node:assert/strict";
import {
  chmodSync,
  closeSync,
  existsSync,
  lchownSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { rawPathFromText, type RawPath, rawPathToBytes } from "#image";
import { withoutRootRights } from "../files/unprivileged.fixture.ts";
import { btrfsSnapshots } from "./btrfs-snapshot.ts";
import { describeSnapshotSupport, detectProviders, readTaken } from "./detect-providers.ts";
import {
  demand,
  loopFilesystem,
  type LoopFilesystem,
  type LoopKind,
  loopSkip,
  run,
} from "./loop-filesystem.fixture.ts";
import { unsharedBytes } from "./native-calls.ts";
import { plainCopies } from "./plain-copy.ts";
import { reflinkCopies } from "./reflink-copy.ts";
import type { SnapshotProgress } from "./snapshot-provider.ts";
import { contentOf, ground } from "./snapshots.fixture.ts";
import { sweepSnapshots } from "./sweep.ts";

const loops: LoopFilesystem[] = [];
after(() => {
  for (const loop of loops) loop[Symbol.dispose]();
});

function loopOf(kind: LoopKind, sizeMebibytes?: number): LoopFilesystem {
  const loop = loopFilesystem(kind, sizeMebibytes);
  loops.push(loop);
  return loop;
}

const makeSubvolume = (path: string): void => void demand("btrfs", ["subvolume", "create", path]);

for (const kind of ["ext4", "btrfs"] as const) {
  test(
    `a disk that is full in the middle of a copy on ${kind} is said, and nothing is left`,
    { skip: loopSkip(kind) },
    async () => {
      await using place = ground(loopOf(kind, kind === "ext4" ? 24 : 128).folder);
      const store = join(place.folder, "store");
      for (let index = 0; index < 20; index++)
        writeFileSync(join(store, `${index}`), Buffer.alloc(1024, index));
      // More than what is left holds once more.
      const { bavail, bsize } = statfsSync(store);
      writeFileSync(join(store, "large"), Buffer.alloc(Math.floor(bavail * bsize * 0.6), "x"));
      const provider = plainCopies();
      await assert.rejects(provider.take(place.store, place.at("one")), {
        code: "snapshots.no-space",
        message: /^Cannot write the snapshot ".*\/one": ENOSPC/,
      });
      assert.deepEqual(place.names(), []);
      assert.equal(readdirSync(store).length, 21);
      rmSync(join(store, "large"));
      await provider.take(place.store, place.at("one"));
    },
  );
}

test(
  "a plain copy has blocks of its own where a reflink copy shares the store's",
  { skip: loopSkip("xfs") },
  async () => {
    await using place = ground(loopOf("xfs").folder);
    writeFileSync(join(place.folder, "store", "mbox"), Buffer.alloc(1_000_000, "mail"));
    const ownOf = async (provider: ReturnType<typeof plainCopies>, name: string) => {
      const { path, protection } = await provider.take(place.store, place.at(name));
      assert.equal(protection, "immutable files");
      const descriptor = openSync(Buffer.from(`${path}/mbox`, "latin1"), "r");
      try {
        return unsharedBytes(descriptor) ?? -1;
      } finally {
        closeSync(descriptor);
      }
    };
    assert.equal(await ownOf(reflinkCopies(), "reflink"), 0);
    assert.ok((await ownOf(plainCopies(), "plain")) >= 1_000_000);
  },
);

test(
  "a file that may not share its blocks is copied in full",
  { skip: loopSkip("btrfs") },
  async () => {
    await using place = ground(loopOf("btrfs").folder);
    // No copy on write, as some keep databases on btrfs.
    demand("chattr", ["+C", join(place.folder, "store")]);
    writeFileSync(join(place.folder, "store", "mbox"), Buffer.alloc(1_000_000, "mail"));
    const provider = reflinkCopies();
    await provider.take(place.store, place.at("one"));
    await using image = await provider.open(place.at("one"));
    assert.equal((await contentOf(image))["mbox"]?.length, 1_000_000);
  },
);

for (const moment of ["freezing", "copying", "protecting"] as const) {
  test(
    `a store that is unmounted while "${moment}" drains no copy`,
    { skip: loopSkip("ext4") },
    async () => {
      await using place = ground();
      const loop = loopOf("ext4", 32);
      writeFileSync(join(loop.folder, "mail"), "mail");
      const provider = plainCopies();
      const onProgress = ({ phase }: SnapshotProgress): void => {
        if (phase === moment) loop.unmount();
      };
      const taking = provider.take(rawPathFromText(loop.folder), place.at("one"), { onProgress });
      if (moment === "protecting") {
        // All bytes are in the copy by then.
        await taking;
        await using image = await provider.open(place.at("one"));
        assert.deepEqual(await contentOf(image), { mail: "mail" });
        return;
      }
      await assert.rejects(taking, { code: "snapshots.store-changed" });
      assert.deepEqual(place.names(), []);
    },
  );
}

test(
  "a filesystem that is unmounted within the store while it is copied drains no copy",
  { skip: loopSkip("ext4") },
  async () => {
    await using place = ground();
    const store = join(place.folder, "store");
    const loop = loopOf("ext4", 32);
    writeFileSync(join(loop.folder, "mail"), "mail");
    mkdirSync(join(store, "user"));
    demand("mount", ["--bind", loop.folder, join(store, "user")]);
    try {
      const onProgress = ({ phase }: SnapshotProgress): void => {
        if (phase === "copying") run("umount", ["-l", join(store, "user")]);
      };
      await assert.rejects(plainCopies().take(place.store, place.at("one"), { onProgress }), {
        code: "snapshots.store-changed",
      });
      assert.deepEqual(place.names(), []);
    } finally {
      run("umount", ["-l", join(store, "user")]);
    }
  },
);

test("a store whose own folder cannot be listed is an error, not an empty copy", async () => {
  await using place = ground();
  const store = join(place.folder, "store");
  writeFileSync(join(store, "mail"), "mail");
  chmodSync(store, 0);
  await withoutRootRights([place.folder, place.shelf, store], async () => {
    await assert.rejects(plainCopies().take(place.store, place.at("one")), {
      code: "snapshots.store-unreadable",
      message: /: Cannot list the top folder: EACCES/,
    });
  });
  assert.deepEqual(place.names(), []);
});

test("a folder and a file that may not be read are problems, then and when it is opened, never empty", async () => {
  await using place = ground();
  const store = join(place.folder, "store");
  mkdirSync(join(store, "closed"));
  writeFileSync(join(store, "closed/mail"), "mail");
  writeFileSync(join(store, "secret"), "secret", { mode: 0 });
  writeFileSync(join(store, "open"), "open");
  chmodSync(join(store, "closed"), 0);
  const paths = [place.folder, place.shelf, store, join(store, "closed"), join(store, "secret")];
  await withoutRootRights([...paths, join(store, "open")], async () => {
    const provider = plainCopies();
    const taken = await provider.take(place.store, place.at("one"));
    // Without root's rights the group cannot be given: the test below.
    const shown = (problems: typeof taken.problems) =>
      problems.map(({ path, code }) => `${code} ${path}`).filter((line) => line !== "unsupported ");
    assert.deepEqual(shown(taken.problems), ["unlistable closed", "unreadable secret"]);
    assert.equal(taken.settled, true);
    assert.equal(taken.files, 1);
    await using image = await provider.open(place.at("one"));
    assert.deepEqual(shown(image.problems), shown(taken.problems));
    await assert.rejects(image.list("closed" as RawPath), { code: "image.unlistable" });
    await using layer = await provider.writableCopy(place.at("one"), place.at("layer"));
    assert.deepEqual(readdirSync(rawPathToBytes(layer.path)).sort(), ["closed", "open"]);
    await layer[Symbol.asyncDispose]();
    await provider.remove(place.at("one"));
    assert.deepEqual(place.names(), []);
  });
});

test("an owner that cannot be given is said once, with how many it concerns", async (t) => {
  if (process.getuid?.() !== 0) return t.skip("needs root");
  await using place = ground();
  const store = join(place.folder, "store");
  for (const name of ["a", "b", "c"]) writeFileSync(join(store, name), name);
  await withoutRootRights([place.folder, place.shelf, store], async () => {
    const { problems } = await plainCopies().take(place.store, place.at("one"));
    assert.deepEqual(problems, [
      {
        path: "",
        code: "unsupported",
        message:
          'The frozen copy is without the owner (EPERM) of 4 entries, the first of which is "a".',
      },
    ]);
  });
});

test(
  "the providers that suit are found, the best first, and every one has a reason",
  { skip: loopSkip("btrfs", "xfs", "ext4") },
  async () => {
    const names = async (place: { store: RawPath; at: (name: string) => RawPath }) =>
      (await detectProviders(place.store, place.at("one"))).map(({ provider }) => provider.name);
    await using btrfs = ground(loopOf("btrfs").folder, makeSubvolume);
    await using xfs = ground(loopOf("xfs").folder);
    await using ext4 = ground(loopOf("ext4", 32).folder);
    assert.deepEqual(await names(btrfs), ["btrfs snapshot", "reflink copy", "plain copy"]);
    assert.deepEqual(await names(xfs), ["reflink copy", "plain copy"]);
    assert.deepEqual(await names(ext4), ["plain copy"]);
    assert.deepEqual(await names({ store: btrfs.store, at: (name) => xfs.at(name) }), [
      "plain copy",
    ]);
    const facts = await describeSnapshotSupport(ext4.store, ext4.at("one"));
    assert.deepEqual(
      facts.map(({ text }) => text),
      [
        "btrfs snapshot (delta, paper §3.4, one instant): not here. The store does not lie on btrfs.",
        "reflink copy (delta, paper §3.4, a walk): not here. The filesystem does not share blocks of files (ENOTSUP: operation not supported on socket).",
        "plain copy (clone, paper §3.3, a walk): possible. Every file is copied in full. It lies on the store's own device: one broken disk takes both.",
      ],
    );
    for (const place of [btrfs, xfs, ext4])
      assert.deepEqual(place.names(), [], "probes are removed");
    await assert.rejects(reflinkCopies().take(ext4.store, ext4.at("one")), {
      code: "snapshots.unsuitable",
    });
  },
);

test(
  "a btrfs snapshot is not made of a store that it would hold in part only",
  { skip: loopSkip("btrfs") },
  async () => {
    const { folder } = loopOf("btrfs");
    await using place = ground(folder, makeSubvolume);
    const provider = btrfsSnapshots();
    const why = async () => (await provider.suits(place.store, place.at("one"))).why;
    mkdirSync(join(place.folder, "store/users"));
    mkdirSync(join(place.folder, "store-not"));
    makeSubvolume(join(place.folder, "store-not/nested"));
    assert.match(await why(), /^One instant/);
    makeSubvolume(join(place.folder, "store/users/anna"));
    assert.match(await why(), /^A subvolume of its own lies in the store, at "users\/anna"/);
    await assert.rejects(provider.take(place.store, place.at("one")), {
      code: "snapshots.unsuitable",
    });
    demand("btrfs", ["subvolume", "delete", join(place.folder, "store/users/anna")]);
    demand("mount", ["-t", "tmpfs", "none", join(place.folder, "store/users")]);
    try {
      assert.match(await why(), /^Another filesystem is mounted in the store, at ".*users"/);
    } finally {
      run("umount", ["-l", join(place.folder, "store/users")]);
    }
    // Only a folder of a subvolume is mounted.
    mkdirSync(join(place.folder, "bound"));
    demand("mount", ["--bind", join(place.folder, "store/users"), join(place.folder, "bound")]);
    try {
      const bound = rawPathFromText(join(place.folder, "bound"));
      assert.match(
        (await provider.suits(bound, place.at("one"))).why,
        /^Only a folder of its subvolume/,
      );
    } finally {
      run("umount", ["-l", join(place.folder, "bound")]);
    }
    assert.deepEqual(place.names(), []);
  },
);

test(
  "a btrfs snapshot that was made writable is not trusted, and another subvolume in its place not removed",
  { skip: loopSkip("btrfs") },
  async () => {
    await using place = ground(loopOf("btrfs").folder, makeSubvolume);
    const provider = btrfsSnapshots();
    await provider.take(place.store, place.at("one"));
    const frozen = join(place.shelf, "one/frozen");
    demand("btrfs", ["property", "set", "-ts", frozen, "ro", "false"]);
    await assert.rejects(provider.open(place.at("one")), { code: "snapshots.damaged" });
    demand("btrfs", ["subvolume", "delete", frozen]);
    makeSubvolume(frozen);
    writeFileSync(join(frozen, "mail"), "mine");
    await assert.rejects(provider.open(place.at("one")), { code: "snapshots.not-ours" });
    await assert.rejects(provider.remove(place.at("one")), { code: "snapshots.not-ours" });
    assert.ok(existsSync(join(frozen, "mail")));
  },
);

test(
  "nothing is removed while something is mounted in it",
  { skip: loopSkip("ext4") },
  async () => {
    await using place = ground();
    mkdirSync(join(place.folder, "store/box"));
    const provider = plainCopies();
    const { path } = await provider.take(place.store, place.at("one"));
    const mount = join(rawPathToBytes(path).toString(), "box");
    demand("mount", ["-t", "tmpfs", "none", mount]);
    try {
      await assert.rejects(provider.remove(place.at("one")), { code: "snapshots.in-use" });
    } finally {
      run("umount", ["-l", mount]);
    }
    await provider.remove(place.at("one"));
  },
);

test("two that take the same destination at once: one gets the name, the other is told", async () => {
  await using place = ground();
  writeFileSync(join(place.folder, "store/mail"), "mail");
  const provider = plainCopies();
  const outcomes = await Promise.allSettled([
    provider.take(place.store, place.at("one")),
    provider.take(place.store, place.at("one")),
  ]);
  const failed = outcomes.filter((outcome) => outcome.status === "rejected");
  assert.deepEqual(
    failed.map(({ reason }) => (reason as { code: string }).code),
    ["snapshots.destination-exists"],
  );
  assert.deepEqual(place.names(), ["one"]);
  assert.equal(readTaken(place.at("one")).files, 1);
});

test("a leftover of a process that nobody here can know is kept, with the reason", async () => {
  await using place = ground();
  const provider = plainCopies();
  await provider.take(place.store, place.at("one"));
  const record = join(place.shelf, "one/restante-snapshot.json");
  const text = readFileSync(record, "utf8");
  const parsed = JSON.parse(text) as { maker: { bootId: string; host: string } };
  parsed.maker.host = "elsewhere";
  parsed.maker.bootId = "another boot";
  writeFileSync(record, JSON.stringify(parsed));
  renameSync(join(place.shelf, "one"), join(place.shelf, ".restante-snapshot-0123456789abcdef"));
  const { removed, kept } = await sweepSnapshots(rawPathFromText(place.shelf));
  assert.deepEqual(removed, []);
  assert.match(kept[0]?.why ?? "", /^process \d+ of elsewhere made it, which may still run$/);
});

test("a record that others can write, or a link in its place, is not trusted", async (t) => {
  if (process.getuid?.() !== 0) return t.skip("needs root");
  await using place = ground();
  const provider = plainCopies();
  await provider.take(place.store, place.at("one"));
  const record = join(place.shelf, "one/restante-snapshot.json");
  chmodSync(record, 0o622);
  await assert.rejects(provider.remove(place.at("one")), { code: "snapshots.damaged" });
  chmodSync(record, 0o600);
  lchownSync(record, 65_534, 65_534);
  await assert.rejects(provider.remove(place.at("one")), { code: "snapshots.damaged" });
  rmSync(record);
  symlinkSync("/etc/hostname", record);
  await assert.rejects(provider.remove(place.at("one")), { code: "snapshots.damaged" });
});
