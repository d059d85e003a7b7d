import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { RawPath } from "#image";
import { type Journal, journalFolderName, openJournal } from "#journal";
import { directoryStorage } from "#storage";
import { documents, message, writeSmallStore } from "../story.fixture.ts";
import { environmentIn } from "../command-site.fixture.ts";
import { LentRepositories, runForTest, type TestRun } from "../surroundings.fixture.ts";

/* A store with a capture, a journal that follows it, and mail at delivery. One story, told in order. */
let folder = "";
let journal: Journal;
let stage: Journal;
const repositories = new LentRepositories((location) => directoryStorage(location));
const at = (name: string): string => join(folder, name);
const beganNs = BigInt(Date.now()) * 1_000_000n + 3_600_000_000_000n;

/** An hour ahead of now, so that what the journal says is later than the capture. */
function ns(seconds: number): bigint {
  return beganNs + BigInt(seconds) * 1_000_000_000n;
}

function rfc3339(seconds: number): string {
  return new Date(Number(ns(seconds) / 1_000_000n)).toISOString();
}

function arrive(
  into: Journal,
  subject: string,
  more: { readonly at: number; readonly answers: Readonly<Record<string, number>> },
): void {
  const atNs = ns(more.at);
  const bytes = Buffer.from(message(subject).replaceAll("\n", "\r\n"));
  const content = into.store(bytes, atNs);
  const recipients = Object.keys(more.answers);
  const delivery = subject;
  into.append(
    {
      type: "arrived",
      delivery,
      sender: "a@x",
      recipients,
      sizeBytes: bytes.length,
      content,
    },
    atNs,
  );
  for (const [recipient, code] of Object.entries(more.answers)) {
    const reply = { code, lines: ["so"] };
    into.append({ type: "outcome", delivery, recipient, reply }, atNs);
  }
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "restante-arrived-"));
  await writeSmallStore(at("mail"));
  const settings = { secret: { password: "secret" }, cost: { N: 1024, r: 8, p: 1 } };
  journal = await openJournal({
    ...settings,
    folder: join(at("state"), "restante", "journal", journalFolderName(at("mail"))),
    group: at("mail"),
    clock: () => ns(-7200),
  });
  stage = await openJournal({
    ...settings,
    folder: at("stage"),
    group: "stage",
    clock: () => ns(0),
  });
  await run(["init", "--copy", at("here")]);
  const captured = await run(["capture", at("mail"), "--copy", at("here")], ns(-60));
  assert.equal(captured.exitCode, 0, captured.messages);
});
after(async () => {
  await journal[Symbol.asyncDispose]();
  await stage[Symbol.asyncDispose]();
  await repositories[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const run = (argv: readonly string[], nowNs = ns(10_000)): Promise<TestRun> =>
  runForTest(argv, {
    environment: environmentIn(folder, "secret"),
    workingFolder: folder,
    openRepository: repositories.open,
    now: () => nowNs,
  });

test("moments --arrived says what became of each message, and shows what may be missing", async () => {
  journal.append({ type: "mark", name: "reconciled" }, ns(0));
  const [support, sales] = ["support@example.org", "sales@example.org"];
  arrive(journal, "seen", { at: 10, answers: { [support]: 250 } });
  const path = "example.org/support/Maildir/new/1900000000.M1P1.mx1" as RawPath;
  const bytes = Buffer.from(`Delivered-To: ${support}\n${message("seen")}`);
  const content = journal.store(bytes, ns(11));
  const state = {
    type: "file",
    mode: 0o600,
    uid: 0,
    gid: 0,
    mtimeNs: ns(11),
    ctimeNs: ns(11),
    inode: 4_000_000_000n,
    links: 1,
  } as const;
  journal.append({ type: "put", path, state, sizeBytes: bytes.length, content }, ns(11));
  arrive(journal, "discarded", { at: 20, answers: { [support]: 250 } });
  arrive(journal, "lost", { at: 5000, answers: { [support]: 250, [sales]: 550 } });
  arrive(journal, "also lost", { at: 5100, answers: { "sales+x@Example.org": 250 } });
  journal.append({ type: "gap", fromNs: ns(4990), toNs: ns(5200), why: "unreadable" }, ns(5200));
  arrive(journal, "afterwards", { at: 9000, answers: { [support]: 250 } });
  await journal.flush();
  const ask = ["moments", at("mail"), "--copy", at("here"), "--arrived", "--at", rfc3339(6000)];
  const shown = await run(ask);
  assert.equal(shown.exitCode, 0, shown.messages);
  assert.match(
    shown.output,
    /1 seen in the store, 2 may be missing, 1 taken and not stored.*, 1 refused, 0 without/,
  );
  assert.match(shown.output, /may be missing: 2\n.*support@example\.org.*from a@x/);
  const mailbox = await run(["moments", join(at("mail"), "example.org/sales"), ...ask.slice(2)]);
  assert.match(mailbox.output, /may be missing: 1\n.*sales\+x@Example\.org/);
  const json = documents(await run([...ask, "--json"]))[0] as Record<string, unknown>;
  assert.deepEqual(json["counts"], {
    observed: 1,
    refused: 1,
    filtered: 1,
    missing: 2,
    unanswered: 0,
  });
});

test("export --arrived writes out those messages and no other, byte for byte", async () => {
  const to = at("lost.eml");
  const target = join(at("mail"), "example.org/support");
  const more = ["--copy", at("here"), "--arrived", "--at", rfc3339(6000)];
  const exported = await run(["export", target, ...more, "--to", at("lost"), "--format", "mbox"]);
  assert.equal(exported.exitCode, 0, exported.messages);
  const text = await readFile(at("lost"), "utf8");
  assert.match(text, /Subject: lost/);
  assert.equal(text.match(/^From /gm)?.length, 1);
  const none = await run([
    "export",
    target,
    "--copy",
    at("here"),
    "--arrived",
    "--at",
    rfc3339(30),
    "--to",
    to,
  ]);
  assert.equal(none.exitCode, 22, none.output);
  assert.match(none.messages, /nothing of it may be missing/);
});

test("a stage of its own saw no store: all that the server took may be missing", async () => {
  arrive(stage, "one", { at: 10, answers: { "a@example.net": 250, "b@example.net": 550 } });
  await stage.flush();
  const more = ["--journal", at("stage"), "--arrived"];
  const exported = await run(["export", "*@example.net", ...more, "--to", at("own.mbox")]);
  assert.equal(exported.exitCode, 0, exported.messages);
  assert.match(exported.output, /1 message of 1 mailbox/);
  const other = await run(["export", "*@example.com", ...more, "--to", at("other.mbox")]);
  assert.equal(other.exitCode, 22);
});

test("what makes no sense is said before anything is read", async () => {
  for (const [argv, said] of [
    [["export", "x", "--to", at("x.mbox"), "--journal", at("stage")], /without --arrived/],
    [["restore", "x@y", "--arrived", "--exact", "--to", "imaps://h"], /not all mail/],
    [["restore", "x@y", "--arrived", "--journal", at("stage"), "--to", at("x")], /into files/],
    [["moments", "--arrived"], /for whom was not said/],
  ] as const) {
    const { exitCode, messages } = await run(argv);
    assert.equal(exitCode, 2, messages);
    assert.match(messages, said);
  }
});
