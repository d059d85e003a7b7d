import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import {
  openDirectoryImage,
  rawPathFromText,
  type RawPath,
  rawPathToBytes,
  rootPath,
  volumeIdentity,
} from "#image";
import { hasNativeCalls } from "./native-calls.ts";
import { refusingContract } from "./refusing-snapshots.contract.ts";
import type { SnapshotProvider } from "./snapshot-provider.ts";
import {
  contentOf,
  describeImage,
  describeStore,
  fillStore,
  type Ground,
} from "./snapshots.fixture.ts";
import { sweepSnapshots } from "./sweep.ts";

export type SnapshotContractOptions = {
  /** A store and a shelf on a filesystem that the provider suits. Called once a test. */
  readonly makeGround: () => Ground;
  readonly makeProvider: (options: { readonly clock?: () => bigint }) => SnapshotProvider;
  readonly skip: string | false;
};

const isRoot = process.getuid?.() === 0;
/** Without them a copy has times to the microsecond and no pipes. */
const nativeSkip = hasNativeCalls() ? false : "this Node has no node:ffi";

/** What every SnapshotProvider does. */
export function snapshotContract(name: string, options: SnapshotContractOptions): void {
  describe(`${name} keeps the SnapshotProvider contract`, { skip: options.skip }, () => {
    takingContract(options);
    refusingContract(options);
    keepingContract(options);
    removingContract(options);
  });
}

function takingContract({ makeGround, makeProvider }: SnapshotContractOptions): void {
  test(
    "a frozen store has every entry with its bytes, names, links, modes, owners, times and attributes",
    { skip: nativeSkip },
    async () => {
      await using place = makeGround();
      fillStore(place);
      const before = await describeStore(place.store);
      const provider = makeProvider({});
      assert.equal((await provider.suits(place.store, place.at("one"))).suits, true);
      const taken = await provider.take(place.store, place.at("one"));
      assert.deepEqual(taken.problems, []);
      assert.equal(taken.settled, true);
      assert.equal(taken.destination, place.at("one"));
      assert.ok(taken.path.startsWith(`${place.at("one")}/`));
      assert.equal(taken.store, place.store);
      assert.equal(taken.volumeId, await volumeIdentity(place.store));
      await using image = await provider.open(place.at("one"));
      assert.deepEqual(await describeImage(image), before);
      const files = Object.values(before).filter((entry) => "hash" in entry);
      assert.equal(taken.files, files.length);
      const firsts = Object.entries(before).filter(([path, entry]) => entry["first"] === path);
      const sizes = firsts.map(([, entry]) => Number(entry["sizeBytes"] ?? 0));
      assert.equal(
        taken.sizeBytes,
        sizes.reduce((sum, size) => sum + size, 0),
      );
      assert.deepEqual(place.names(), ["one"]);
      const [rootBefore, rootAfter] = [place.store, taken.path].map((path) =>
        statSync(rawPathToBytes(path), { bigint: true }),
      );
      assert.equal(rootAfter?.mode, rootBefore?.mode);
      assert.equal(rootAfter?.mtimeNs, rootBefore?.mtimeNs);
      assert.deepEqual(await describeStore(place.store), before, "the store is as it was");
    },
  );

  test("it opens as an Image of the moment at which it was taken, whatever the clock says later", async () => {
    await using place = makeGround();
    writeFileSync(join(place.folder, "store", "a"), "alpha");
    let now = 1000n;
    const provider = makeProvider({ clock: () => now++ });
    const taken = await provider.take(place.store, place.at("one"));
    assert.ok(taken.fromNs >= 1000n && taken.toNs >= taken.fromNs && taken.toNs < now);
    now = 9_000_000n;
    const lineage = { group: "mx1/all", sequence: 7, generation: "g2" };
    await using image = await provider.open(place.at("one"), lineage);
    await image.list(rootPath);
    assert.deepEqual(image.at, { ...lineage, fromNs: taken.fromNs, toNs: taken.toNs });
    assert.equal(image.consistency, provider.atomic ? "crash" : "fuzzy");
    assert.equal(image.consistency, taken.consistency);
    assert.deepEqual(image.volumes, [{ id: taken.volumeId, role: "mixed", root: "" }]);
    await using byDefault = await provider.open(place.at("one"));
    assert.equal(byDefault.at.group, join(place.folder, "store"));
  });

  test("a clock that jumps back does not turn the moment around", async () => {
    await using place = makeGround();
    let now = 5_000n;
    const provider = makeProvider({ clock: () => (now -= 1000n) });
    const taken = await provider.take(place.store, place.at("one"));
    assert.deepEqual([taken.fromNs, taken.toNs], [4000n, 4000n]);
  });

  test("a store that is named by a symbolic link is the store that the link leads to", async () => {
    await using place = makeGround();
    writeFileSync(join(place.folder, "store", "a"), "alpha");
    const link = rawPathFromText(join(place.folder, "link"));
    symlinkSync("store", join(place.folder, "link"));
    const provider = makeProvider({});
    const taken = await provider.take(link, place.at("one"));
    assert.equal(taken.store, place.store);
    await using image = await provider.open(place.at("one"));
    assert.deepEqual(await contentOf(image), { a: "alpha" });
  });

  test("store, shelf and snapshot may have names that are no text", async () => {
    await using place = makeGround();
    const odd = `${place.folder}/sh\xffelf\n` as RawPath;
    mkdirSync(rawPathToBytes(odd));
    writeFileSync(Buffer.from(`${place.store}/a\xfe`, "latin1"), "alpha");
    const provider = makeProvider({});
    const destination = `${odd}/on\xffe` as RawPath;
    await provider.take(place.store, destination);
    await provider.space(destination);
    {
      await using layer = await provider.writableCopy(destination, `${odd}/w\xff` as RawPath);
      assert.equal(readdirSync(rawPathToBytes(layer.path)).length, 1);
      await using image = await provider.open(destination);
      assert.deepEqual(await contentOf(image), { "a\xfe": "alpha" });
    }
    await provider.remove(destination);
    assert.deepEqual(readdirSync(rawPathToBytes(odd)), []);
  });
}

