import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { crc32 } from "node:zlib";
import type { RawPath } from "#image";
import { type IndexFacts, indexHead } from "./cyrus-index.fixture.ts";
import { mail, noise, old, Story } from "./signal-story.fixture.ts";

function headerOf(name: string): Buffer {
  const magic =
    '\xa1\x02\x8b\x0dCyrus mailbox header\n"The best thing about this system was that it had lots of goals."\n\t--Jim Morris on Andrew\n';
  return Buffer.from(`${magic}%(N ${name} I abc)\n`, "latin1");
}

const numbers = (first: number, last: number): readonly number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

class CyrusStory extends Story {
  /** A mailbox by its ID whose messages 1 to `files` have files, of which `exists` are not expunged. */
  mailbox(id: string, name: string, messages: { exists?: number; files?: number } = {}): string {
    const { exists = 0, files = exists } = messages;
    const folder = `spool/uuid/${id[0]}/${id[1]}/${id}`;
    const there = (path: string, head?: Buffer): void =>
      this.watch.learn({
        path: `${folder}/${path}` as RawPath,
        ...(head === undefined ? {} : { head }),
      });
    there("cyrus.header", headerOf(name));
    for (const uid of numbers(1, files)) there(`${uid}.`);
    there("cyrus.index", indexHead({ exists, records: files }));
    return folder;
  }

  index(folder: string, head: IndexFacts): void {
    this.put(`${folder}/cyrus.index`, indexHead(head));
  }

  files(folder: string, first: number, last: number): readonly string[] {
    return numbers(first, last).map((uid) => `${folder}/${uid}.`);
  }
}

/** Two people: cass with 100 messages and a trash, dora with many. */
function site(): { story: CyrusStory; inbox: string; trash: string } {
  const story = new CyrusStory();
  const inbox = story.mailbox("aa1", "user.cass", { exists: 100 });
  const trash = story.mailbox("bb2", "user.cass.Trash", { exists: 0 });
  story.mailbox("cc3", "example.org!user.dora", { exists: 1000, files: 1200 });
  return { story, inbox, trash };
}

describe("Cyrus: what is an alarm names the account", () => {
  test("messages that are expunged, whose files stay", () => {
    const { story, inbox } = site();
    assert.equal(story.watch.messages, 1100);
    story.index(inbox, { exists: 50, records: 100 });
    assert.deepEqual(story.kinds(), ["mass-removal cass"]);
    assert.equal(story.signals[0]?.message, '50 of 100 messages of "cass" disappeared (50%)');
    assert.equal(story.watch.messages, 1050);
  });

  test("an expunge that mail which arrives hides in the number of messages", () => {
    const { story, inbox } = site();
    for (const path of story.files(inbox, 101, 150)) story.put(path);
    story.index(inbox, { exists: 100, records: 150 });
    assert.deepEqual(story.kinds(), ["mass-removal cass"]);
    assert.match(story.signals[0]?.message ?? "", /^50 of 150 /);
  });

  test("files that go while the index stays, with those of expunged messages first", () => {
    const { story } = site();
    const dora = "spool/uuid/c/c/cc3";
    for (const path of story.files(dora, 1, 200)) story.remove(path);
    assert.deepEqual(story.kinds(), []);
    for (const path of story.files(dora, 201, 700)) story.remove(path);
    assert.deepEqual(story.kinds(), ["mass-removal dora@example.org", "mass-removal "]);
    assert.match(story.signals[0]?.message ?? "", /^500 of 1,000 messages/);
  });

  test("an expunge that removes the files at once counts once, in either order", () => {
    for (const isIndexFirst of [true, false]) {
      const { story, inbox } = site();
      if (isIndexFirst) story.index(inbox, { exists: 60, records: 60, lastUid: 100 });
      for (const path of story.files(inbox, 1, 40)) story.remove(path);
      if (!isIndexFirst) story.index(inbox, { exists: 60, records: 60, lastUid: 100 });
      story.kinds();
      assert.equal(story.signals[0]?.count, 40, `index first: ${isIndexFirst}`);
      assert.equal(story.watch.messages, 1060);
    }
  });

  test("a mailbox that is deleted, by its name or by its mark, and not again when it is removed", () => {
    const bys: readonly ((story: CyrusStory, inbox: string) => void)[] = [
      (story, inbox) => story.put(`${inbox}/cyrus.header`, headerOf("DELETED.user.cass.6B084FBC")),
      (story, inbox) => story.index(inbox, { exists: 100, isDeleted: true }),
    ];
    for (const happens of bys) {
      const { story, inbox } = site();
      happens(story, inbox);
      assert.deepEqual(story.kinds(), ["mass-removal cass"]);
      assert.equal(story.watch.messages, 1000);
      for (const path of story.files(inbox, 1, 100)) story.remove(path);
      story.happens({ type: "rmdir", path: inbox as RawPath });
      story.passes(10);
      assert.equal(story.signals.length, 1);
      assert.equal(story.watch.messages, 1000);
    }
  });

  test("folders that have names: whose they are says the path", () => {
    const story = new CyrusStory();
    const folder = "spool/domain/e/example.org/c/user/cass^b/Archive";
    const files = numbers(1, 40).map((uid) => `${folder}/${uid}.` as RawPath);
    for (const path of files) story.watch.learn({ path });
    for (const uid of numbers(1, 400))
      story.watch.learn({ path: `spool/d/user/dora/${uid}.` as RawPath });
    story.happens({ type: "rmdir", path: folder as RawPath });
    assert.deepEqual(story.kinds(), ["mass-removal cass.b@example.org"]);
  });

  test("messages that become noise", () => {
    const { story, inbox } = site();
    for (const [n, path] of story.files(inbox, 1, 60).entries()) story.put(path, noise(n), old);
    const kinds = story.kinds().toSorted();
    assert.deepEqual(kinds, ["mass-rewrite cass", "scrambled-content ", "scrambled-content cass"]);
  });

  test("throwing away and emptying within the window", () => {
    const { story, inbox, trash } = site();
    for (const uid of numbers(1, 60)) story.link(`${inbox}/${uid}.`, `${trash}/${uid}.`);
    story.index(trash, { exists: 60 });
    story.index(inbox, { exists: 40, records: 100 });
    assert.deepEqual(story.kinds(), []);
    story.index(trash, { exists: 0, records: 60 });
    assert.deepEqual(story.kinds(), ["mass-removal cass"]);
    assert.match(story.signals[0]?.message ?? "", /^60 of 100 /);
  });
});

