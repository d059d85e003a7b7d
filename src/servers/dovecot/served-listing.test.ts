import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { memoryImage, type MemoryNodes } from "#image";
import { compareListings, fetchReader, type Served, statusReader } from "./served-listing.ts";
import { Findings } from "../validate/findings.ts";
import { listStore } from "../validate/store-listing.ts";

const nodes: MemoryNodes = {
  "cur/a,S=5:2,S": "12345",
  "new/b": "123",
  "dovecot-uidlist": "3 V77 N2 G0123456789abcdef0123456789abcdef\n1 :a,S=5\n",
};
const status = "mailbox\tmessages\tuidnext\tuidvalidity\n";
const fetched = "mailbox\tuid\tsize.physical\tguid\tflags\n";

async function findingsOf(statusRows: string, fetchRows: string): Promise<readonly string[]> {
  await using image = memoryImage(nodes);
  const findings = new Findings();
  const listed = await listStore(image, { findings });
  assert.deepEqual(findings.all(), []);
  const served: Served = new Map();
  for (const [reader, text] of [
    [statusReader(served), `${status}${statusRows}`],
    [fetchReader(served), `${fetched}${fetchRows}`],
  ] as const)
    for (const line of text.trimEnd().split("\n")) reader(line);
  compareListings(listed, served, findings);
  return findings.all();
}
test("a server that sees what our reader sees has no findings", async () => {
  assert.deepEqual(
    await findingsOf("INBOX\t2\t3\t77\n", "INBOX\t1\t5\ta,S=5\t\\Seen \\Recent\nINBOX\t2\t3\tb\n"),
    [],
  );
});

test("an empty mailbox that only the server knows is no finding, one with mail is", async () => {
  const same = "INBOX\t1\t5\ta,S=5\t\\Seen \\Recent\nINBOX\t2\t3\tb\n";
  assert.deepEqual(await findingsOf("INBOX\t2\t3\t77\nDrafts\t0\t1\t9\n", same), []);
  assert.match((await findingsOf("INBOX\t2\t3\t77\nX\t1\t2\t9\n", same)).join(), /"X" that is not/);
});

for (const [name, statusRows, fetchRows, finding] of [
  ["a mailbox that is gone", "", "", /INBOX.*not among those/],
  [
    "a message that is gone",
    "INBOX\t1\t3\t77\n",
    "INBOX\t1\t5\ta\t\\Seen\n",
    /2 messages.*finds 1/,
  ],
  [
    "a new UIDVALIDITY",
    "INBOX\t2\t3\t78\n",
    "INBOX\t1\t5\ta\t\\Seen\nINBOX\t2\t3\tb\n",
    /UIDVALIDITY 77, with the server 78/,
  ],
  [
    "UIDs that would be given again",
    "INBOX\t2\t1\t77\n",
    "INBOX\t1\t5\ta\t\\Seen\nINBOX\t2\t3\tb\n",
    /UIDs again: next is 1, was 2/,
  ],
  [
    "another UID for a known message",
    "INBOX\t2\t4\t77\n",
    "INBOX\t3\t5\ta\nINBOX\t2\t3\tb\n",
    /does not find UID 1/,
  ],
  [
    "a message of another size",
    "INBOX\t2\t3\t77\n",
    "INBOX\t1\t4\ta\t\\Seen\nINBOX\t2\t3\tb\n",
    /UID 1 has 5 bytes, with the server 4/,
  ],
  [
    "flags that are gone",
    "INBOX\t2\t3\t77\n",
    "INBOX\t1\t5\ta\t\nINBOX\t2\t3\tb\n",
    /UID 1 has the flags .seen, with the server no flags/,
  ],
  [
    "another message in the place of a fresh one",
    "INBOX\t2\t3\t77\n",
    "INBOX\t1\t5\ta\t\\Seen\nINBOX\t2\t9\tb\n",
    /without a UID are not those/,
  ],
] as readonly (readonly [string, string, string, RegExp])[]) {
  test(`a listing after that differs is found: ${name}`, async () => {
    assert.match((await findingsOf(statusRows, fetchRows)).join(" "), finding);
  });
}

test("any name of a mailbox comes back through the server's escapes", () => {
  const escapes = new Map([
    ["\t", "\x01t"],
    ["\n", "\x01n"],
    ["\r", "\x01r"],
    ["\0", "\x010"],
    ["\x01", "\x011"],
  ]);
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (name) => {
      const served: Served = new Map();
      const read = statusReader(served);
      read("mailbox\tmessages\tuidnext\tuidvalidity");
      const escaped = Array.from(name, (character) => escapes.get(character) ?? character).join("");
      read(`${escaped}\t4\t5\t6`);
      assert.deepEqual([...served.keys()], [name]);
      assert.equal(served.get(name)?.messages, 4);
    }),
  );
});
