import assert from "node:assert/strict";
import { test } from "node:test";
import { JournalError, memoryJournal, type MemoryJournal } from "#journal";
import { messageOf, StageSite } from "./stage-site.fixture.ts";

test("a message goes to the mail server and into the journal, byte for byte, and its answer back", async () => {
  await using site = await StageSite.start();
  using client = await site.client();
  const text = "Subject: caf\xe9\r\n\r\n..two\r\n.\nbare\r\nnul \0";
  assert.deepEqual(await client.deliver(text, "md"), ["250 2.0.0 Saved"]);
  const sent = "Subject: caf\xe9\r\n\r\n.two\r\n\nbare\r\nnul \0\r\n";
  const [message] = site.server.messages;
  assert.equal(message?.text, sent);
  assert.deepEqual(site.said(), [
    `arrived d1 a@example.org→md ${sent.length}`,
    "outcome d1 md 250",
  ]);
  assert.equal(await messageOf(site.journal, "d1"), sent);
});

test("one of five recipients is refused after the message: each is told what the server said of it", async () => {
  await using site = await StageSite.start({
    script: ({ verb, text }) =>
      verb === "final" && text === "c" ? "552 5.2.2 Mailbox full" : undefined,
  });
  using client = await site.client();
  const replies = await client.deliver("Subject: x\r\n", "a", "b", "c", "d", "e");
  assert.deepEqual(
    replies.map((said) => said.slice(0, 3)),
    ["250", "250", "552", "250", "250"],
  );
  assert.deepEqual(
    site.said().slice(1),
    ["a 250", "b 250", "c 552", "d 250", "e 250"].map((said) => `outcome d1 ${said}`),
  );
});

test("a recipient that is refused at RCPT is not in the journal, and the others are", async () => {
  await using site = await StageSite.start({
    script: ({ verb, text }) =>
      verb === "RCPT" && text.includes("nobody") ? "550 5.1.1 Unknown user" : undefined,
  });
  using client = await site.client();
  assert.match(await client.ask("MAIL FROM:<>"), /^250/);
  assert.match(await client.ask("RCPT TO:<nobody> NOTIFY=NEVER"), /^550 5\.1\.1 Unknown user/);
  assert.match(await client.ask("DATA"), /^503/);
  await client.begin("md");
  client.write("x\r\n.\r\n");
  await client.expect("250");
  assert.deepEqual(site.said(), ["arrived d1 a@example.org→md 3", "outcome d1 md 250"]);
  assert.ok(site.server.commands.includes("RCPT TO:<nobody> NOTIFY=NEVER"));
});

test("commands that come at once are answered in order, and a message is not taken for commands", async () => {
  await using site = await StageSite.start();
  using client = await site.connect();
  await client.expect("220");
  client.write(
    "LHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<one>\r\nRCPT TO:<two>\r\nNOOP\r\nDATA\r\nSubject: x\r\n\r\nQUIT\r\n.\r\nQUIT\r\n",
  );
  for (const code of ["250-", "250", "250", "250", "250", "354", "250", "250", "221"])
    await client.expect(code);
  assert.equal(await client.reply(), "");
  assert.equal(site.server.messages[0]?.text, "Subject: x\r\n\r\nQUIT\r\n");
});

test("connections to the mail server are used again, one transaction after another", async () => {
  await using site = await StageSite.start();
  for (let round = 0; round < 3; round++) {
    using client = await site.client();
    await client.deliver("x", "md");
    await client.ask("MAIL FROM:<x@y>");
    await client.ask("RSET");
    await client.deliver("y", "md");
    await client.ask("QUIT");
  }
  assert.equal(site.server.connections, 1);
  assert.equal(site.server.messages.length, 6);
  assert.deepEqual(
    site.server.commands.filter((line) => /^(?:LHLO|RSET)/.test(line)),
    ["LHLO stage.example.org", "RSET", "RSET", "RSET"],
  );
});

test("a connection that was closed meanwhile is replaced before anybody notices", async () => {
  for (const end of ["close", "421 4.3.2 Shutting down"]) {
    await using site = await StageSite.start({
      script: ({ verb, connection, text }) =>
        verb === "MAIL" && connection === 1 && text.includes("second") ? end : undefined,
    });
    using client = await site.client();
    await client.deliver("x", "md");
    assert.match(await client.ask("MAIL FROM:<second@example.org>"), /^250/, end);
    assert.equal(site.server.connections, 2);
  }
});

test("the mail server closes in the middle of a message: come again, nothing recorded, nothing retried", async () => {
  await using site = await StageSite.start();
  using client = await site.client();
  await client.begin("a", "b");
  client.write("Subject: x\r\n");
  await site.server.until(() => site.server.commands.includes("DATA"));
  site.server.cut();
  await site.noticed(({ serverConnections }) => serverConnections.open === 0);
  client.write("more\r\n.\r\n");
  await client.expect("451 4.4.2");
  await client.expect("451 4.4.2");
  assert.deepEqual(site.said(), []);
  assert.deepEqual(site.server.messages, []);
  assert.match((await client.deliver("again", "a"))[0] ?? "", /^250/);
});

