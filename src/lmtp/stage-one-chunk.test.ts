import assert from "node:assert/strict";
import { test } from "node:test";
import { messageOf, type StageClient, StageSite } from "./stage-site.fixture.ts";

const capabilities = ["PIPELINING", "8BITMIME", "CHUNKING"];

async function begin(client: StageClient): Promise<void> {
  client.write("MAIL FROM:<a@b>\r\nRCPT TO:<one>\r\nDATA\r\n");
  await client.expect("250");
  await client.expect("250");
  await client.expect("354");
}

test("a whole message goes to a mail server that takes chunks as one, and DATA is not asked for", async () => {
  await using site = await StageSite.start({ capabilities });
  using client = await site.client();
  await begin(client);
  client.write("..a\r\nb\n.\nc\0\r\n\r\n.\r\n");
  await client.expect("250");
  const text = ".a\r\nb\n.\nc\0\r\n\r\n";
  assert.deepEqual(site.server.commands.slice(-3), [
    "MAIL FROM:<a@b>",
    "RCPT TO:<one>",
    `BDAT ${text.length} LAST`,
  ]);
  assert.equal(site.server.messages[0]?.text, text);
  assert.equal(await messageOf(site.journal, "d1"), text);
  assert.deepEqual(site.said(), [`arrived d1 a@b→one ${text.length}`, "outcome d1 one 250"]);
});

test("so does an empty one, and one whose commands were waited for", async () => {
  await using site = await StageSite.start({ capabilities });
  using client = await site.client();
  await begin(client);
  client.write(".\r\n");
  await client.expect("250");
  const [answer] = await client.deliver("x", "two");
  assert.match(answer ?? "", /^250/);
  assert.deepEqual(
    site.server.commands.filter((line) => /^(?:BDAT|DATA)/.test(line)),
    ["BDAT 0 LAST", "BDAT 3 LAST"],
  );
  assert.equal(site.server.connections, 1);
});

test("several recipients are asked with DATA: a server that refuses a chunk may do so once for all", async () => {
  await using site = await StageSite.start({ capabilities });
  using client = await site.client();
  client.write("MAIL FROM:<a@b>\r\nRCPT TO:<one>\r\nRCPT TO:<two>\r\nDATA\r\n");
  for (const code of ["250", "250", "250", "354"]) await client.expect(code);
  client.write("x\r\n.\r\n");
  for (const code of ["250", "250"]) await client.expect(code);
  assert.equal(site.server.commands.at(-1), "DATA");
});

test("a message that comes in parts is sent with dots as it comes", async () => {
  await using site = await StageSite.start({ capabilities });
  using client = await site.client();
  await begin(client);
  client.write(".a\r\n");
  await site.server.until(() => site.server.commands.at(-1) === "DATA");
  client.write("..b\r\n.\r\n");
  await client.expect("250");
  assert.equal(site.server.messages[0]?.text, "a\r\n.b\r\n");
  const [answer] = await client.deliver("x", "one");
  assert.match(answer ?? "", /^250/);
  assert.equal(site.server.connections, 1);
});

for (const [said, expected] of [
  ["452 4.3.1 No room", "452 4.3.1 No room"],
  ["554 5.3.0 No", "554 5.3.0 No"],
  ["421 4.3.2 Closing", "451 4.3.2 Closing"],
  ["250 2.0.0 What?", "451 4.4.2"],
  ["close", "451 4.4.2"],
] as const)
  test(`DATA that is asked for late is answered with "${said}": the message is not delivered`, async () => {
    await using site = await StageSite.start({
      capabilities,
      script: ({ verb }) => (verb === "DATA" ? said : undefined),
    });
    using client = await site.client();
    await begin(client);
    client.write("a\r\n");
    await site.server.until(() => site.server.commands.at(-1) === "DATA");
    client.write("b\r\n.\r\n");
    await client.expect(expected);
    assert.deepEqual(site.server.messages, []);
    assert.deepEqual(site.said(), []);
  });

test("a chunk that is refused: the answer is the mail server's, and the transaction is ended before the next", async () => {
  await using site = await StageSite.start({
    capabilities,
    script: ({ verb, text }) => (verb === "final" && text === "one" ? "552 5.2.2 Full" : undefined),
  });
  using client = await site.client();
  await begin(client);
  client.write("x\r\n.\r\n");
  await client.expect("552 5.2.2 Full");
  const [answer] = await client.deliver("x", "two");
  assert.match(answer ?? "", /^250/);
  assert.deepEqual(site.server.commands.slice(-5), [
    "BDAT 3 LAST",
    "RSET",
    "MAIL FROM:<a@example.org>",
    "RCPT TO:<two>",
    "BDAT 3 LAST",
  ]);
  assert.deepEqual(site.said().slice(0, 2), ["arrived d1 a@b→one 3", "outcome d1 one 552"]);
  assert.equal(site.server.connections, 1);
});

test("the client goes away before the message is whole: the mail server hears nothing of it", async () => {
  await using site = await StageSite.start({ capabilities });
  const client = await site.client();
  await begin(client);
  client.reset();
  await site.noticed(({ sessions }) => sessions.now === 0);
  assert.equal(site.server.commands.filter((line) => /^(?:BDAT|DATA)/.test(line)).length, 0);
  assert.deepEqual(site.said(), []);
});
