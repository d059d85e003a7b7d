import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { createSecureContext } from "node:tls";
import { memoryJournal } from "#journal";
import { testCertificate, testKey } from "./certificate.fixture.ts";
import { startDeliveryStage } from "./delivery-stage.ts";
import { FakeServer } from "./fake-server.fixture.ts";
import { FakeStageClock, messageOf, StageClient, StageSite } from "./stage-site.fixture.ts";

const chunking = { capabilities: ["PIPELINING", "8BITMIME", "CHUNKING", "SIZE 1000000", "DSN"] };

test("extensions that the mail server offers are offered, and the others are not", async () => {
  await using site = await StageSite.start(chunking);
  using client = await site.connect();
  await client.expect("220");
  assert.deepEqual((await client.ask("LHLO x")).split("\r\n"), [
    "250-stage.example.org",
    "250-PIPELINING",
    "250-8BITMIME",
    "250-CHUNKING",
    "250-DSN",
    "250 SIZE 1000000",
  ]);
});

test("a message in chunks arrives byte for byte, with bare line ends and without a last one", async () => {
  await using site = await StageSite.start(chunking);
  using client = await site.client();
  client.write("MAIL FROM:<a@b>\r\nRCPT TO:<one>\r\nRCPT TO:<two>\r\n");
  for (let count = 0; count < 3; count++) await client.expect("250");
  client.write("BDAT 7\r\n.\n.\r\n\0\rBDAT 0\r\nBDAT 4 LAST\r\n\n.\r.NOOP\r\n");
  for (let count = 0; count < 5; count++) await client.expect("250");
  const sent = ".\n.\r\n\0\r\n.\r.";
  assert.equal(site.server.messages[0]?.text, sent);
  assert.equal(await messageOf(site.journal, "d1"), sent);
  assert.deepEqual(site.said(), [
    "arrived d1 a@b→one,two 11",
    "outcome d1 one 250",
    "outcome d1 two 250",
  ]);
  assert.equal(site.server.connections, 1);
});

test("chunks: RSET in between, none wanted, one that the mail server refuses", async () => {
  await using site = await StageSite.start({
    ...chunking,
    script: ({ verb, connection }) =>
      verb === "BDAT" && connection === 2 ? "552 5.2.2 Full" : undefined,
  });
  using client = await site.client();
  client.write("MAIL FROM:<a@b>\r\nRCPT TO:<one>\r\nBDAT 3\r\nabcRSET\r\n");
  for (let count = 0; count < 4; count++) await client.expect("250");
  // Nobody asked for these bytes; they are no command all the same.
  client.write("BDAT 6 LAST\r\nQUIT\r\nNOOP\r\n");
  await client.expect("503");
  await client.expect("250");
  client.write("MAIL FROM:<a@b>\r\nRCPT TO:<one>\r\n");
  for (let count = 0; count < 2; count++) await client.expect("250");
  client.write("BDAT 3\r\nabc");
  await client.expect("250");
  client.write("BDAT 3\r\ndefBDAT 3 LAST\r\nghi");
  await client.expect("552 5.2.2 Full");
  await client.expect("503");
  assert.deepEqual(site.said(), []);
  assert.deepEqual(site.server.messages, []);
});

test("a message of 50 MB: neither a slow mail server nor a slow journal makes it be held in memory", async () => {
  const sizeBytes = 50 * 1024 * 1024;
  const journal = memoryJournal();
  let stored = 0;
  let letGo: (() => void) | undefined;
  // The bytes are let go of; the disk is slow once, in the middle.
  journal.store = (bytes) => {
    stored += bytes.length;
    return [{ data: 1, offset: 0, lengthBytes: bytes.length }];
  };
  journal.ready = async () => {
    if (letGo === undefined && stored > sizeBytes / 2)
      await new Promise<void>((resolve) => (letGo = resolve));
  };
  await using site = await StageSite.start(
    { countOnly: true, pauseData: true },
    { openJournal: async () => journal },
  );
  using client = await site.client();
  await client.begin("md");
  const line = Buffer.from(`${"x".repeat(1022)}\r\n`);
  const block = Buffer.concat(Array.from({ length: 1024 }, () => line));
  const sending = (async () => {
    for (let sent = 0; sent < sizeBytes; sent += block.length) await client.writeAll(block);
    client.write(".\r\n");
  })();
  // Nobody reads at the other end: the stage takes what fits into the pipes and no more.
  await site.noticed(({ heldBytes }) => heldBytes > 0);
  await settled(() => site.stage.status.heldBytes);
  assert.ok(stored < 4 * 1024 * 1024, `${stored} bytes were taken from the client`);
  site.server.resume();
  await site.noticed(() => letGo !== undefined);
  const heldAt = stored;
  await settled(() => stored);
  assert.equal(stored, heldAt);
  letGo?.();
  await sending;
  await client.expect("250");
  assert.equal(site.server.messages[0]?.sizeBytes, sizeBytes);
  assert.equal(stored, sizeBytes);
  const { heldBytes, peakHeldBytes } = site.stage.status;
  assert.equal(heldBytes, 0);
  // One piece that is gathered for the journal, and what came in one read.
  assert.ok(peakHeldBytes < 1024 * 1024, `${peakHeldBytes} bytes were held`);
});