test("the mail server dies between the dot and its replies: those without one are told to come again", async () => {
  await using site = await StageSite.start({
    script: ({ verb, text }) => (verb === "final" && text === "c" ? "close" : undefined),
  });
  using client = await site.client();
  const replies = await client.deliver("x", "a", "b", "c", "d");
  assert.deepEqual(
    replies.map((said) => said.slice(0, 9)),
    ["250 2.0.0", "250 2.0.0", "451 4.4.2", "451 4.4.2"],
  );
  // Nobody knows whether c and d have it: no outcome.
  assert.deepEqual(site.said().slice(1), ["outcome d1 a 250", "outcome d1 b 250"]);
  assert.deepEqual(site.stage.status.recipients, { delivered: 2, refused: 0, unanswered: 2 });
});

test("a mail server that does not answer is waited for as long as the limit says", async () => {
  for (const [verb, limitMs, expected] of [
    ["MAIL", 300_000, "451 4.4.2"],
    ["RCPT", 300_000, "451 4.4.2"],
    ["DATA", 120_000, "451 4.4.2"],
    ["final", 600_000, "451 4.4.2"],
  ] as const) {
    let isReached = false;
    await using site = await StageSite.start({
      script: (step) => {
        if (step.verb !== verb) return undefined;
        isReached = true;
        return "silence";
      },
    });
    using client = await site.client();
    client.write("MAIL FROM:<a@b>\r\n");
    if (verb !== "MAIL") await client.expect("250");
    if (verb !== "MAIL") client.write("RCPT TO:<md>\r\n");
    if (verb !== "MAIL" && verb !== "RCPT") await client.expect("250");
    if (verb === "DATA" || verb === "final") client.write("DATA\r\n");
    if (verb === "final") await client.expect("354");
    if (verb === "final") client.write("x\r\n.\r\n");
    await site.server.until(() => isReached);
    site.clock.pass(limitMs - 1);
    site.clock.pass(1);
    await client.expect(expected);
    assert.deepEqual(site.said(), verb === "final" ? ["arrived d1 a@b→md 3"] : [], verb);
  }
});

test("a mail server that cannot be reached: LHLO is answered with a temporary failure", async () => {
  await using site = await StageSite.start(
    {},
    { server: { kind: "unix", path: "/nonexistent/lmtp" } },
  );
  using client = await site.connect();
  await client.expect("220");
  assert.match(await client.ask("LHLO x"), /^451 4\.4\.1/);
  assert.match(await client.ask("MAIL FROM:<a@b>"), /^503/);
});

test("more transactions at once than connections to the mail server: the next waits, then is sent away", async () => {
  await using site = await StageSite.start({}, { bounds: { maxConnections: 1 } });
  using first = await site.client();
  using second = await site.client();
  using third = await site.client();
  await first.ask("MAIL FROM:<a@b>");
  await second.say("MAIL FROM:<c@d>");
  await second.say("NOOP");
  await third.ask("NOOP");
  await first.ask("RSET");
  await second.expect("250");
  await second.expect("250");
  const refused = third.ask("MAIL FROM:<e@f>");
  await site.noticed(({ waitingForConnection }) => waitingForConnection === 1);
  site.clock.pass(30_000);
  assert.match(await refused, /^451 4\.3\.2/);
  assert.equal(site.server.connections, 1);
});

test("a client that goes away in the middle of a message leaves nothing behind on either side", async () => {
  await using site = await StageSite.start();
  const client = await site.client();
  await client.begin("md");
  client.write("Subject: x\r\n");
  await site.server.until(() => site.server.commands.includes("DATA"));
  client[Symbol.dispose]();
  await site.server.until(() => site.server.unfinished === 1);
  assert.deepEqual(site.server.messages, []);
  assert.deepEqual(site.said(), []);
  await site.stage.stop();
  assert.deepEqual(
    site.deliveries.map(({ isAborted }) => isAborted),
    [true],
  );
});

test("a client that says nothing is sent away when its time is over", async () => {
  await using site = await StageSite.start();
  using client = await site.client();
  await client.ask("NOOP");
  site.clock.pass(300_000);
  assert.equal(await client.reply(), "");
});

test("too many sessions, recipients, wrong commands, and a message that is too large", async () => {
  await using site = await StageSite.start(
    {},
    { bounds: { maxSessions: 1, maxRecipients: 2, maxBadCommands: 2, maxMessageBytes: 100 } },
  );
  using client = await site.client();
  using second = await site.connect();
  await second.expect("421 4.3.2");
  assert.match(await client.ask("MAIL FROM:<a@b> SIZE=101"), /^552 5\.3\.4/);
  await client.ask("MAIL FROM:<a@b>");
  await client.ask("RCPT TO:<a>");
  await client.ask("RCPT TO:<b>");
  assert.match(await client.ask("RCPT TO:<c>"), /^452 4\.5\.3/);
  await client.ask("DATA");
  client.write(`${"x".repeat(200)}\r\n.\r\n`);
  await client.expect("552 5.3.4");
  await client.expect("552 5.3.4");
  assert.deepEqual(site.said(), []);
  assert.match(await client.ask("FROB"), /^500/);
  assert.match(await client.ask(`NOOP ${"x".repeat(5000)}`), /^500 5\.5\.2 Line too long/);
  await client.expect("421");
  assert.equal(await client.reply(), "");
});

