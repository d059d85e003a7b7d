/** A real Postfix and a real Exim before the delivery stage, with the lines that its page gives, and a real Dovecot behind. */
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { memoryJournal } from "#journal";
import { defaultLimits } from "#lmtp";
import { parseDuration } from "#time";
import { LmtpDovecot, withoutLmtp } from "./support/lmtp-dovecot.ts";
import { type Attempt, documentedLines } from "./support/mta.ts";
import {
  eximOverSocket,
  eximOverTcp,
  MtaSite,
  postfixOverSocket,
  postfixOverTcp,
  type Way,
} from "./support/mta-site.ts";
import { temporaryFolder } from "./support/restic.ts";

const temporary = temporaryFolder();
chmodSync(temporary.path, 0o755);
after(() => temporary[Symbol.dispose]());

const quota = ["protocol lmtp {", "  mail_plugins = quota", "}"];
const counted = ["plugin {", "  quota = count:space", "  quota_vsizes = yes", "}"];
let server: LmtpDovecot | undefined;
before(async () => {
  if (withoutLmtp !== false) return;
  const folder = join(temporary.path, "dovecot");
  mkdirSync(folder);
  server = await LmtpDovecot.start(folder, {
    users: { md: "", anna: "", bert: "", full: "userdb_quota_rule=*:storage=1B" },
    lines: [...quota, ...counted],
  });
});
after(async () => await server?.[Symbol.asyncDispose]());
const dovecot = (): LmtpDovecot => server ?? assert.fail("Dovecot was not started");
const skipOf = ({ skip }: Way): string | false => (withoutLmtp === false ? skip : withoutLmtp);

let messages = 0;
/** A message that nobody else gets, with bytes of every kind that lines may have. */
function newMessage(body = "one line\n.\n..two\nFrom here\ncaf\u00e9 \u20ac\n"): Buffer {
  const head = `From: a@example.test\nTo: md@example.test\nSubject: number ${++messages} of them.\n`;
  return Buffer.from(
    `${head}MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n${body}`,
  );
}
function copiesWith(user: string, message: Buffer): readonly string[] {
  const [subject = ""] = /^Subject: .*$/m.exec(message.toString("latin1")) ?? [];
  return dovecot()
    .messagesOf(user)
    .filter((text) => text.includes(`\n${subject}\n`) && !isReportOn(message, text));
}
function isReportOn(message: Buffer, text: string): boolean {
  const [subject = ""] = /^Subject: .*$/m.exec(message.toString("latin1")) ?? [];
  return /^Auto-Submitted: auto-replied$/m.test(text) && text.includes(subject);
}

const bodyOf = (message: Buffer): string =>
  message.subarray(message.indexOf("\n\n")).toString("latin1");

let folders = 0;
const folderOf = ({ name }: Way): string =>
  join(temporary.path, `${name.replaceAll(/\W.*/g, "")}-${++folders}`);

const to = (...names: readonly string[]): string[] => names.map((name) => `${name}@example.test`);
const ends = (attempts: readonly Attempt[]): readonly string[] =>
  attempts.map(({ recipient, end }) => `${recipient.split("@")[0]} ${end}`).toSorted();
const timeout = 120_000;

test("with the lines that are documented an MTA waits longer than the stage may take", () => {
  const { journalMs, finalMs, blockMs } = defaultLimits;
  // What is in the pipes yet, `arrived`, the mail server, the outcome.
  const longestMs = 2 * blockMs + journalMs + finalMs + journalMs;
  for (const [heading, start, setting] of [
    ["Postfix in front", "virtual_transport = lmtp:inet:", "lmtp_data_done_timeout"],
    ["Postfix in front", "virtual_transport = lmtp:unix:", "lmtp_data_done_timeout"],
    ["Exim in front", "restante:\n  driver = smtp", "final_timeout"],
    ["Exim in front", "restante:\n  driver = lmtp", "timeout"],
  ] as const) {
    const lines = documentedLines(heading, start);
    const [, duration = ""] = new RegExp(`^ *${setting} = (\\S+)$`, "m").exec(lines) ?? [];
    assert.ok(parseDuration(duration) > longestMs, lines);
  }
});