describe("Cyrus: what is no alarm", () => {
  const quiet: readonly (readonly [string, (site_: ReturnType<typeof site>) => void])[] = [
    [
      "files of expunged messages that are removed at last, and an index that is written anew",
      ({ story }) => {
        const dora = "spool/uuid/c/c/cc3";
        story.index(dora, { exists: 1000, records: 1000, lastUid: 1200 });
        for (const path of story.files(dora, 1, 200)) story.remove(path);
      },
    ],
    [
      "files that went while nobody followed, which no longer count",
      ({ story, inbox }) => {
        story.watch.isCatchingUp = true;
        for (const path of story.files(inbox, 101, 190)) story.remove(path);
        story.index(inbox, { exists: 100 });
        story.watch.isCatchingUp = false;
        for (const path of story.files(inbox, 1, 15)) story.remove(path);
      },
    ],
    [
      "a move into another mailbox of the account, in either order",
      ({ story, inbox }) => {
        const archive = story.mailbox("dd4", "user.cass.Archive");
        for (const uid of numbers(1, 30)) story.link(`${inbox}/${uid}.`, `${archive}/${uid}.`);
        story.index(archive, { exists: 30 });
        story.index(inbox, { exists: 70, records: 100 });
        story.index(inbox, { exists: 40, records: 100 });
        for (const uid of numbers(31, 60)) story.link(`${inbox}/${uid}.`, `${archive}/${uid}.`);
        story.index(archive, { exists: 60 });
      },
    ],
    [
      "emptying a trash of long ago",
      ({ story }) => {
        const trash = story.mailbox("ee5", "user.cass.INBOX.Papierkorb", { exists: 90 });
        story.index(trash, { exists: 0, records: 90 });
      },
    ],
    [
      "a mailbox with another name, or a header that is damaged or has none",
      ({ story, inbox }) => {
        story.put(`${inbox}/cyrus.header`, headerOf("user.cass.Old"));
        story.put(`${inbox}/cyrus.header`, Buffer.from("%("));
        story.put(`${inbox}/cyrus.header`, noise(1));
      },
    ],
    [
      "an index whose head is damaged, is of another mailbox, or says the same again",
      ({ story, inbox }) => {
        for (let turn = 0; turn < 5; turn++) story.index(inbox, { exists: 81, records: 100 });
        const damaged = indexHead({ exists: 1 });
        damaged[87] = 0;
        story.put(`${inbox}/cyrus.index`, damaged);
        const other = indexHead({ exists: 1 });
        other.writeUInt32BE(1, 44);
        other.writeUInt32BE(crc32(other.subarray(0, 156)), 156);
        story.put(`${inbox}/cyrus.index`, other);
      },
    ],
  ];
  for (const [name, happens] of quiet)
    test(name, () => {
      const there = site();
      happens(there);
      assert.deepEqual(there.story.kinds(), []);
    });
});

test("an index that is put in the other's place by its name", () => {
  const { story, inbox } = site();
  story.put(`${inbox}/cyrus.index.NEW`, indexHead({ exists: 10, records: 10, lastUid: 100 }));
  assert.equal(story.watch.messages, 1100);
  story.rename(`${inbox}/cyrus.index.NEW`, `${inbox}/cyrus.index`);
  assert.equal(story.watch.messages, 1010);
});

test("any numbers an index may claim leave a number of messages", () => {
  for (let seed = 0; seed < 200; seed++) {
    const { story, inbox } = site();
    const random = createHash("sha512").update(`${seed}`).digest();
    for (const at of [0, 12, 24]) {
      const [exists = 0, records = 0, lastUid = 0] = [0, 4, 8].map((more) =>
        random.readUInt32BE(at + more),
      );
      story.index(inbox, { exists, records, lastUid });
      const uid = random.readUInt32BE(at) || 1;
      story.put(`${inbox}/${uid}.`, mail);
      story.remove(`${inbox}/${(uid % 100) + 1}.`);
    }
    const { messages } = story.watch;
    assert.ok(Number.isSafeInteger(messages) && messages >= 0 && messages <= 1103, `${messages}`);
    story.passes(10);
    assert.ok(story.signals.every(({ count }) => count <= 1103));
  }
});