test("a stage that stops finishes what is under way, and sends the others home", async () => {
  await using site = await StageSite.start();
  using idle = await site.client();
  using busy = await site.client();
  await busy.begin("md");
  const stopped = site.stage.stop();
  await idle.expect("421 4.3.2");
  busy.write("x\r\n.\r\n");
  await busy.expect("250");
  await busy.expect("421 4.3.2");
  await stopped;
  assert.deepEqual(site.said(), ["arrived d1 a@example.org→md 3", "outcome d1 md 250"]);
});

test("a session that does not end is cut off when the stage stops", async () => {
  await using site = await StageSite.start();
  using client = await site.client();
  await client.begin("md");
  const stopped = site.stage.stop();
  site.clock.pass(60_000);
  await stopped;
  assert.equal(await client.reply(), "");
});

const diskFull = new JournalError("journal.full", "Cannot write to the journal: the disk is full");

test("the journal cannot be written: mail is refused for now, and taken again when it can", async () => {
  const second: MemoryJournal = memoryJournal();
  const opened: MemoryJournal[] = [];
  let isFull = false;
  await using site = await StageSite.start(
    {},
    {
      openJournal: async (failed) => {
        if (isFull) throw diskFull;
        const journal = failed === undefined ? memoryJournal() : second;
        opened.push(journal);
        return journal;
      },
    },
  );
  using client = await site.client();
  await client.begin("a", "b");
  isFull = true;
  opened[0]?.fail(diskFull);
  client.write("x\r\n.\r\n");
  await client.expect("451 4.3.0");
  await client.expect("451 4.3.0");
  assert.deepEqual(site.server.messages, []);
  assert.match(await client.ask("MAIL FROM:<a@b>"), /^451 4\.3\.0/);
  isFull = false;
  site.clock.pass(5000);
  assert.match((await client.deliver("x", "a"))[0] ?? "", /^250/);
  assert.deepEqual(site.said(second), ["arrived d2 a@example.org→a 3", "outcome d2 a 250"]);
  assert.equal(site.recoveries, 1);
});

test("pass-through: mail is delivered without the journal, and the gap is recorded when it can be", async () => {
  const second: MemoryJournal = memoryJournal();
  const first: MemoryJournal = memoryJournal();
  let isFull = false;
  await using site = await StageSite.start(
    {},
    {
      whenJournalFails: "pass-through",
      openJournal: async (failed) => {
        if (isFull) throw diskFull;
        return failed === undefined ? first : second;
      },
    },
  );
  using client = await site.client();
  site.clock.pass(5);
  isFull = true;
  first.fail(diskFull);
  assert.match((await client.deliver("one", "a"))[0] ?? "", /^250/);
  site.clock.pass(10);
  assert.match((await client.deliver("two", "a"))[0] ?? "", /^250/);
  assert.deepEqual(
    site.deliveries.map(({ isPassedThrough }) => isPassedThrough),
    [true, true],
  );
  isFull = false;
  site.clock.pass(5000);
  assert.match((await client.deliver("three", "a"))[0] ?? "", /^250/);
  const [gap] = second.records.map(({ event }) => event);
  assert.deepEqual(gap, {
    type: "gap",
    fromNs: 5_000_000n,
    toNs: 15_000_000n,
    why: "passed-through",
    message: "2 messages went to the mail server while the journal could not be written",
  });
  assert.deepEqual(site.said(second), [
    "gap passed-through",
    "arrived d3 a@example.org→a 7",
    "outcome d3 a 250",
  ]);
});

test("the journal fails after the dot: the server's word stands, and its outcome is written later", async () => {
  const second: MemoryJournal = memoryJournal();
  const first: MemoryJournal = memoryJournal();
  await using site = await StageSite.start(
    {
      script: ({ verb }) => {
        if (verb === "final") first.fail(diskFull);
        return undefined;
      },
    },
    { openJournal: async (failed) => (failed === undefined ? first : second) },
  );
  using client = await site.client();
  // A temporary failure here would make the MTA deliver it twice.
  assert.match((await client.deliver("x", "a"))[0] ?? "", /^250/);
  assert.deepEqual(site.said(first), ["arrived d1 a@example.org→a 3"]);
  site.clock.pass(5000);
  await client.ask("MAIL FROM:<a@b>");
  assert.deepEqual(site.said(second), ["outcome d1 a 250"]);
});

test("a journal that cannot be opened at the start is tried once, and told once", async () => {
  let opened = 0;
  const failures: Error[] = [];
  const starting = StageSite.start(
    {},
    {
      openJournal: async () => {
        opened += 1;
        throw diskFull;
      },
      onJournalFailure: (error) => failures.push(error),
    },
  );
  await assert.rejects(starting, { code: "journal.full" });
  assert.deepEqual([opened, failures], [1, []]);
});
