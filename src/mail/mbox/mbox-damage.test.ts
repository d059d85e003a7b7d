import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { memoryImage, type RawPath } from "#image";
import { type MailAccount, openMailStore } from "#mail";

const count = 40;
const messages = Array.from({ length: count }, (_, index) => {
  const body = `line of message ${index}\n`.repeat(1 + (index % 7));
  const base = index === 0 ? "X-IMAPbase: 17 0000000040 Bank\n" : "";
  const own = `${base}X-UID: ${index + 1}\nStatus: RO\nX-Keywords: Bank\nContent-Length: ${body.length}\n`;
  return {
    from: "From a@example.org Wed Nov 25 14:03:07 2026 +0000\n",
    header: `Subject: ${index}\n${own}\n`,
    body,
    shown: `Subject: ${index}\n\n${body}`,
  };
});
const whole = Buffer.from(messages.map((m) => `${m.from}${m.header}${m.body}\n`).join(""));
/** Where each message begins, and the file ends. */
const starts = messages.reduce(
  (edges, { from, header, body }) => [
    ...edges,
    (edges.at(-1) ?? 0) + from.length + header.length + body.length + 1,
  ],
  [0],
);

/** Where each Content-Length stands. */
const lengths = starts
  .slice(0, count)
  .map((start) => whole.indexOf("Content-Length", start, "latin1"));

async function readAll(bytes: Uint8Array): Promise<ReadonlySet<string>> {
  const path = "var/mail/alice" as RawPath;
  const image = memoryImage({ [path]: bytes, "var/mail/bob": whole });
  const { accounts } = await openMailStore(image);
  const account = accounts.find(({ root }) => root === path);
  if (account === undefined) return new Set();
  await account.mailboxes();
  const listed = await account.messages({ path });
  return new Set(await Promise.all(listed.messages.map((message) => textOf(account, message))));
}

async function textOf(
  account: MailAccount,
  message: Parameters<MailAccount["read"]>[0],
): Promise<string> {
  const bytes = Buffer.concat(await Array.fromAsync(account.read(message)));
  assert.equal(bytes.length, message.sizeBytes);
  return bytes.toString("latin1");
}

test("all of a sound mbox is read", async () => {
  const read = await readAll(whole);
  assert.deepEqual(
    messages.filter(({ shown }) => !read.has(shown)),
    [],
  );
});

test("flipped bytes cost the messages that they lie in, and at most the one before", async () => {
  const flip = fc.record({ at: fc.nat(whole.length - 1), to: fc.nat(255) });
  await fc.assert(
    fc.asyncProperty(fc.array(flip, { minLength: 1, maxLength: 6 }), async (flips) => {
      const damaged = Buffer.from(whole);
      const hit = new Set<number>();
      for (const { at, to } of flips) {
        damaged[at] = to;
        const index = starts.findLastIndex((start) => start <= at);
        hit.add(index);
        hit.add(index - 1);
        // A wrong length that leads to another border by chance is believed: it says what lies between.
        if (lengths.some((start) => start <= at && at < start + 24))
          for (let other = index + 1; other < count; other++) hit.add(other);
        // The line end before a From_ line belongs to both.
        if ((starts[index + 1] ?? 0) - at <= 1) hit.add(index + 1);
      }
      const read = await readAll(damaged);
      for (const [index, { shown }] of messages.entries())
        assert.ok(hit.has(index) || read.has(shown), `message ${index} was not hit and is lost`);
    }),
    { numRuns: 300 },
  );
});

test("of a file that was cut off, whatever ended before is read", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 60, max: whole.length }), async (length) => {
      const read = await readAll(whole.subarray(0, length));
      for (const [index, { from, shown }] of messages.entries()) {
        const end = starts[index + 1] ?? 0;
        // The beginning of a From_ line is no From_ line: it stays with the message before.
        const isHit = end > length || (length > end && length < end + from.length);
        assert.ok(isHit || read.has(shown), `message ${index} is lost`);
      }
    }),
    { numRuns: 200 },
  );
});

test("a hole of zeros costs what lay in it", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(whole.length),
      fc.integer({ min: 1, max: 4096 }),
      async (from, size) => {
        const damaged = Buffer.from(whole).fill(0, from, Math.min(whole.length, from + size));
        const read = await readAll(damaged);
        for (const [index, { shown }] of messages.entries()) {
          const [start = 0, end = 0] = [starts[index], starts[index + 1]];
          // A hole over the next From_ line, or the empty line before it, makes two messages one.
          const after = starts[index + 2] ?? end;
          const isHit = from < after && from + size > start - 2;
          assert.ok(isHit || read.has(shown), `message ${index} is lost`);
        }
      },
    ),
    {
      numRuns: 200,
      examples: [
        [3264, 365],
        [8, 1827],
      ],
    },
  );
});
