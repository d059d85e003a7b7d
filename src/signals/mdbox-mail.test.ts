import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import type { RawPath } from "#image";
import { appends, expunges, logHeader, ranges, references } from "./dovecot-log.fixture.ts";
import { old, stateOf, Story } from "./signal-story.fixture.ts";

const inbox = "anna/mdbox/mailboxes/INBOX/dbox-Mails";
const map = "anna/mdbox/storage/dovecot.map.index.log";

/** A store whose logs grow as a capture records it: what is new, at the end. */
class LogStory extends Story {
  readonly #sizes = new Map<string, number>();

  /** An account of mdbox whose INBOX has so many messages, UIDs from 1 on. */
  static of(messages: number, account = "anna"): LogStory {
    const story = new LogStory();
    story.mailbox(`${account}/mdbox`, "INBOX", messages);
    return story;
  }

  mailbox(account: string, name: string, messages: number, kind = "mdbox"): string {
    const log = { indexId: 7, sequence: 1, offset: 40 };
    const path = `${account}/mailboxes/${name}/dbox-Mails/dovecot.index.log`;
    if (kind === "mdbox") {
      const mapLog = `${account}/storage/dovecot.map.index.log`;
      this.watch.learn({ path: mapLog as RawPath, index: { messages, log } });
      this.#sizes.set(mapLog, 40);
    }
    this.watch.learn({ path: path as RawPath, index: { messages, log } });
    this.#sizes.set(path, 40);
    return path;
  }

  grow(path: string, ...records: readonly Buffer[]): void {
    this.#write(path, this.#sizes.get(path) ?? 0, Buffer.concat(records));
  }

  begin(path: string, ...bytes: readonly Buffer[]): void {
    this.put(path, Buffer.concat(bytes));
    this.#sizes.set(path, Buffer.concat(bytes).length);
  }

  /** The same bytes again, from anywhere: a block that is written as a whole. */
  again(path: string, offset: number, bytes: Buffer): void {
    this.#write(path, offset, bytes);
  }

  #write(path: string, offset: number, bytes: Buffer): void {
    const data = this.happens({ type: "data", bytes });
    const sizeBytes = Math.max(this.#sizes.get(path) ?? 0, offset + bytes.length);
    const content = [{ data, offset: 0, lengthBytes: bytes.length }];
    const state = stateOf(old);
    this.happens({ type: "write", path: path as RawPath, offset, content, sizeBytes, state });
    this.#sizes.set(path, sizeBytes);
  }
}

const log = `${inbox}/dovecot.index.log`;

describe("mdbox: what is an alarm", () => {
  test("expunges in a mailbox's log, with the moment just before", () => {
    const story = LogStory.of(250);
    story.grow(log, expunges(1, 200, false));
    assert.deepEqual(story.kinds(), []);
    const wellUntil = story.sequence;
    story.grow(log, expunges(1, 200));
    assert.deepEqual(story.kinds(), ["mass-removal anna/mdbox", "mass-removal "]);
    const [signal] = story.signals;
    assert.equal(signal?.message, '200 of 250 messages of "anna/mdbox" disappeared (80%)');
    assert.equal(signal.before.sequence, wellUntil + 1);
    assert.equal(story.watch.messages, 50);
  });

  test("the log that follows goes on, and what was written to the old one at last counts as well", () => {
    const story = LogStory.of(100);
    story.grow(log, expunges(1, 30));
    story.rename(log, `${log}.2`);
    story.begin(log, logHeader({ sequence: 2 }), expunges(61, 10));
    story.again(`${log}.2`, 40, Buffer.concat([expunges(1, 30), expunges(31, 30)]));
    story.kinds();
    assert.equal(story.signals[0]?.message, '70 of 100 messages of "anna/mdbox" disappeared (70%)');
  });

  test("a mailbox that is deleted takes its messages along, wherever it was moved before", () => {
    const story = LogStory.of(100);
    story.mailbox("anna/mdbox", "Archive", 80);
    story.mailbox("ben/mdbox", "INBOX", 5000);
    story.rename("anna/mdbox/mailboxes/Archive", "anna/mdbox/mailboxes/Old");
    story.remove("anna/mdbox/mailboxes/Old/dbox-Mails/dovecot.index.log");
    story.happens({ type: "rmdir", path: "anna/mdbox/mailboxes/Old/dbox-Mails" as RawPath });
    story.happens({ type: "rmdir", path: "anna/mdbox/mailboxes/Old" as RawPath });
    assert.deepEqual(story.kinds(), ["mass-removal anna/mdbox"]);
    assert.match(story.signals[0]?.message ?? "", /^80 of 180 messages/);
    assert.equal(story.watch.messages, 5100);
  });

  test("an account that goes as a whole", () => {
    const story = LogStory.of(100);
    story.happens({ type: "rmdir", path: "anna" as RawPath });
    assert.deepEqual(story.kinds(), ["mass-removal anna/mdbox", "mass-removal "]);
    assert.equal(story.watch.messages, 0);
  });

  test("throwing away and emptying within the window", () => {
    const story = LogStory.of(200);
    const trash = story.mailbox("anna/mdbox", "Trash", 0);
    story.grow(map, references(1, 100));
    story.grow(trash, appends(1, 100));
    story.grow(log, expunges(1, 100));
    assert.deepEqual(story.kinds(), []);
    story.grow(trash, expunges(1, 100));
    assert.deepEqual(story.kinds(), ["mass-removal anna/mdbox", "mass-removal "]);
    assert.match(story.signals[0]?.message ?? "", /^100 of 200 messages/);
  });
});

