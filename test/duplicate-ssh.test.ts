/** Duplicates to a repository behind a peer whose link is cut: at any frame, and again and again. */
import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { type RawPath, rawPathFromText } from "#image";
import { type Host, memoryHost } from "#hosts";
import type { DuplicateResult, Repository } from "#repository";
import { directoryStorage, type FileHandle, type FileType, type Storage } from "#storage";
import { type PairOptions, type PeerPair, peerPair } from "../src/hosts/peer-pair.fixture.ts";
import {
  captureNodes,
  contentOf,
  duplicate,
  duplicateScene,
  emptyTarget,
  messages,
  reopen,
} from "../src/repository/duplicate.fixture.ts";
import { contentsOfFolder, contentsOfImage, deliver, makeMaildir } from "./support/mail-store.ts";
import { filesIn, Site, withoutRestic } from "./support/recovery-site.ts";

/** Runs wait most of the time, for a lock to settle. */
const lanes = 16;

/** All the numbers from 1 to the last, or each so-manieth of them, some at a time. */
async function forEachFrame(
  last: number,
  { step = 1, work }: { readonly step?: number; readonly work: (at: number) => Promise<void> },
): Promise<number> {
  const frames = Array.from({ length: Math.floor(last / step) }, (_, index) => (index + 1) * step);
  const total = frames.length;
  const lane = async (): Promise<void> => {
    for (let at = frames.shift(); at !== undefined; at = frames.shift()) await work(at);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return total;
}

const cutOnceAt =
  (at: number): NonNullable<PairOptions["cutAt"]> =>
  (connection) =>
    connection === 1 ? at : undefined;

describe("a tiny repository", () => {
  const path = "/vault" as RawPath;

  /** Another machine, all in memory, with an empty repository. Its files are too small to arrive in pieces. */
  async function vaultHost(): Promise<{ readonly host: Host; readonly storage: Storage }> {
    const host = memoryHost();
    const storage = await host.openStorage(path);
    await storage.create();
    const empty = await emptyTarget();
    for (const type of ["config", "key"] as const) {
      for await (const { name } of empty.list(type)) {
        const file: FileHandle = { type, name };
        await storage.save(file, [await empty.load(file)]);
      }
    }
    return { host, storage };
  }

  async function duplicateOver(pair: PeerPair, from: Repository): Promise<DuplicateResult> {
    await using to = await reopen(await pair.host.openStorage(path));
    return await duplicate(from, to);
  }

  async function sizesOf(storage: Storage, type: FileType): Promise<readonly number[]> {
    const sizes: number[] = [];
    for await (const { sizeBytes } of storage.list(type)) sizes.push(sizeBytes);
    return sizes;
  }

  async function assertThere(storage: Storage, from: Repository, name: string): Promise<void> {
    await using there = await reopen(storage);
    const report = await there.verify({ readData: true });
    const [here, arrived] = [await from.snapshots(), await there.snapshots()];
    assert.deepEqual(report.findings, [], name);
    assert.deepEqual(
      arrived.map(({ original }) => original),
      here.map(({ id }) => id),
      `${name}: not each moment once`,
    );
    for (const [index, snapshot] of here.entries())
      assert.deepEqual(
        await contentOf(there, arrived[index] ?? snapshot),
        await contentOf(from, snapshot),
        name,
      );
    assert.deepEqual(await sizesOf(storage, "lock"), [], `${name}: a lock is left`);
  }

  test("a duplicate whose link is cut at any frame ends by itself, and nothing is there twice", async (t) => {
    const { from } = await duplicateScene();
    await captureNodes(from, messages(6));
    await captureNodes(from, messages(6, 2), { second: 60 });
    const whole = await vaultHost();
    await using uncut = peerPair({ serve: { host: whole.host } });
    await duplicateOver(uncut, from);
    const packs = await sizesOf(whole.storage, "data");
    const indexes = await sizesOf(whole.storage, "index");
    let cuts = 0;
    const work = async (at: number): Promise<void> => {
      const { host, storage } = await vaultHost();
      await using pair = peerPair({ cutAt: cutOnceAt(at), serve: { host } });
      const { copied, skipped, refused } = await duplicateOver(pair, from);
      assert.deepEqual([copied.length, skipped, refused], [2, [], []], `cut at frame ${at}`);
      // Requests that run at once may come in one order or another: the last frames may not be reached.
      if (pair.connections() > 1) cuts++;
      await assertThere(storage, from, `cut at frame ${at}`);
      assert.equal((await sizesOf(storage, "data")).length, packs.length, `cut at frame ${at}`);
      assert.equal((await sizesOf(storage, "index")).length, indexes.length, `cut at frame ${at}`);
    };
    const runs = await forEachFrame(uncut.frames(), { work });
    t.diagnostic(`cut at ${cuts} of ${runs} frames`);
    assert.ok(cuts > 60 && cuts > runs - 6, `only ${cuts} of ${runs} cuts`);
  });

  test("a duplicate whose link is cut at every 10th frame, on every connection, ends by itself", async () => {
    const { from } = await duplicateScene();
    await captureNodes(from, messages(6));
    const { host, storage } = await vaultHost();
    await using pair = peerPair({ cutAt: () => 10, serve: { host } });
    const { copied } = await duplicateOver(pair, from);
    assert.equal(copied.length, 1);
    assert.ok(pair.connections() > 5, `${pair.connections()} connections`);
    await assertThere(storage, from, "cut again and again");
  });

  test("a duplicate that a dead link ended goes on in the next run", async () => {
    const { from } = await duplicateScene();
    await captureNodes(from, messages(6));
    await captureNodes(from, messages(6, 2), { second: 60 });
    const { host, storage } = await vaultHost();
    // Alive for so many frames, and then no connection gets as far as an answer.
    const cutAt = (connection: number): number => (connection === 1 ? 60 : 3);
    {
      await using pair = peerPair({ cutAt, serve: { host } });
      await assert.rejects(duplicateOver(pair, from), { code: "storage.failed", retryable: true });
    }
    await using pair = peerPair({ serve: { host } });
    const { copied, skipped } = await duplicateOver(pair, from);
    assert.equal(copied.length + skipped.length, 2);
    await using there = await reopen(storage);
    assert.deepEqual((await there.verify({ readData: true })).findings, []);
    assert.equal((await there.snapshots()).length, 2);
  });
});

describe("a repository whose packs arrive in pieces", () => {
  const here = new Site();
  after(() => here[Symbol.dispose]());
  const emptyVault = new Site(join(here.folder, "vault"));
  let expected: readonly Map<string, string>[] = [];

  async function duplicateOver(pair: PeerPair, vault: Site): Promise<DuplicateResult> {
    const storage = await pair.host.openStorage(rawPathFromText(vault.repository));
    await using to = await vault.open(storage);
    await using from = await here.open();
    return await duplicate(from, to);
  }

  async function contentsOf(site: Site): Promise<readonly Map<string, string>[]> {
    await using repository = await site.open(directoryStorage(site.repository));
    const all: Map<string, string>[] = [];
    for (const snapshot of await repository.snapshots())
      all.push(await contentsOfImage(await repository.image(snapshot)));
    return all;
  }

  const packBytes = ({ repository }: Site): number =>
    readdirSync(join(repository, "data"), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);

  const transfersIn = ({ repository }: Site): readonly string[] =>
    readdirSync(repository).includes(".transfers")
      ? readdirSync(join(repository, ".transfers"))
      : [];

  async function assertWhole(vault: Site, name: string): Promise<void> {
    await using there = await vault.open(directoryStorage(vault.repository));
    const { findings } = await there.verify({ readData: true });
    assert.deepEqual(findings, [], name);
    assert.deepEqual(await contentsOf(vault), expected, name);
    assert.deepEqual(filesIn(vault, "locks"), [], `${name}: a lock is left`);
    assert.deepEqual(transfersIn(vault), [], `${name}: a part is left`);
  }

  test("cut at every 10th frame, it goes on in the middle of a pack; the far side verifies", async (t) => {
    makeMaildir(here.store, 600);
    await here.init();
    await here.capture();
    deliver(here.store, 5000);
    await here.capture();
    expected = await contentsOf(here);
    assert.deepEqual(expected[1], contentsOfFolder(here.store));
    await emptyVault.init();
    const whole = emptyVault.branch("whole");
    await using uncut = peerPair();
    await duplicateOver(uncut, whole);
    await assertWhole(whole, "not cut");
    const total = packBytes(whole);
    assert.ok(total > 2_000_000, `${total} bytes are no pack in pieces`);
    const work = async (at: number): Promise<void> => {
      using vault = emptyVault.branch(`cut-at-${at}`);
      await using pair = peerPair({ cutAt: cutOnceAt(at) });
      const { copied, refused } = await duplicateOver(pair, vault);
      assert.deepEqual([copied.length, refused], [2, []], `cut at frame ${at}`);
      await assertWhole(vault, `cut at frame ${at}`);
      // Compression is the same each time, so what is there twice would show.
      assert.ok(packBytes(vault) < total * 1.02, `cut at frame ${at}: ${packBytes(vault)} bytes`);
    };
    const runs = await forEachFrame(uncut.frames(), { step: 10, work });
    t.diagnostic(`cut at ${runs} frames`);
    assert.ok(runs >= 8, `only ${runs} cuts`);
  });

  test("cut at every 10th frame of every connection, it ends by itself, and restic finds it whole", async (t) => {
    using vault = emptyVault.branch("again-and-again");
    await using pair = peerPair({ cutAt: () => 10 });
    const { copied } = await duplicateOver(pair, vault);
    assert.equal(copied.length, 2);
    t.diagnostic(`${pair.connections()} connections`);
    assert.ok(pair.connections() > 12, `${pair.connections()} connections`);
    await assertWhole(vault, "cut again and again");
    if (withoutRestic !== false) return;
    const { status, output } = vault.restic("check", "--read-data");
    assert.equal(status, 0, output);
  });
});
