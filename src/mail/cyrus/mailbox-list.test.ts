import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ownerOf, shownName } from "./cyrus-name.ts";
import { readMailboxList } from "./mailbox-list.ts";

const latin1 = (maxLength: number): fc.Arbitrary<string> =>
  fc
    .array(fc.integer({ min: 0, max: 255 }), { maxLength })
    .map((bytes) => String.fromCharCode(...bytes));

describe("mailboxes.db", () => {
  const list = (records: Readonly<Record<string, string>>): ReturnType<typeof readMailboxList> =>
    readMailboxList({
      records: Object.entries(records).map(([key, value]) => ({ key, value })),
      problems: [],
    });
  const names = (records: Readonly<Record<string, string>>): readonly (string | undefined)[] =>
    list(records).mailboxes.map(({ name }) => `${ownerOf(name)}:${shownName(name).name}`);

  test("records by name and by ID are one mailbox, and each makes up for the other", () => {
    const byName = { "Nuser\x1fcass": "%(T e I a1 P default V 17 A %(cass lrs anyone l))" };
    const byId = { Ia1: '%(T e N "user\x1fcass" P default V 17 H ())' };
    assert.deepEqual(list({ ...byName, ...byId }).mailboxes, [
      {
        name: { user: "cass", folders: [] },
        uniqueId: "a1",
        partition: "default",
        uidValidity: 17,
        acl: "cass\tlrs\tanyone\tl\t",
        isByName: false,
      },
    ]);
    assert.deepEqual(names(byName), ["cass:INBOX"]);
    assert.deepEqual(names(byId), ["cass:INBOX"]);
  });

  test("what was renamed counts under its new name, what is gone or elsewhere does not count", () => {
    const { mailboxes, otherIds, problems } = list({
      "Nuser\x1fcass\x1fOld": "%(T ed I a1 V 17)",
      "Nuser\x1fcass\x1fNew": "%(T e I a1 P default V 17)",
      "Nuser\x1fcass\x1fGone": "%(T ed I a2 V 17)",
      "Nuser\x1fcass\x1fBetween": "%(T ei I a3)",
      "Nuser\x1fcass\x1fRemote": "%(T er I a4 S mx2 P default)",
      "Nuser\x1fcass\x1f#calendars": "%(T c I a5 P default)",
      "Nuser\x1fcass\x1fLegacy": "%(T el I a6 P default)",
      "AS\x1fcass\x1f": "",
      $RACL$U$cass$x: "",
    });
    assert.deepEqual(
      mailboxes.map(({ name, isByName }) => [shownName(name).name, isByName]),
      [
        ["New", false],
        ["Legacy", true],
      ],
    );
    assert.deepEqual([...otherIds].toSorted(), ["a2", "a3", "a4", "a5"]);
    assert.deepEqual(problems, []);
  });

  test("lists of before 3.6 are read in both notations", () => {
    assert.deepEqual(
      names({
        "user.cass": "%(T e I a1 P default V 17 A %(cass lrs))",
        "user.cass.Sent": "0 default cass\tlrs\t",
        "user.cass.Drafts": "(uniqueid a2 specialuse \\Drafts) 0 fast cass\tlrs\t",
        "user.cass.Remote": "16 mx2!default cass\tlrs\t",
        Nachrichten: "0 default anyone\tlrs\t",
        $RACL$S$x$y: "",
      }),
      ["cass:INBOX", "cass:Drafts", "cass:Sent", "undefined:Nachrichten"],
    );
  });

  test("records that cannot be read are counted, and hide no others", () => {
    const { mailboxes, problems } = list({
      "Nuser\x1fcass": "%(T e I a1 P default V 17)",
      "Nuser\x1fx": "%(T e I",
      "Nuser\x1fa/b": "%(T e I a2 P default)",
    });
    assert.equal(mailboxes.length, 1);
    assert.deepEqual(problems, ["2 records of mailboxes.db cannot be read"]);
  });

  test("any records whatever are read without an error", () => {
    const record = fc.record({ key: latin1(30), value: latin1(60) });
    fc.assert(
      fc.property(fc.array(record), (records) => void readMailboxList({ records, problems: [] })),
    );
  });
});
