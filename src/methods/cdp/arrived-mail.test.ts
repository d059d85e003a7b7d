import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { rawParent, type RawPath } from "#image";
import { type JournalEvent, memoryJournal, type MemoryJournal } from "#journal";
import { arrivedAccount } from "./arrived-account.ts";
import { type ArrivedMail, arrivedMail, type ArrivedMailOptions } from "./arrived-mail.ts";
import { surveyJournal } from "./survey-journal.ts";

const minute = 60_000_000_000n;
const state = {
  type: "file",
  mode: 0o600,
  uid: 0,
  gid: 0,
  mtimeNs: 0n,
  ctimeNs: 0n,
  inode: 7n,
  links: 1,
} as const;

const trace =
  "Return-Path: <a@x>\nDelivered-To: b@y\nReceived: by s with LMTP id 1\n\tfor <b@y>; now\n";
const mail = (subject: string): string => `Subject: ${subject}\r\n\r\nBody of ${subject}\r\n`;
/** As a server keeps it: with its own trace in front, and other line ends. */
const stored = (subject: string): string => trace + mail(subject).replaceAll("\r\n", "\n");
/** "a@y" has its mail in "a@y/new" and "a@y/tmp". */
const addressesOf = (folder: RawPath): readonly string[] => [rawParent(folder)];

class Story {
  readonly journal: MemoryJournal = memoryJournal();
  #minutes = 0n;

  constructor({ isFollowed = true } = {}) {
    this.append({ type: "mark", name: "start" });
    if (isFollowed) this.append({ type: "mark", name: "reconciled" });
  }