describe("mdbox: what is no alarm", () => {
  const quiet: readonly (readonly [string, (story: LogStory, trash: string) => void])[] = [
    [
      "emptying what was thrown away long ago, or was delivered there",
      (story, trash) => {
        story.grow(trash, expunges(1, 50));
        story.grow(trash, appends(51, 50), expunges(51, 50));
        story.grow(map, references(1, 100));
        story.grow(trash, appends(101, 100));
        story.grow(log, expunges(1, 100));
        story.passes(660);
        story.grow(trash, expunges(101, 100));
      },
    ],
    [
      "moving, in either order",
      (story, trash) => {
        const archive = trash.replace("Trash", "Archive");
        story.begin(archive, logHeader(), appends(1, 60));
        story.grow(map, references(1, 60));
        story.grow(log, expunges(1, 60));
        story.grow(log, expunges(61, 60));
        story.grow(map, references(61, 60));
      },
    ],
    [
      "records that come again: blocks, a whole file, a file under another name",
      (story) => {
        const records = Buffer.concat([expunges(1, 18), appends(201, 3)]);
        story.grow(log, records);
        for (let turn = 0; turn < 5; turn++) {
          story.again(log, 40, records);
          story.again(log, 0, Buffer.concat([logHeader(), records]));
          story.begin(log, logHeader(), records);
          story.begin(`${log}.2`, logHeader(), records);
        }
      },
    ],
    [
      "an index that is made anew, or comes from elsewhere",
      (story) => {
        story.begin(log, logHeader({ indexId: 8 }), appends(1, 200));
        story.begin(log, logHeader({ indexId: 9, sequence: 5 }), expunges(1, 150));
        story.begin(log, logHeader({ indexId: 9, sequence: 3 }), expunges(1, 150));
      },
    ],
    [
      "an older log that is put back, and grows again",
      (story) => {
        story.begin(log, logHeader(), expunges(1, 15), appends(201, 50));
        story.begin(log, logHeader(), expunges(1, 15));
        story.grow(log, appends(201, 50));
      },
    ],
    [
      "references that are lost, and a purge",
      (story) => {
        story.grow(map, references(1, 100, -1));
        story.remove("anna/mdbox/storage/m.1");
      },
    ],
    [
      "the logs of a store with a file for each message: its files tell",
      (story) => {
        const single = story.mailbox("carl/sdbox", "INBOX", 100, "sdbox");
        story.grow(single, expunges(1, 100));
        story.happens({ type: "rmdir", path: "carl/sdbox" as RawPath });
      },
    ],
  ];
  for (const [name, happens] of quiet)
    test(name, () => {
      const story = LogStory.of(200);
      happens(story, story.mailbox("anna/mdbox", "Trash", 50));
      assert.deepEqual(story.kinds(), []);
    });
});

test("an account that shows to be mdbox later has its messages counted then", () => {
  const story = new LogStory();
  story.begin(log, logHeader(), appends(1, 100));
  assert.equal(story.watch.messages, 0);
  story.begin(map, logHeader());
  assert.equal(story.watch.messages, 100);
  story.grow(log, expunges(1, 90));
  assert.deepEqual(story.kinds(), ["mass-removal anna/mdbox", "mass-removal "]);
});

test("a transaction is read when it is whole, and once", () => {
  const whole = expunges(1, 90);
  for (const cut of [1, 7, 8, 40, whole.length - 1]) {
    const story = LogStory.of(100);
    story.grow(log, whole.subarray(0, cut));
    assert.equal(story.watch.messages, 100, `cut at ${cut}`);
    story.grow(log, whole.subarray(cut));
    assert.equal(story.watch.messages, 10, `cut at ${cut}`);
  }
});

test("bytes that are not at hand, or are no log, count for nothing, and following goes on", () => {
  const story = LogStory.of(100);
  // More than is kept, between the bytes and what points at them.
  const data = story.happens({ type: "data", bytes: expunges(1, 90) });
  for (let count = 0; count < 300; count++) story.happens({ type: "data", bytes: Buffer.alloc(9) });
  const content = [{ data, offset: 0, lengthBytes: 1808 }];
  const sizeBytes = 40 + 1808;
  const state = stateOf(old);
  story.happens({ type: "write", path: log as RawPath, offset: 40, content, sizeBytes, state });
  assert.equal(story.watch.messages, 100);
  story.again(log, sizeBytes, createHash("sha512").update("noise").digest());
  story.again(log, sizeBytes + 64 + 4096, expunges(1, 50));
  story.again(log, sizeBytes + 64 + 4096 + expunges(1, 50).length, expunges(1, 5));
  assert.equal(story.watch.messages, 95);
});

test("what a log claims is believed up to what there is, and costs no more than its bytes", () => {
  const story = LogStory.of(100);
  story.grow(log, ranges([1, 0xffff_ffff], [5, 4], [0, 9]));
  assert.equal(story.watch.messages, 0);
  assert.ok(story.kinds().length > 0);
  assert.match(story.signals[0]?.message ?? "", /^100 of 100 messages/);
  story.grow(log, appends(0xffff_ff00, 255));
  assert.equal(story.watch.messages, 255);
});

test("any bytes at any place are survived, and the number of messages stays one", () => {
  for (let seed = 0; seed < 300; seed++) {
    const story = LogStory.of(100);
    const random = createHash("shake256", { outputLength: 64 }).update(`${seed}`).digest();
    const bytes = Buffer.concat([expunges(1, 5), appends(101, 5), references(1, 5)]);
    for (const byte of random.subarray(0, 6)) bytes[byte % bytes.length] = random[byte % 64] ?? 0;
    const offset = (random[10] ?? 0) % 60;
    story.again(log, offset, bytes);
    story.again(map, offset, bytes);
    story.grow(log, expunges(6, 1));
    const { messages } = story.watch;
    assert.ok(Number.isSafeInteger(messages) && messages >= 0 && messages <= 105, `seed ${seed}`);
  }
});