function keepingContract({ makeGround, makeProvider }: SnapshotContractOptions): void {
  test("nothing that happens to the store afterwards shows in what was frozen", async () => {
    await using place = makeGround();
    fillStore(place);
    const provider = makeProvider({});
    await provider.take(place.store, place.at("one"));
    await using image = await provider.open(place.at("one"));
    const before = await describeImage(image);
    const store = join(place.folder, "store");
    appendFileSync(join(store, "mbox"), "more");
    truncateSync(join(store, "large"), 10);
    renameSync(join(store, "cur"), join(store, "was"));
    rmSync(join(store, "odd"), { recursive: true });
    assert.deepEqual(await describeImage(image), before);
  });

  test(
    "frozen files and folders are not to be written to",
    { skip: !isRoot && "needs root" },
    async () => {
      await using place = makeGround();
      fillStore(place);
      const provider = makeProvider({});
      const { path, protection } = await provider.take(place.store, place.at("one"));
      if (protection === "closed folder") {
        // A filesystem without the attribute: nobody but its maker can enter.
        assert.equal(statSync(rawPathToBytes(place.at("one"))).mode & 0o777, 0o700);
        return;
      }
      const at = (name: string) => Buffer.from(`${path}/${name}`, "latin1");
      const refused = { code: /^(?:EPERM|EROFS|EACCES)$/ };
      assert.throws(() => appendFileSync(at("mbox"), "x"), refused);
      assert.throws(() => unlinkSync(at("mbox")), refused);
      assert.throws(() => writeFileSync(at("cur/new"), "x"), refused);
      assert.throws(() => renameSync(at("cur"), at("was")), refused);
      assert.throws(() => chmodSync(at("mbox"), 0o777), refused);
    },
  );

  test(
    "a writable copy takes writes that the frozen store does not see, and is gone after use",
    { skip: nativeSkip },
    async () => {
      await using place = makeGround();
      fillStore(place);
      const before = await describeStore(place.store);
      const provider = makeProvider({});
      await provider.take(place.store, place.at("one"));
      {
        await using layer = await provider.writableCopy(place.at("one"), place.at("layer"), {
          forOtherUsers: true,
        });
        {
          await using copied = await openDirectoryImage(layer.path);
          assert.deepEqual(await describeImage(copied), before);
        }
        assert.equal(statSync(rawPathToBytes(layer.destination)).mode & 0o777, 0o711);
        appendFileSync(Buffer.from(`${layer.path}/mbox`, "latin1"), "validated");
        rmSync(Buffer.from(`${layer.path}/cur`, "latin1"), { recursive: true });
        writeFileSync(Buffer.from(`${layer.path}/dovecot.index`, "latin1"), "new");
        await assert.rejects(provider.open(layer.destination), { code: "snapshots.not-ours" });
        await assert.rejects(provider.writableCopy(place.at("one"), place.at("layer")), {
          code: "snapshots.destination-exists",
        });
        const { removed, kept } = await sweepSnapshots(rawPathFromText(place.shelf));
        assert.deepEqual([removed, kept], [[], []], "what is in use is no leftover");
      }
      assert.deepEqual(place.names(), ["one"]);
      await using image = await provider.open(place.at("one"));
      assert.deepEqual(await describeImage(image), before);
    },
  );

  test("space tells what there is and what removing it would free", async () => {
    await using place = makeGround();
    writeFileSync(join(place.folder, "store", "mbox"), Buffer.alloc(1024 * 1024, "mail"));
    execFileSync("sync", ["-f", place.folder]);
    const provider = makeProvider({});
    await provider.take(place.store, place.at("one"));
    const fresh = await provider.space(place.at("one"));
    assert.ok(fresh.totalBytes >= 1024 * 1024 && fresh.totalBytes < 2 * 1024 * 1024);
    if (provider.kind === "clone") assert.equal(fresh.ownBytes, fresh.totalBytes);
    else assert.equal(fresh.ownBytes, 0);
    // Not unlinked: btrfs may let go of a removed file's blocks a moment later.
    truncateSync(join(place.folder, "store", "mbox"));
    execFileSync("sync", ["-f", place.folder]);
    const alone = await provider.space(place.at("one"));
    assert.ok(alone.ownBytes >= 1024 * 1024, `${alone.ownBytes}`);
    assert.match(alone.basis, /^[A-Z].*\.$/);
  });
}