  append(event: JournalEvent): this {
    this.journal.append(event, this.#minutes * minute);
    return this;
  }

  later(minutes: number): this {
    this.#minutes += BigInt(minutes);
    return this;
  }

  arrive(subject: string, answers: Readonly<Record<string, number | undefined>>): this {
    const bytes = Buffer.from(mail(subject));
    const content = this.journal.store(bytes, this.#minutes * minute);
    const delivery = `${subject}-${this.journal.lastSequence}`;
    const recipients = Object.keys(answers);
    const sizeBytes = bytes.length;
    this.append({ type: "arrived", delivery, sender: "a@x", recipients, sizeBytes, content });
    for (const [recipient, code] of Object.entries(answers))
      if (code !== undefined)
        this.append({ type: "outcome", delivery, recipient, reply: { code, lines: [""] } });
    return this;
  }

  store(path: string, bytes: string | Uint8Array): this {
    const whole = Buffer.from(bytes as Uint8Array);
    const content = this.journal.store(whole, this.#minutes * minute);
    return this.append({
      type: "put",
      path: path as RawPath,
      state,
      sizeBytes: whole.length,
      content,
    });
  }

  /** Long after, with a sign of life. */
  async whatBecame(options: Partial<ArrivedMailOptions> = {}): Promise<ArrivedMail> {
    this.later(60).append({ type: "mark", name: "reconciled" });
    const survey = await surveyJournal(this.journal);
    return await arrivedMail(this.journal, { survey, upTo: Infinity, addressesOf, ...options });
  }
}

const none = { observed: 0, refused: 0, filtered: 0, missing: 0, unanswered: 0 };

test("a message with the server's trace and other line ends is seen as the one that arrived, for each recipient", async () => {
  const { counts, missing } = await new Story()
    .arrive("one", { "a@y": 250, "b+detail@Y": 250, "c@y": 250 })
    .store("a@y/new/1", stored("one"))
    .store("b@y/new/1", gzipSync(stored("one")))
    .whatBecame();
  assert.deepEqual(counts, { ...none, observed: 2, filtered: 1 });
  assert.deepEqual(missing, []);
});

test("what the server refused is never offered, nor what it took and did not store while all was seen", async () => {
  const { counts, missing, unanswered } = await new Story()
    .arrive("spam", { "a@y": 550, "b@y": 451 })
    .arrive("discarded", { "a@y": 250 })
    .arrive("interrupted", { "a@y": undefined })
    .whatBecame();
  assert.deepEqual(counts, { ...none, refused: 2, filtered: 1, unanswered: 1 });
  assert.deepEqual(missing, []);
  assert.deepEqual(
    unanswered.map(({ delivery, recipient }) => [delivery.split("-")[0], recipient]),
    [["interrupted", "a@y"]],
  );
});

test("within a gap, soon before the end, and in a store that nobody followed, what was not seen may be missing", async () => {
  const inGap = new Story().arrive("lost", { "a@y": 250, "b@y": 550 }).later(5);
  inGap.append({ type: "gap", fromNs: 1n * minute, toNs: 5n * minute, why: "overflow" });
  const gap = await inGap.whatBecame();
  assert.deepEqual(gap.counts, { ...none, missing: 1, refused: 1 });
  assert.deepEqual([gap.missing[0]?.recipient, gap.missing[0]?.sender], ["a@y", "a@x"]);
  const afterwards = new Story().later(1);
  afterwards.append({ type: "gap", fromNs: 0n, toNs: minute, why: "overflow" });
  afterwards.append({ type: "mark", name: "reconciled" }).later(1);
  assert.equal((await afterwards.arrive("x", { "a@y": 250 }).whatBecame()).counts.filtered, 1);
  const unfollowed = await new Story({ isFollowed: false })
    .arrive("x", { "a@y": 250 })
    .whatBecame();
  assert.equal(unfollowed.counts.missing, 1);
  const ofOthers = new Story().arrive("x", { "a@y": 250, "b@y": 250 });
  const isFollowed = (recipient: string): boolean => recipient === "b@y";
  assert.deepEqual((await ofOthers.whatBecame({ isFollowed })).counts, {
    ...none,
    missing: 1,
    filtered: 1,
  });
  const late = new Story().arrive("x", { "a@y": 250 });
  const survey = await surveyJournal(late.journal);
  const recent = await arrivedMail(late.journal, { survey, upTo: Infinity, addressesOf });
  assert.equal(recent.counts.missing, 1);
});

test("the same message again, lost after the first was there, is not taken for the first", async () => {
  const story = new Story().arrive("twice", { "a@y": 250 }).store("a@y/new/1", stored("twice"));
  story.later(1).arrive("twice", { "a@y": 250 });
  story.append({ type: "gap", fromNs: minute, toNs: 2n * minute, why: "unreadable" });
  assert.deepEqual((await story.whatBecame()).counts, { ...none, observed: 1, missing: 1 });
});

test("a file that was written before it had its name is seen when it gets it", async () => {
  const story = new Story();
  story.store("stage./1", stored("linked")).arrive("linked", { "a@y": 250 });
  const file = { inode: 7n, sizeBytes: 1, mtimeNs: 0n };
  story.append({ type: "link", path: "stage./1" as RawPath, to: "a@y/new/1" as RawPath, file });
  assert.deepEqual((await story.whatBecame()).counts, { ...none, observed: 1 });
});

test("an alias has its message in a folder of another name; a recipient of this store has not", async () => {
  const story = new Story()
    .store("b@y/new/0", stored("before"))
    .arrive("one", { "info@y": 250, "b@y": 250 })
    .store("c@y/new/1", stored("one"))
    .store("d@y/new/1", stored("one"));
  assert.deepEqual((await story.whatBecame()).counts, { ...none, observed: 1, filtered: 1 });
});

test("dbox: messages in a new file and at the end of one are seen", async () => {
  const message = (text: string): string =>
    `\u0001\u0002N${" ".repeat(10)}${text.length.toString(16).padStart(16, "0")}\n${text}\n\u0001\u0003\nR1\nV1\n\n`;
  const story = new Story()
    .arrive("one", { "a@y": 250 })
    .arrive("two", { "a@y": 250 })
    .arrive("three", { "a@y": 250 })
    .store("a@y/new/m.1", `2 M1e C1\n${message(stored("one"))}${message(stored("two"))}`);
  const content = story.journal.store(Buffer.from(message(stored("three"))), 0n);
  const path = "a@y/new/m.1" as RawPath;
  story.append({ type: "write", path, offset: 999, content, sizeBytes: 2000, state });
  assert.deepEqual((await story.whatBecame()).counts, { ...none, observed: 3 });
});

test("mbox: messages in a file and at the end of one are seen, quoted or not, without the server's own fields, each in the file of its owner", async () => {
  const from = "From a@x Mon Nov 23 10:00:00 2026\n";
  const kept = (subject: string, more = ""): string =>
    `${from}${stored(subject).replace("\n\n", "\nX-UID: 7\nStatus: RO\nContent-Length: 99\n\n")}${more}\n`;
  /** A file for each owner, as in a spool. */
  const owners = (folder: RawPath): readonly string[] => [folder];
  const story = new Story()
    .arrive("one", { "a@y": 250, "b@y": 250 })
    .arrive("two", { "a@y": 250 })
    .arrive("three\n\nFrom here on\r\n", { "a@y": 250 })
    .arrive("four", { "a@y": 250 })
    .arrive("five", { "b@y": 250 })
    .store("a@y", kept("one") + kept("two"))
    .store("b@y", kept("one"));
  const append = (text: string): void => {
    const content = story.journal.store(Buffer.from(text), 0n);
    const event = { path: "a@y" as RawPath, offset: 999, content, sizeBytes: 2000, state };
    story.append({ type: "write", ...event });
  };
  append(`\n${kept("three\n\nFrom here on\r\n").replaceAll("\nFrom here", "\n>From here")}`);
  append(kept("four").slice(0, -1));
  const { counts } = await story.whatBecame({ addressesOf: owners });
  assert.deepEqual(counts, { ...none, observed: 5, filtered: 1 });
});

test("what is after the moment does not count, but what is known of it since does", async () => {
  const story = new Story({ isFollowed: false }).arrive("first", { "a@y": undefined });
  const upTo = story.journal.lastSequence;
  story.store("a@y/new/1", stored("first")).arrive("second", { "a@y": 250 });
  assert.deepEqual((await story.whatBecame({ upTo })).counts, { ...none, observed: 1 });
});

test("bytes that the journal does not have are no message, and what may have been one keeps the question open", async () => {
  const story = new Story();
  const content = [{ data: 1, offset: 0, lengthBytes: 5 }];
  const arrived = { type: "arrived", delivery: "gone", sender: "", recipients: ["a@y"] } as const;
  story.append({ ...arrived, sizeBytes: 5, content });
  const reply = { code: 250, lines: [] };
  story.append({ type: "outcome", delivery: "gone", recipient: "a@y", reply });
  story.arrive("other", { "a@y": 250 });
  story.append({ type: "put", path: "a@y/new/1" as RawPath, state, sizeBytes: 5, content });
  const { counts, missing, unreadable, omitted } = await story.whatBecame();
  assert.deepEqual(counts, { ...none, missing: 2 });
  assert.deepEqual([missing.length, unreadable, omitted], [1, 1, 1]);
});

test("arrived messages are the mail of an account: each once, with the bytes that came", async () => {
  const story = new Story({ isFollowed: false });
  const { missing } = await story
    .arrive("one", { "a@y": 250 })
    .arrive("one", { "a@y": 250 })
    .arrive("two", { "a@y": 250 })
    .whatBecame();
  const account = arrivedAccount({ journal: story.journal, owner: "a@y", messages: missing });
  const [inbox] = await account.mailboxes();
  assert.ok(inbox !== undefined);
  const { messages } = await account.messages(inbox);
  const texts = await Promise.all(
    messages.map(async (one) => Buffer.concat(await Array.fromAsync(account.read(one))).toString()),
  );
  assert.deepEqual(texts, [mail("one"), mail("two")]);
});
