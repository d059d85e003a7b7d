/** What real MTAs ask of the delivery stage beyond the plain protocol: TLS, addresses in UTF-8, notifications, local users. */
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import { after, test } from "node:test";
import { endpointText } from "#lmtp";
import { testCertificate, testKey } from "../src/lmtp/certificate.fixture.ts";
import { FakeServer } from "../src/lmtp/fake-server.fixture.ts";
import { documentedLines } from "./support/mta.ts";
import {
  eximOverTcp,
  MtaSite,
  postfixForLocalUsers,
  postfixOverTcp,
  type Way,
} from "./support/mta-site.ts";
import { temporaryFolder } from "./support/restic.ts";

const temporary = temporaryFolder();
chmodSync(temporary.path, 0o755);
after(() => temporary[Symbol.dispose]());
const timeout = 120_000;
const capabilities = ["PIPELINING", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES", "SIZE"];

let folders = 0;
function newFolder(): string {
  const folder = join(temporary.path, String(++folders));
  mkdirSync(folder);
  return folder;
}
const message = Buffer.from("Subject: x\nMIME-Version: 1.0\n\ncafé\n");
const international = { sender: "björn@example.test", recipients: ["zoë@example.test"] };
/** From one character per byte. */
const utf8 = (text: string): string => Buffer.from(text, "latin1").toString();
const mail = { sender: "md@example.test", recipients: ["md@example.test"], message };

/** The lines of the page, with a file of this folder in place of theirs. */
function tlsLines(way: Way, folder: string): readonly string[] {
  const certificate = join(folder, "stage.pem");
  writeFileSync(certificate, `${testCertificate}\n`);
  const isPostfix = way === postfixOverTcp;
  return documentedLines(
    isPostfix ? "Postfix in front" : "Exim in front",
    isPostfix ? "lmtp_tls" : "  hosts_require_tls",
  )
    .replace(/\/etc\/\S+/, certificate)
    .trimEnd()
    .split("\n");
}

for (const way of [postfixOverTcp, eximOverTcp])
  test(
    `${way.name}: with the documented lines for TLS mail goes to a stage that has the certificate, and to no other`,
    { skip: way.skip, timeout },
    async () => {
      await using server = await FakeServer.start({ capabilities });
      const tls = createSecureContext({ cert: testCertificate, key: testKey });
      for (const hasCertificate of [false, true]) {
        const folder = newFolder();
        await using site = await MtaSite.start(way, folder, {
          server: endpointText(server.endpoint),
          stage: hasCertificate ? { tls } : {},
          further: tlsLines(way, folder),
        });
        const [attempt] = await site.mta.send(mail);
        assert.equal(attempt?.end, hasCertificate ? "sent" : "deferred");
        if (!hasCertificate) assert.match(String(attempt?.text), /TLS .*required/);
        assert.equal(server.messages.length, hasCertificate ? 1 : 0);
      }
    },
  );

test(
  "Postfix: 8-bit mail, addresses in UTF-8 and wishes for notifications reach the mail server and the journal",
  { skip: postfixOverTcp.skip, timeout },
  async () => {
    await using server = await FakeServer.start({ capabilities });
    await using site = await MtaSite.start(postfixOverTcp, newFolder(), {
      server: endpointText(server.endpoint),
      further: ["lmtp_send_xforward_command = yes"],
    });
    const attempts = await site.mta.send({
      ...mail,
      ...international,
      words: ["-N", "success,delay", "-V", "letter-1"],
    });
    assert.deepEqual(
      attempts.map(({ end }) => end),
      ["sent"],
    );
    const [, from = "", to = ""] = server.commands.map(utf8);
    assert.match(
      from,
      /^MAIL FROM:<björn@example\.test> SIZE=\d+ BODY=8BITMIME ENVID=letter-1 SMTPUTF8$/,
    );
    assert.match(to, /^RCPT TO:<zoë@example\.test> ORCPT=\S+ NOTIFY=SUCCESS,DELAY$/);
    assertArrived(site, server);
  },
);

test(
  "Exim: addresses in UTF-8, and mail in chunks where the mail server takes them",
  { skip: eximOverTcp.skip, timeout },
  async () => {
    await using server = await FakeServer.start({ capabilities: [...capabilities, "CHUNKING"] });
    await using site = await MtaSite.start(eximOverTcp, newFolder(), {
      server: endpointText(server.endpoint),
      further: ["smtputf8_advertise_hosts = *", "allow_utf8_domains"],
    });
    const attempts = await site.mta.send({ ...mail, ...international });
    assert.deepEqual(
      attempts.map(({ end }) => end),
      ["sent"],
    );
    const [, from = "", to = "", ...chunks] = server.commands.map(utf8);
    assert.match(from, /^MAIL FROM:<björn@example\.test> SIZE=\d+ SMTPUTF8$/);
    assert.equal(to, "RCPT TO:<zoë@example.test>");
    assert.match(chunks.join(", "), /^BDAT \d+ LAST$/);
    assertArrived(site, server);
  },
);

/** As it was sent: nobody turned it into seven bits on the way. */
function assertArrived(site: MtaSite, server: FakeServer): void {
  const arrived = site.journal.records.flatMap(({ event }) =>
    event.type === "arrived" ? [[event.sender, ...event.recipients]] : [],
  );
  assert.deepEqual(arrived, [[international.sender, ...international.recipients]]);
  assert.equal(server.messages.length, 1);
  assert.ok(utf8(server.messages[0]?.text ?? "").endsWith("\r\n\r\ncafé\r\n"));
}

test(
  "Postfix with local users delivers to each in a transaction of its own",
  { skip: postfixForLocalUsers.skip, timeout },
  async () => {
    await using server = await FakeServer.start({ capabilities });
    await using site = await MtaSite.start(postfixForLocalUsers, newFolder(), {
      server: endpointText(server.endpoint),
    });
    const recipients = ["md@example.test", "anna@example.test"];
    const attempts = await site.mta.send({ ...mail, recipients });
    assert.deepEqual(
      attempts.map(({ end }) => end),
      ["sent", "sent"],
    );
    assert.deepEqual(site.said().toSorted(), [
      "arrived anna@example.test",
      "arrived md@example.test",
      "outcome anna@example.test 250",
      "outcome md@example.test 250",
    ]);
  },
);