for (const way of [postfixOverTcp, postfixOverSocket, eximOverTcp, eximOverSocket])
  test(
    `${way.name}: the MTA is told what becomes of each recipient, and reports who was refused`,
    { skip: skipOf(way), timeout },
    async () => {
      await using site = await MtaSite.start(way, folderOf(way), { server: dovecot().socket });
      const { mta } = site;
      const sender = "bert@example.test";
      const single = newMessage();
      const recipients = to("md", "anna", "bert", "full", "nobody");
      const attempts = await mta.send({ sender, recipients: to("md"), message: single });
      assert.deepEqual(ends(attempts), ["md sent"]);
      assert.match(attempts[0]?.text ?? "", /250 2\.0\.0 <md@example\.test> \S+ Saved/);
      const message = newMessage();
      const five = await mta.send({ sender, recipients, message });
      const isTaken = ["anna sent", "bert sent", "full bounced", "md sent", "nobody bounced"];
      assert.deepEqual(ends(five), isTaken);
      // The report to the sender is mail as any other.
      await mta.until((all) => ends(all).filter((end) => end === "bert sent").length === 2);
      assert.deepEqual(await mta.waiting(), []);
      assert.deepEqual(
        site.said().toSorted(),
        [
          `arrived bert@example.test`,
          `arrived md@example.test`,
          `arrived ${to("anna", "bert", "full", "md").join(" ")}`,
          "outcome anna@example.test 250",
          "outcome bert@example.test 250",
          "outcome bert@example.test 250",
          "outcome full@example.test 552",
          "outcome md@example.test 250",
          "outcome md@example.test 250",
        ].toSorted(),
      );
      for (const [user, sent] of [
        ["md", single],
        ["md", message],
        ["anna", message],
        ["bert", message],
      ] as const) {
        const copies = copiesWith(user, sent);
        assert.equal(copies.length, 1, `${user} has ${copies.length} copies`);
        assert.ok(copies[0]?.endsWith(bodyOf(sent)));
      }
      assert.equal(copiesWith("full", message).length, 0);
      const report =
        dovecot()
          .messagesOf("bert")
          .find((text) => isReportOn(message, text)) ?? "";
      assert.match(report, /552 5\.2\.2 <full@example\.test> Quota exceeded/);
      assert.match(report, /550 5\.1\.1\s+<nobody@example\.test> User doesn't exist/);
    },
  );

for (const way of [postfixOverTcp, eximOverTcp]) {
  test(
    `${way.name}: while the journal cannot be written the MTA keeps the mail, and its next run delivers it once`,
    { skip: skipOf(way), timeout },
    async () => {
      await using site = await MtaSite.start(way, folderOf(way), { server: dovecot().socket });
      const mail = {
        sender: "md@example.test",
        recipients: to("md", "anna"),
        message: newMessage(),
      };
      // First it fails in the middle of a session, then it is known to.
      const [first] = [site.journal];
      first.fail(new Error("no space left on device"));
      const attempts = await site.mta.send(mail);
      assert.deepEqual(ends(attempts), ["anna deferred", "md deferred"]);
      for (const { text } of attempts) assert.match(text, /451 4\.3\.0/);
      assert.deepEqual(ends(await site.mta.runQueue()), ["anna deferred", "md deferred"]);
      assert.deepEqual((await site.mta.waiting()).toSorted(), to("anna", "md"));
      for (const user of ["md", "anna"]) assert.equal(copiesWith(user, mail.message).length, 0);
      site.journal = memoryJournal();
      assert.deepEqual(ends(await site.mta.runQueue()), ["anna sent", "md sent"]);
      assert.deepEqual(await site.mta.waiting(), []);
      for (const user of ["md", "anna"]) assert.equal(copiesWith(user, mail.message).length, 1);
      assert.equal(first.records.length, 0);
    },
  );

  test(
    `${way.name}: while the mail server is down the MTA keeps the mail`,
    { skip: skipOf(way), timeout },
    async () => {
      const folder = folderOf(way);
      mkdirSync(folder);
      const place = join(folder, "server");
      await using site = await MtaSite.start(way, folder, { server: place });
      const mail = { sender: "md@example.test", recipients: to("md"), message: newMessage() };
      const [attempt] = await site.mta.send(mail);
      assert.equal(attempt?.end, "deferred");
      assert.match(attempt?.text ?? "", /451 4\.4\.1/);
      assert.deepEqual(await site.mta.waiting(), to("md"));
      symlinkSync(dovecot().socket, place);
      assert.deepEqual(ends(await site.mta.runQueue()), ["md sent"]);
      assert.equal(copiesWith("md", mail.message).length, 1);
      assert.deepEqual(site.said(), ["arrived md@example.test", "outcome md@example.test 250"]);
    },
  );

  test(`${way.name}: a message of 20 MB is streamed`, { skip: skipOf(way), timeout }, async () => {
    const further = way.name.startsWith("Postfix") ? ["message_size_limit = 0"] : [];
    await using site = await MtaSite.start(way, folderOf(way), {
      server: dovecot().socket,
      further,
    });
    const message = newMessage(`${"x".repeat(899)}\n`.repeat(24_000));
    const mail = { sender: "anna@example.test", recipients: to("anna"), message };
    assert.deepEqual(ends(await site.mta.send(mail)), ["anna sent"]);
    const [copy = ""] = copiesWith("anna", message);
    assert.ok(copy.endsWith(bodyOf(message)));
    assert.ok(
      site.status.peakHeldBytes < 1024 * 1024,
      `${site.status.peakHeldBytes} bytes were held`,
    );
  });
}
