import assert from "node:assert/strict";
import { test } from "node:test";
import { StageSite } from "./stage-site.fixture.ts";

const atOnce = "MAIL FROM:<a@b>\r\nRCPT TO:<one>\r\nRCPT TO:<two>\r\nDATA\r\n";

test("what an MTA sends at once goes to the mail server at once, and the answers come back in order", async () => {
  let isMailAnswered = false;
  const before: string[] = [];
  await using site = await StageSite.start({
    script: ({ verb, text }) => {
      if (!isMailAnswered && verb === "RCPT") before.push(text);
      return verb === "RCPT" && text.includes("two") ? "550 5.1.1 Unknown" : undefined;
    },
  });
  using client = await site.client();
  client.write(atOnce);
  await client.expect("250");
  isMailAnswered = true;
  await client.expect("250");
  await client.expect("550");
  await client.expect("354");
  assert.equal(before.length, 2);
  client.write("x\r\n.\r\n");
  await client.expect("250");
  assert.deepEqual(site.said(), ["arrived d1 a@b→one 3", "outcome d1 one 250"]);
});

test("a connection that was closed meanwhile: all of it is said again on a new one", async () => {
  await using site = await StageSite.start({
    script: ({ verb, connection, text }) =>
      verb === "MAIL" && connection === 1 && text.includes("a@b") ? "close" : undefined,
  });
  using client = await site.client();
  await client.deliver("x", "md");
  client.write(atOnce);
  for (const code of ["250", "250", "250", "354"]) await client.expect(code);
  client.write("x\r\n.\r\n");
  for (const code of ["250", "250"]) await client.expect(code);
  assert.equal(site.server.connections, 2);
  assert.deepEqual(site.server.messages.at(-1)?.recipients, ["one", "two"]);
});

test("MAIL is refused: so is what came behind it, whatever the mail server says", async () => {
  // This one takes recipients and DATA all the same.
  await using site = await StageSite.start({
    script: ({ verb, text }) =>
      verb === "MAIL" && text.includes("a@b") ? "550 5.7.1 Not you" : undefined,
  });
  using client = await site.client();
  client.write(atOnce);
  for (const code of ["550 5.7.1 Not you", "503", "503", "503"]) await client.expect(code);
  assert.match((await client.deliver("x", "md"))[0] ?? "", /^250/);
  assert.deepEqual(
    site.server.messages.map(({ recipients, text }) => [recipients, text]),
    [[["md"], "x\r\n"]],
  );
});

test("no recipient is taken, and the mail server waits for the message: it gets none", async () => {
  await using site = await StageSite.start({
    script: ({ verb, text, connection }) =>
      verb === "RCPT" && connection === 1 && text !== "" ? "550 5.1.1 Unknown" : undefined,
  });
  using client = await site.client();
  client.write(atOnce);
  for (const code of ["250", "550", "550", "503"]) await client.expect(code);
  assert.match((await client.deliver("x", "md"))[0] ?? "", /^250/);
  assert.equal(site.server.messages.length, 1);
  assert.equal(site.server.connections, 2);
});

test("a mail server without PIPELINING is asked one thing after another", async () => {
  let unanswered = 0;
  await using site = await StageSite.start({
    capabilities: ["8BITMIME"],
    script: () => {
      unanswered += 1;
      assert.equal(unanswered, 1);
      setImmediate(() => (unanswered -= 1));
      return undefined;
    },
  });
  using client = await site.client();
  client.write(atOnce);
  for (const code of ["250", "250", "250", "354"]) await client.expect(code);
});

test("the mail server cannot be had: every command that was sent is answered", async () => {
  await using site = await StageSite.start({
    script: ({ verb, connection }) => (verb === "greeting" && connection > 1 ? "close" : undefined),
  });
  using client = await site.client();
  site.server.cut();
  await site.noticed(({ serverConnections }) => serverConnections.open === 0);
  client.write(atOnce);
  for (const code of ["451", "503", "503", "503"]) await client.expect(code);
});
