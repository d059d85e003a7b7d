import assert from "node:assert/strict";
import { chmod, link, mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { displayPath, type RawPath } from "#image";
import { withoutRootRights } from "../../files/unprivileged.fixture.ts";
import { findStoreFacts } from "./store-facts.ts";

let top = "";
before(async () => {
  top = await mkdtemp(join(tmpdir(), "restante-facts-"));
});
after(() => rm(top, { recursive: true, force: true }));

const dayMs = 86_400_000;
const nowMs = Date.UTC(2026, 10, 25, 12);
const now = (): bigint => BigInt(nowMs) * 1_000_000n;
const noLimits = { files: Infinity, ms: 1e9 };

async function maildir(path: string): Promise<string> {
  for (const name of ["cur", "new", "tmp"]) await mkdir(join(path, name), { recursive: true });
  return path;
}

async function fileOf(path: string, bytes: number, ageDays: number): Promise<void> {
  await writeFile(path, Buffer.alloc(bytes, "x"));
  const at = new Date(nowMs - ageDays * dayMs);
  await utimes(path, at, at);
}

/** Two owners, one of them with a folder; 1 message too old, 1 from the future, 1 in tmp, 1 with two names. */
async function store(name: string): Promise<string> {
  const folder = join(top, name);
  const anna = await maildir(join(folder, "anna/Maildir"));
  const work = await maildir(join(anna, ".Work"));
  const bert = await maildir(join(folder, "bert/Maildir"));
  await fileOf(join(anna, "cur/1"), 1000, 0.5);
  await fileOf(join(anna, "new/2"), 2000, 0.6);
  await fileOf(join(work, "cur/3"), 500, 9.5);
  await fileOf(join(bert, "cur/4"), 4000, 99);
  await fileOf(join(bert, "cur/5"), 100, -2);
  await fileOf(join(bert, "tmp/6"), 1e5, 0.1);
  await link(join(anna, "cur/1"), join(bert, "cur/1"));
  await fileOf(join(folder, "passwd"), 50, 0.1);
  return folder;
}

test("a store's bytes, owners and what is new of the last 30 days", async () => {
  const facts = await findStoreFacts(await store("plain"), { limits: noLimits, now });
  assert.deepEqual(facts, {
    bytes: 1000 + 2000 + 500 + 4000 + 100 + 50,
    files: 6,
    mailboxes: 2,
    newBytesPerDay: 3500 / 30,
    busiestDayBytes: 3000,
    newMessagesPerDay: 3 / 30,
    days: 30,
    complete: true,
    problems: [],
    problemCount: 0,
  });
});

test("a store that is younger than 30 days is not taken for a quiet one", async () => {
  const folder = join(top, "young");
  const anna = await maildir(join(folder, "anna"));
  await fileOf(join(anna, "cur/1"), 1000, 0.5);
  await fileOf(join(anna, "cur/2"), 2000, 1.5);
  const facts = await findStoreFacts(folder, { limits: noLimits, now });
  assert.deepEqual([facts.days, facts.newBytesPerDay], [2, 1500]);
});

test("files without Maildirs are counted, and nothing is said of their growth", async () => {
  const folder = join(top, "files");
  await mkdir(join(folder, "cur"), { recursive: true });
  await fileOf(join(folder, "cur/1"), 10, 0.5);
  await fileOf(join(folder, "inbox"), 20, 0.5);
  const facts = await findStoreFacts(folder, { limits: noLimits, now });
  assert.deepEqual(
    [facts.bytes, facts.files, facts.mailboxes, facts.newBytesPerDay, facts.complete],
    [30, 2, 0, undefined, true],
  );
});

test("at a limit of files the walk stops and says that it did", async () => {
  const folder = await store("many");
  const seen: RawPath[] = [];
  const limits = { files: 2, ms: 1e9 };
  const facts = await findStoreFacts(folder, { limits, now, onFile: (path) => seen.push(path) });
  assert.deepEqual(seen.map(displayPath), ["anna/Maildir/.Work/cur/3", "anna/Maildir/cur/1"]);
  assert.deepEqual(
    [facts.complete, facts.files, facts.bytes, facts.mailboxes],
    [false, 2, 1500, 1],
    "the second owner was not come to",
  );
});

test("at a limit of time the walk stops too, by the clock that it is given", async () => {
  const folder = await store("slow");
  let ticks = 0n;
  const slow = (): bigint => now() + 1_000_000_000n * ticks++;
  const facts = await findStoreFacts(folder, { limits: { files: 1e9, ms: 2500 }, now: slow });
  assert.deepEqual([facts.complete, facts.files], [false, 2]);
});

test("a folder that cannot be listed is told, and the store is not taken for whole", async () => {
  const folder = await store("closed");
  const closed = join(folder, "bert/Maildir/cur");
  const below = await readdir(folder, { recursive: true });
  await chmod(closed, 0);
  await withoutRootRights([top, folder, ...below.map((path) => join(folder, path))], async () => {
    const facts = await findStoreFacts(folder, { limits: noLimits, now });
    assert.equal(facts.complete, false);
    assert.equal(facts.problemCount, 1);
    assert.match(facts.problems[0] ?? "", /^"bert\/Maildir\/cur": /);
  });
});

test("a folder that is not there is an error, and the walk ends when it is told to", async () => {
  await assert.rejects(findStoreFacts(join(top, "none"), { limits: noLimits, now }), {
    code: "image.not-found",
  });
  const signal = AbortSignal.abort();
  await assert.rejects(findStoreFacts(await store("aborted"), { limits: noLimits, now, signal }), {
    name: "AbortError",
  });
});
