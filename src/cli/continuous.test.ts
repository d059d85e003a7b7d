import assert from "node:assert/strict";
import { mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { RawPath } from "#image";
import { type Journal, journalFolderName, openJournal } from "#journal";
import { directoryStorage } from "#storage";
import { documents, message, writeSmallStore } from "./story.fixture.ts";
import { environmentIn } from "./command-site.fixture.ts";
import {
  LentRepositories,
  runForTest,
  type TestRun,
  type TestRunOptions,
} from "./surroundings.fixture.ts";

/* A store with one capture and a journal that goes on from there. One story, told in order. */
let folder = "";
let journal: Journal;
const repositories = new LentRepositories((location) => directoryStorage(location));
const at = (name: string): string => join(folder, name);
const beganNs = BigInt(Date.now()) * 1_000_000n + 3_600_000_000_000n;

const inbox = (): string => join(at("mail"), "example.org/support/Maildir");

/** An hour ahead of now, so that what the journal says is later than the capture. */
function ns(seconds: number): bigint {
  return beganNs + BigInt(seconds * 10) * 100_000_000n;
}

function rfc3339(seconds: number): string {
  return new Date(Number(ns(seconds) / 1_000_000n)).toISOString();
}

const path = "example.org/support/Maildir/new/1900000000.M1P1.mx1" as RawPath;
const state = {
  type: "file",
  mode: 0o600,
  uid: 0,
  gid: 0,
  mtimeNs: ns(10),
  ctimeNs: ns(10),
  inode: 4_000_000_000n,
  links: 1,
} as const;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "restante-continuous-"));
  await writeSmallStore(at("mail"));
  journal = await openJournal({
    folder: join(at("state"), "restante", "journal", journalFolderName(at("mail"))),
    secret: { password: "secret" },
    group: at("mail"),
    clock: () => ns(-7200),
    cost: { N: 1024, r: 8, p: 1 },
  });
  await run(["init", "--copy", at("here")]);
  const early = { now: () => ns(-60) };
  const captured = await run(["capture", at("mail"), "--copy", at("here")], early);
  assert.equal(captured.exitCode, 0, captured.messages);
});
after(async () => {
  await journal[Symbol.asyncDispose]();
  await repositories[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const run = (argv: readonly string[], options: TestRunOptions = {}): Promise<TestRun> =>
  runForTest(argv, {
    environment: environmentIn(folder, "secret"),
    workingFolder: folder,
    openRepository: repositories.open,
    now: () => ns(1000),
    ...options,
  });

const reading = (...argv: readonly string[]): readonly string[] => [...argv, "--copy", at("here")];

test("a moment between two changes shows what was there then, from the journal, and says on what and how exactly", async () => {
  const text = message("by the journal");
  const content = journal.store(Buffer.from(text), ns(10));
  const sizeBytes = Buffer.byteLength(text);
  journal.append({ type: "put", path, state, sizeBytes, content }, ns(10));
  journal.append({ type: "remove", path }, ns(20));
  journal.append({ type: "mark", name: "alarm", id: "alarm-1", message: "it is gone" }, ns(21));
  await journal.flush();
  const listed = await run(reading("ls", inbox(), "--at", rfc3339(15)));
  assert.equal(listed.exitCode, 0, listed.messages);
  assert.match(listed.output, /by the journal/);
  assert.match(listed.messages, /exact; crash/);
  assert.match(listed.messages, /replayed on [0-9a-f]{8} of “.*here” \(backup to disk\)/);
  assert.match(listed.messages, /nothing is unknown/);
  const later = await run(reading("ls", inbox(), "--at", rfc3339(25)));
  assert.doesNotMatch(later.output, /by the journal/);
  const shown = await run(reading("show", join(at("mail"), path), "--at", rfc3339(15)));
  assert.match(shown.output, /by the journal/);
});

test("find knows what came and went between two copies at a moment at which it was there, and says which moment that is", async () => {
  const found = await run(reading("find", "subject:journal", "--at", rfc3339(15)));
  assert.equal(found.exitCode, 0, found.messages);
  assert.match(found.output, /by the journal +support@example\.org\/INBOX +gone between .* and /);
  assert.match(found.messages, /mail as of .*\(moment journal-3 of .*, exact; crash\)/);
  assert.match(found.messages, /replayed on [0-9a-f]{8} of “.*here” \(backup to disk\)/);
  assert.match(found.messages, /nothing is unknown/);
  const json = await run(reading("find", "subject:journal", "--at", rfc3339(15), "--json"));
  const moments = documents(json)[0]?.["moments"] as
    | readonly Readonly<Record<string, unknown>>[]
    | undefined;
  const moment = moments?.[0] ?? {};
  const replay = moment["replay"] as Record<string, unknown>;
  assert.deepEqual(
    [moment["id"], moment["method"], replay["unknown"], replay["shownEarlier"]],
    ["journal-3", "continuous data protection", [], []],
  );
  const id = /^m:\S+/.exec(found.output)?.[0] ?? "";
  const shown = await run(reading("show", id, "--at", rfc3339(15)));
  assert.match(shown.output, /by the journal/, shown.messages);
});

test("find says of other moments, and of the copies alone, that nobody has it", async () => {
  const later = await run(reading("find", "subject:journal", "--at", rfc3339(25)));
  assert.equal(later.exitCode, 22);
  assert.match(later.messages, /moment journal-5 of/);
  const now = await run(reading("find", "subject:journal"));
  assert.equal(now.exitCode, 22);
  assert.match(now.messages, /mail up to .*, by its journal/);
  const asItIs = await run(reading("find", "subject:journal", "--no-fill", "--at", rfc3339(15)));
  assert.equal(asItIs.exitCode, 22);
  assert.match(asItIs.messages, /mail as of .*, the nearest; /);
});

test("is:missing finds without --at what came and went between two copies, and show and restore what it found", async () => {
  const found = await run(reading("find", "is:missing"));
  assert.equal(found.exitCode, 0, found.messages);
  assert.match(
    found.output,
    /^m:\S+ .*by the journal +support@example\.org\/INBOX +gone between .* and .*\n$/,
  );
  assert.match(found.messages, /1 moment of the journal in between, for what came and went/);
  const json = documents(await run(reading("find", "is:missing", "--json")))[0];
  assert.deepEqual(json?.["between"], { count: 1, left: 0 });
  const id = found.output.split(" ", 1)[0] ?? "";
  const shown = await run(reading("show", id));
  assert.match(shown.output, /by the journal/, shown.messages);
  const other = await run(reading("find", "is:missing", join(at("mail"), "example.org/sales")));
  assert.equal(other.exitCode, 22);
  assert.doesNotMatch(other.messages, /in between/, "another mailbox's mail was not asked for");
  assert.equal((await run(reading("find", "is:missing", "--no-fill"))).exitCode, 22);
});

test("what was deleted in between comes back byte for byte", async () => {
  const restored = await run(
    reading("restore", at("mail"), "--at", rfc3339(15), "--to", at("back"), "--yes"),
  );
  assert.equal(restored.exitCode, 0, restored.messages);
  const bytes = await readFile(join(at("back"), path), "utf8");
  assert.equal(bytes, message("by the journal"));
});

test("moments shows what is covered, gaps with their reasons, alarms, and what may be lost", async () => {
  const gap = { type: "gap", fromNs: ns(30), toNs: ns(40), why: "overflow" } as const;
  journal.append(gap, ns(40));
  await journal.flush();
  const shown = await run(reading("moments", at("mail")));
  assert.match(shown.output, /journal-\d+ /);
  assert.match(shown.output, /every change {2}/);
  assert.match(shown.output, /gap {2}.*more happened than could be noted.*not scanned since/);
  assert.match(shown.output, /alarm {2}alarm-1, .*it is gone/);
  assert.match(shown.output, /lost at most {2}any change: not said/);
  const unknown = await run(reading("ls", at("mail"), "--at", rfc3339(45), "--from", "journal"));
  assert.match(unknown.messages, /unknown: what changed unseen in 1 gap/);
  const json = await run(reading("moments", at("mail"), "--json"));
  const [document] = documents(json);
  const all = document?.["continuous"] as readonly Readonly<Record<string, unknown>>[] | undefined;
  const continuous = all?.[0] ?? {};
  const gaps = continuous["gaps"] as readonly object[];
  assert.deepEqual([continuous["changes"], gaps.length, continuous["arrivals"]], [2, 1, 0]);
  const listed = await run(reading("ls", at("mail"), "--at", rfc3339(15), "--json"));
  const moment = documents(listed)[0]?.["moment"] as Record<string, Record<string, unknown>>;
  assert.equal(moment["replay"]?.["sequence"], 3);
  assert.deepEqual(moment["replay"]?.["unknown"], []);
});

test("an account that was in the middle of a change is said to be shown as of earlier, and by how much", async () => {
  const account = "example.org/support/Maildir" as RawPath;
  const later = `${account}/new/1900000001.M1P1.mx1` as RawPath;
  const bytes = Buffer.from(message("in the middle"));
  journal.append({ type: "mark", name: "unsettled", path: account }, ns(50));
  const content = journal.store(bytes, ns(51));
  const sizeBytes = bytes.length;
  journal.append({ type: "put", path: later, state, sizeBytes, content }, ns(51));
  journal.append({ type: "mark", name: "settled", path: account }, ns(52));
  await journal.flush();
  const ls = ["ls", inbox(), "--from", "journal", "--at"];
  const during = await run(reading(...ls, rfc3339(51.5)));
  assert.doesNotMatch(during.output, /in the middle/);
  assert.match(
    during.messages,
    /example\.org\/support\/Maildir as of \d\d:\d\d:\d\d\.\d{3} \(1\.5 s earlier\)/,
  );
  const after = await run(reading(...ls, rfc3339(53)));
  assert.match(after.output, /in the middle/);
  assert.doesNotMatch(after.messages, /earlier/);
  const found = await run(reading("find", "in:INBOX middle", "--at", rfc3339(51.5)));
  assert.equal(found.exitCode, 22);
  assert.match(found.messages, /1\.5 s earlier/);
  const json = await run(reading(...ls, rfc3339(51.5), "--json"));
  const earlier = JSON.stringify(documents(json)[0]?.["moment"]);
  const since = rfc3339(50).replace(/Z$/, "").slice(0, 19);
  assert.match(earlier, new RegExp(`"account":"${account}","at":"${since}.*"earlierMs":1500`));
  const moments = await run(reading("moments", at("mail"), "--json"));
  const [document] = documents(moments);
  assert.match(JSON.stringify(document?.["continuous"]), /"inMotion":\{"times":1,/);
  assert.match(
    (await run(reading("moments", at("mail")))).output,
    /1 time an account was in the middle of a change, for at most 2\.0 s/,
  );
});

test("a journal that cannot be read is told, and takes no copy with it", async () => {
  const broken = join(at("state"), "restante", "journal", journalFolderName(at("mail")), "keys");
  const moved = `${broken}-away`;
  await rename(broken, moved);
  const listed = await run(reading("ls", at("mail")));
  assert.equal(listed.exitCode, 0, listed.messages);
  assert.match(listed.messages, /copy “journal” cannot be used/);
  await rename(moved, broken);
});
