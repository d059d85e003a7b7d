import assert from "node:assert/strict";
import { test } from "node:test";
import { type Appended, type JournalEvent, memoryJournal } from "#journal";
import { StageSite } from "./stage-site.fixture.ts";

/** A journal whose disk waits until the test lets go of it, event by event. */
function heldJournal(): {
  readonly journal: ReturnType<typeof memoryJournal>;
  readonly until: (type: JournalEvent["type"]) => Promise<void>;
  readonly release: (type: JournalEvent["type"]) => void;
} {
  const journal = memoryJournal();
  const append = journal.append.bind(journal);
  const held = new Map<string, () => void>();
  const waiting = new Map<string, () => void>();
  journal.append = (event, atNs): Appended => {
    const { sequence, written, durable } = append(event, atNs);
    if (event.type !== "arrived" && event.type !== "outcome") return { sequence, written, durable };
    const released = new Promise<void>((resolve) => held.set(event.type, resolve));
    waiting.get(event.type)?.();
    return { sequence, written: released, durable: released };
  };
  return {
    journal,
    until: async (type) => {
      if (held.has(type)) return;
      await new Promise<void>((resolve) => waiting.set(type, resolve));
    },
    release: (type) => held.get(type)?.(),
  };
}

/** Everything that can happen without the disk has happened. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 100; turn++)
    await new Promise<void>((resolve) => setImmediate(resolve));
}

for (const [end, server] of [
  ["final dot", {}],
  ["last chunk", { capabilities: ["PIPELINING", "CHUNKING"] }],
] as const)
  test(`the ${end} waits until the arrival is durable, and the answer until the outcome is`, async () => {
    const { journal, until, release } = heldJournal();
    await using site = await StageSite.start(server, { openJournal: async () => journal });
    using client = await site.client();
    await client.begin("md");
    client.write("Subject: x\r\n.\r\n");
    await until("arrived");
    await quiet();
    assert.deepEqual(site.server.messages, []);
    assert.ok(!site.server.commands.some((line) => line.startsWith("BDAT")));
    release("arrived");
    await until("outcome");
    assert.equal(site.server.messages.length, 1);
    let isAnswered = false;
    const answer = client.reply().then((said) => {
      isAnswered = true;
      return said;
    });
    await quiet();
    assert.equal(isAnswered, false);
    release("outcome");
    assert.match(await answer, /^250/);
  });

test("a disk that hangs: the mail is refused for now, the mail server does not get the dot", async () => {
  const { journal, until } = heldJournal();
  await using site = await StageSite.start({}, { openJournal: async () => journal });
  using client = await site.client();
  await client.begin("md");
  client.write("Subject: x\r\n.\r\n");
  await until("arrived");
  site.clock.pass(60_000);
  await client.expect("451 4.3.0");
  assert.deepEqual(site.server.messages, []);
});

test("a client that broke off before its message was durable is not delivered for: it comes again", async () => {
  const { journal, until, release } = heldJournal();
  await using site = await StageSite.start({}, { openJournal: async () => journal });
  const client = await site.client();
  await client.begin("md");
  client.write("Subject: x\r\n.\r\n");
  await until("arrived");
  client.reset();
  await quiet();
  release("arrived");
  await site.server.until(() => site.server.unfinished === 1);
  assert.deepEqual(site.server.messages, []);
  assert.deepEqual(site.said(journal), ["arrived d1 a@example.org→md 12"]);
});

test("while a disk hangs in pass-through, mail is delivered and the gap recorded", async () => {
  const { journal, until } = heldJournal();
  await using site = await StageSite.start(
    {},
    { openJournal: async () => journal, whenJournalFails: "pass-through" },
  );
  using client = await site.client();
  await client.begin("md");
  client.write("Subject: x\r\n.\r\n");
  await until("arrived");
  site.clock.pass(60_000);
  await client.expect("250");
  assert.deepEqual(site.said(journal).slice(0, 2), [
    "arrived d1 a@example.org→md 12",
    "gap passed-through",
  ]);
});