/** Resolves when nothing changes it any more, as far as the event loop can tell. */
async function settled(value: () => number): Promise<void> {
  let [seen, unchanged] = [value(), 0];
  while (unchanged < 200) {
    await new Promise<void>((resolve) => setImmediate(resolve));
    unchanged = value() === seen ? unchanged + 1 : 0;
    seen = value();
  }
}

test("STARTTLS: what was said in the clear is forgotten, also what came behind it", async () => {
  const tls = createSecureContext({ cert: testCertificate, key: testKey });
  await using site = await StageSite.start({}, { tls });
  using client = await site.connect();
  await client.expect("220");
  assert.match(await client.ask("LHLO x"), /STARTTLS/);
  // A command smuggled in behind STARTTLS is not obeyed under TLS.
  client.write("STARTTLS\r\nMAIL FROM:<evil@example.org>\r\n");
  await client.expect("220");
  await client.startTls();
  assert.match(await client.ask("MAIL FROM:<a@b>"), /^503/);
  assert.doesNotMatch(await client.ask("LHLO x"), /STARTTLS/);
  assert.match((await client.deliver("x", "md"))[0] ?? "", /^250/);
  assert.equal(site.server.messages.length, 1);
  assert.ok(!site.server.commands.join().includes("evil"));
});

test("TLS towards the mail server: its certificate must be for the name, and be signed by whom it should", async () => {
  const tls = createSecureContext({ cert: testCertificate, key: testKey });
  await using behind = await StageSite.start({}, { tls });
  const [address = ""] = behind.stage.addresses;
  const server = { kind: "tcp", host: "127.0.0.1", port: Number(address?.split(":")[1]) } as const;
  const right = { name: "stage.example.org", authorities: testCertificate };
  for (const [serverTls, expected] of [
    [right, "250"],
    [{ ...right, name: "mail.example.org" }, "451"],
    [{ name: right.name }, "451"],
  ] as const) {
    await using site = await StageSite.start({}, { server, serverTls });
    using client = await site.connect();
    await client.expect("220");
    assert.ok((await client.ask("LHLO x")).startsWith(expected));
    if (expected === "250") assert.match((await client.deliver("x", "md"))[0] ?? "", /^250/);
  }
  assert.equal(behind.server.messages.length, 1);
});

test("XCLIENT and a proxy's header are taken from whom we trust, and from nobody else", async () => {
  await using trusting = await StageSite.start(
    {},
    { trusted: ["127.0.0.0/8"], proxyProtocol: true },
  );
  using client = await trusting.connect();
  client.write("PROXY TCP4 192.0.2.1 192.0.2.9 51234 24\r\nLHLO x\r\n");
  await client.expect("220");
  assert.match(await client.expect("250"), /XCLIENT/);
  await client.deliver("x", "md");
  assert.match(await client.ask("XCLIENT ADDR=192.0.2.7 NAME=mx.example.net"), /^220/);
  assert.match(await client.ask("MAIL FROM:<a@b>"), /^503/);
  await client.ask("LHLO x");
  await client.deliver("x", "md");
  assert.deepEqual(
    trusting.deliveries.map(({ peer }) => peer.address),
    ["192.0.2.1", "192.0.2.7"],
  );
  using liar = await trusting.connect();
  liar.write("LHLO x\r\n");
  assert.equal(await liar.reply(), "");

  await using wary = await StageSite.start({}, { trusted: ["192.0.2.0/24"], proxyProtocol: true });
  using stranger = await wary.client();
  assert.match(await stranger.ask("XCLIENT ADDR=192.0.2.7"), /^550/);
  assert.match(await stranger.ask("PROXY TCP4 192.0.2.1 192.0.2.9 51234 24"), /^500/);
});

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "restante-lmtp-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test("a Unix socket: its mode, one that a killed stage left behind, one in use, and what is no socket", async (t) => {
  const path = join(temporaryFolder(t), "lmtp");
  const listen = [{ kind: "unix", path }] as const;
  {
    await using site = await StageSite.start({}, { listen, socketMode: 0o600 });
    assert.equal(statSync(path).mode & 0o777, 0o600);
    using client = await site.client();
    assert.match((await client.deliver("x", "md"))[0] ?? "", /^250/);
    await assert.rejects(StageSite.start({}, { listen }), { code: "lmtp.in-use" });
  }
  const killed = `require("net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
  spawnSync(process.execPath, ["-e", killed]);
  assert.ok(statSync(path).isSocket());
  await (await StageSite.start({}, { listen }))[Symbol.asyncDispose]();
  writeFileSync(path, "somebody's file");
  await assert.rejects(StageSite.start({}, { listen }), { code: "lmtp.in-use" });
});

test("an address that others can reach is refused unless it is asked for", async () => {
  await using server = await FakeServer.start();
  const options = {
    server: server.endpoint,
    name: "x",
    openJournal: async () => memoryJournal(),
    clock: new FakeStageClock(),
  };
  for (const host of ["0.0.0.0", "::", "192.0.2.1", "mail.example.org"])
    await assert.rejects(
      startDeliveryStage({ ...options, listen: [{ kind: "tcp", host, port: 0 }] }),
      { code: "lmtp.public-address" },
    );
  await using stage = await startDeliveryStage({
    ...options,
    listen: [{ kind: "tcp", host: "0.0.0.0", port: 0 }],
    allowPublic: true,
  });
  using client = await StageClient.connect(stage);
  await client.expect("220");
});