function removingContract({ makeGround, makeProvider }: SnapshotContractOptions): void {
  test("removing takes all of one snapshot and nothing that links in it lead to", async () => {
    await using place = makeGround();
    fillStore(place);
    mkdirSync(join(place.folder, "outside"));
    writeFileSync(join(place.folder, "outside", "secret"), "secret");
    symlinkSync(join(place.folder, "outside"), join(place.folder, "store", "way out"));
    const provider = makeProvider({});
    await provider.take(place.store, place.at("one"));
    await provider.take(place.store, place.at("two"));
    await provider.remove(place.at("one"));
    assert.deepEqual(place.names(), ["two"]);
    assert.deepEqual(readdirSync(join(place.folder, "outside")), ["secret"]);
    await using image = await provider.open(place.at("two"));
    assert.deepEqual(await describeImage(image), await describeStore(place.store));
    await assert.rejects(provider.remove(place.at("one")), { code: "snapshots.not-found" });
    await provider.remove(place.at("two"));
  });

  test("a snapshot that something else was put into is not removed", async () => {
    await using place = makeGround();
    const provider = makeProvider({});
    await provider.take(place.store, place.at("one"));
    writeFileSync(join(place.shelf, "one", "notes"), "mine");
    await assert.rejects(provider.remove(place.at("one")), { code: "snapshots.not-ours" });
    assert.equal(readFileSync(join(place.shelf, "one", "notes"), "utf8"), "mine");
    unlinkSync(join(place.shelf, "one", "notes"));
    await provider.remove(place.at("one"));
  });

  test("a sweep takes nothing that is whole, nor what is not of this house", async () => {
    await using place = makeGround();
    const provider = makeProvider({});
    await provider.take(place.store, place.at("one"));
    writeFileSync(join(place.shelf, ".restante-snapshot-0123456789abcdef"), "a file");
    mkdirSync(join(place.shelf, ".restante-snapshot-0123456789abcde0"));
    writeFileSync(join(place.shelf, ".restante-snapshot-0123456789abcde0", "mail"), "mine");
    mkdirSync(join(place.shelf, "folder"));
    const { removed, kept } = await sweepSnapshots(rawPathFromText(place.shelf));
    assert.deepEqual(removed, []);
    assert.deepEqual(
      kept.map(({ path }) => path),
      [
        place.at(".restante-snapshot-0123456789abcde0"),
        place.at(".restante-snapshot-0123456789abcdef"),
      ],
    );
    assert.equal(place.names().length, 4);
  });
}
