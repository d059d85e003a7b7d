import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { RawPath } from "#image";
import type { JournalEvent } from "#journal";
import { indexHead } from "./cyrus-index.fixture.ts";
import { appends, expunges, logHeader } from "./dovecot-log.fixture.ts";
import { type PassedMail, PassingMail } from "./passing-mail.ts";
import { beginning, old, second, stateOf } from "./signal-story.fixture.ts";

const file = { inode: 1n, sizeBytes: 1, mtimeNs: old };

/** A journal of which each event is a second after the one before. */
class Told {
  readonly passed: PassedMail[] = [];
  readonly passing: PassingMail = new PassingMail((mail) => this.passed.push(mail));
  #sequence = 0;

  happens(event: JournalEvent, bytes?: Uint8Array): number {
    const sequence = ++this.#sequence;
    const isWanted = PassingMail.wanted(event) !== undefined;
    const atNs = beginning + BigInt(sequence) * second;
    this.passing.observe({ sequence, atNs, event }, isWanted ? bytes : undefined);
    return sequence;
  }

  put(path: string, bytes: Buffer = Buffer.from("mail")): number {
    const facts = { state: stateOf(old), sizeBytes: bytes.length, content: [] };
    return this.happens({ type: "put", path: path as RawPath, ...facts }, bytes);
  }

  write(path: string, offset: number, bytes: Buffer): number {
    const facts = { state: stateOf(old), sizeBytes: offset + bytes.length, content: [] };
    return this.happens({ type: "write", path: path as RawPath, offset, ...facts }, bytes);
  }

  rename(path: string, to: string): number {
    return this.happens({ type: "rename", path: path as RawPath, to: to as RawPath, file });
  }

  remove(path: string): number {
    return this.happens({ type: "remove", path: path as RawPath });
  }

  /** From which event to which. */
  get spans(): readonly (readonly [path: string, came: number, went: number])[] {
    return this.passed.map(({ path, came, went }) => [path, came.sequence, went.sequence]);
  }
}

describe("mail that came and went", () => {
  test("a message file, whatever it was called and wherever it lay meanwhile", () => {
    const told = new Told();
    const came = told.put("ann/new/1.M1");
    told.rename("ann/new/1.M1", "ann/cur/1.M1:2,S");
    told.rename("ann/cur/1.M1:2,S", "ann/.Trash/cur/1.M1:2,ST");
    told.rename("ann/.Trash", "ann/.Bin");
    const went = told.remove("ann/.Bin/cur/1.M1:2,ST");
    assert.deepEqual(told.spans, [["ann/.Bin/cur/1.M1:2,ST", came, went]]);
  });

  test("what was there before, what is there still, and what is no mail, is not told of", () => {
    const told = new Told();
    told.remove("ann/cur/0.M0:2,S");
    told.put("ann/new/1.M1");
    told.put("ann/tmp/2.M2");
    told.remove("ann/tmp/2.M2");
    told.put("ann/dovecot-uidlist.lock");
    told.remove("ann/dovecot-uidlist.lock");
    assert.deepEqual(told.spans, []);
  });

  test("what another moment has counts no more", () => {
    const told = new Told();
    told.put("ann/new/1.M1");
    const came = told.put("ann/new/2.M2");
    told.passing.forgetBefore(beginning + BigInt(came) * second);
    told.remove("ann/new/1.M1");
    const went = told.remove("ann/new/2.M2");
    assert.deepEqual(told.spans, [["ann/new/2.M2", came, went]]);
  });

  test("a file that was put in another's place, or went with its folder", () => {
    const told = new Told();
    const [one, two] = [told.put("ann/cur/1.M1:2,"), told.put("ann/cur/2.M2:2,")];
    const over = told.rename("ann/cur/2.M2:2,", "ann/cur/1.M1:2,");
    const went = told.happens({ type: "rmdir", path: "ann" as RawPath });
    assert.deepEqual(told.spans, [
      ["ann/cur/1.M1:2,", one, over],
      ["ann/cur/1.M1:2,", two, went],
    ]);
  });

  test("messages of mdbox, by the log of their mailbox", () => {
    const told = new Told();
    const folder = "xd/mailboxes/INBOX/dbox-Mails";
    const log = `${folder}/dovecot.index.log`;
    told.put(log, Buffer.concat([logHeader(), appends(1, 3)]));
    const came = told.write(log, 100, appends(4, 2));
    told.write(log, 200, expunges(4, 1, false));
    assert.deepEqual(told.spans, []);
    const went = told.write(log, 300, expunges(4, 1));
    assert.deepEqual(told.spans, [[folder, came, went]]);
    const unknown = told.write(log, 400, Buffer.alloc(40, 0xff));
    assert.equal(told.spans.length, 3, "where it begins cannot be told: any of them may be gone");
    assert.equal(told.spans.at(-1)?.[2], unknown);
  });

  test("messages of Cyrus whose files stay for a while, by what their index counts", () => {
    const told = new Told();
    const folder = "spool/uuid/a/b/ab";
    told.put(`${folder}/cyrus.index`, indexHead({ exists: 7 }));
    const came = told.put(`${folder}/8.`);
    told.put(`${folder}/cyrus.index`, indexHead({ exists: 8, records: 8 }));
    told.put(`${folder}/cyrus.index`, indexHead({ exists: 8, records: 8 }));
    assert.deepEqual(told.spans, []);
    const went = told.put(`${folder}/cyrus.index`, indexHead({ exists: 7, records: 8 }));
    assert.deepEqual(told.spans, [[folder, came, went]]);
    told.put(`${folder}/cyrus.index.NEW`, indexHead({ exists: 6, records: 8 }));
    const again = told.rename(`${folder}/cyrus.index.NEW`, `${folder}/cyrus.index`);
    assert.deepEqual(told.spans.at(-1), [folder, came, again]);
  });

  test("an mbox that grew, and then lost or was written over", () => {
    const told = new Told();
    const came = told.write("mb/inbox", 1000, Buffer.alloc(200, 65));
    const went = told.happens({
      type: "truncate",
      path: "mb/inbox" as RawPath,
      sizeBytes: 1000,
      state: stateOf(old),
    });
    told.write("mb/inbox", 1000, Buffer.alloc(300, 66));
    const over = told.write("mb/inbox", 900, Buffer.alloc(400, 67));
    assert.deepEqual(told.spans, [
      ["mb/inbox", came, went],
      ["mb/inbox", over - 1, over],
    ]);
  });
});
