/** What we read of mboxes without a server is what Dovecot says of them over IMAP. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFileSync, cpSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { openDirectoryImage, rawPathFromText } from "#image";
import { decodeMailboxName, type MailAccount, openMailStore, type StoredMailbox } from "#mail";
import { exportMail, type ExportSource } from "#recovery";
import { withoutDovecot } from "./support/dovecot.ts";
import type { ServedMailbox } from "./support/imap-session.ts";
import { MboxDovecot } from "./support/mbox-dovecot.ts";
import { temporaryFolder, unpackCorpora, withoutCorpora } from "./support/restic.ts";

const temporary = temporaryFolder();
after(() => temporary[Symbol.dispose]());
const skip = withoutDovecot === false ? withoutCorpora : withoutDovecot;

const someMail = (): readonly Buffer[] => {
  const corpora = unpackCorpora("mail", join(temporary.path, "corpora"));
  return readdirSync(corpora, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".eml"))
    .sort()
    .filter((_, index) => index % 20 === 0)
    .map((path) => readFileSync(join(corpora, path)));
};

test(
  "our listing of a spool and a mail folder equals Dovecot's, from a copy",
  { skip },
  async () => {
    const mail = someMail();
    assert.ok(mail.length >= 70);
    await using dovecot = await MboxDovecot.start(join(temporary.path, "dovecot"));
    await fill(dovecot, mail);

    const served = new Map<string, ServedMailbox>();
    {
      await using session = await dovecot.session();
      for (const name of await session.mailboxes())
        served.set(decodeMailboxName(name).name, await session.read(name));
    }
    const copy = join(temporary.path, "copy");
    cpSync(dovecot.store, copy, { recursive: true, preserveTimestamps: true });

    await using image = await openDirectoryImage(rawPathFromText(copy));
    const { accounts, problems } = await openMailStore(image);
    assert.deepEqual(problems, []);
    assert.deepEqual(
      accounts.map(({ root, layout }) => [root, layout]),
      [
        ["home/mb/mail", "mbox"],
        ["var/mail/mb", "mbox"],
      ],
    );
    const read = new Map<string, ServedMailbox>();
    for (const account of accounts)
      for (const mailbox of await account.mailboxes())
        read.set(mailbox.name, await readAsServed(account, mailbox));
    assert.deepEqual([...read.keys()].sort(), [...served.keys()].sort());
    for (const [name, expected] of served) {
      const { messages, ...header } = read.get(name) as ServedMailbox;
      const { uidValidity, uidNext } = expected;
      assert.deepEqual(header, { uidValidity, uidNext }, name);
      assert.equal(messages.length, expected.messages.length, name);
      for (const [index, message] of expected.messages.entries())
        assert.deepEqual(messages[index], message, `${name}, message ${index}`);
    }
    const counts = [...served].map(([name, { messages }]) => [name, messages.length] as const);
    assert.ok(counts.length >= 5 && counts.filter(([, count]) => count > 0).length >= 4);
  },
);

test(
  "what we export as mbox and as Maildir is for Dovecot the mailbox that it was",
  { skip },
  async () => {
    await using dovecot = await MboxDovecot.start(join(temporary.path, "exported"));
    await fill(dovecot, someMail());
    let served: ServedMailbox;
    {
      await using session = await dovecot.session();
      served = await session.read("Sent");
    }
    await using image = await openDirectoryImage(rawPathFromText(dovecot.mail));
    const [account] = (await openMailStore(image)).accounts as [MailAccount];
    const sent = (await account.mailboxes()).find(({ name }) => name === "Sent") as StoredMailbox;
    const source: ExportSource = {
      ...sent,
      address: "mb",
      list: async (signal) => await account.messages(sent, signal),
      read: (message, options) => account.read(message, options),
    };
    const options = { levels: "none", uidValidity: 1 } as const;
    const mbox = join(dovecot.mail, "Exported");
    await exportMail([source], { ...options, to: mbox, format: "mbox" });
    await exportMail([source], { ...options, to: dovecot.maildir, format: "maildir" });
    for (const path of [mbox, dovecot.maildir]) dovecot.own(path);
    await using asMbox = await dovecot.session();
    await using asMaildir = await dovecot.session("md");
    assert.ok(served.messages.length > 10);
    assert.deepEqual(await asMaildir.read("INBOX"), served);
    const quoted = served.messages.map((message) => {
      const text = message.bytes.toString("latin1").replace(/^(>*From )/gm, ">$1");
      const sizeBytes = text.length;
      return { ...message, sizeBytes, bytes: Buffer.from(text, "latin1") };
    });
    assert.ok(quoted.some(({ bytes }) => bytes.includes("\r\n>From a@b Wed")));
    assert.deepEqual(await asMbox.read("Exported"), { ...served, messages: quoted });
    const program = "import mailbox, sys; print(len(mailbox.mbox(sys.argv[1])))";
    const python = execFileSync("python3", ["-c", program, mbox], { encoding: "utf8" });
    assert.equal(Number(python), served.messages.length);
  },
);

test(
  "flags that a client has set are there before Dovecot writes them into the file",
  { skip },
  async () => {
    await using dovecot = await MboxDovecot.start(join(temporary.path, "open"));
    await using session = await dovecot.session();
    await session.command("CREATE Sent");
    for (const subject of ["one", "two", "three"])
      await session.append("Sent", Buffer.from(`Subject: ${subject}\r\n\r\n`), {
        date: "25-Nov-2026 00:00:00 +0000",
      });
    // Closing writes everything; from here on the mailbox stays open.
    await session.command("EXAMINE Sent");
    await session.command("SELECT Sent");
    await session.command("STORE 1 +FLAGS (\\Flagged Neu)");
    await session.command("STORE 2 +FLAGS (\\Seen)");
    const file = readFileSync(join(dovecot.mail, "Sent"), "latin1");
    assert.doesNotMatch(file, /^X-Status: F|^Status: R/m);
    await using image = await openDirectoryImage(rawPathFromText(dovecot.mail));
    const [account] = (await openMailStore(image)).accounts as [MailAccount];
    const sent = (await account.mailboxes()).find(({ name }) => name === "Sent") as StoredMailbox;
    const { messages } = await account.messages(sent);
    assert.deepEqual(
      messages.map(({ uid, flags, keywords }) => [uid, flags, keywords]),
      [
        [1, ["\\Flagged"], ["Neu"]],
        [2, ["\\Seen"], []],
        [3, [], []],
      ],
    );
  },
);

/** Every way that mail takes into an mbox and out of it again. */
async function fill(dovecot: MboxDovecot, mail: readonly Buffer[]): Promise<void> {
  for (const message of mail.slice(0, 10)) dovecot.deliver(message);
  await using session = await dovecot.session();
  for (const name of ["Archive.2024", "Sent", "R&AOk-sum&AOk-", "Empty"])
    await session.command(`CREATE "${name.replace(".", "/")}"`);
  for (const [index, message] of mail.slice(10).entries()) {
    const mailbox = ["INBOX", "Sent", "Archive/2024", "R&AOk-sum&AOk-"][index % 4] as string;
    const flags = ["", "\\Seen", "\\Seen \\Answered $Forwarded", "\\Flagged \\Draft Wichtig"];
    const date = `${String(1 + (index % 28)).padStart(2)}-Oct-2026 03:04:0${index % 10} +0200`;
    await session.append(mailbox, message, { flags: flags[index % 3] as string, date });
  }
  const borders = Buffer.from(
    "Subject: borders\r\nStatus: RO\r\nX-UID: 900\r\nX-Keywords: Wichtig\r\n\r\nA\r\n\r\nFrom a@b Wed Nov 25 14:03:07 2026\r\nX-UID: 901\r\n\r\n>From here\r\n",
  );
  await session.append("Sent", borders, { date: "25-Nov-2026 00:00:00 +0000" });
  await session.append("Sent", Buffer.from("Subject: no body\r\n\r\n"), {
    date: "25-Nov-2026 00:00:01 +0000",
  });
  await session.command("SELECT Sent");
  await session.command("STORE 2:4 +FLAGS (\\Deleted Bank)");
  await session.command("STORE 5 FLAGS (\\Seen)");
  await session.command("COPY 6:9 Archive/2024");
  await session.command("MOVE 10 INBOX");
  await session.command("EXPUNGE");
  await session.command("STORE 1 +FLAGS (\\Deleted \\Flagged)");
  // As sendmail's mail.local puts it there, which knows nothing of UIDs.
  const raw = "From x@example.test Wed Nov 25 13:00:00 2026\nX-UID: 3\nSubject: raw\n\nplain\n\n";
  appendFileSync(dovecot.spool, raw);
}

async function readAsServed(account: MailAccount, mailbox: StoredMailbox): Promise<ServedMailbox> {
  const { messages, problems } = await account.messages(mailbox);
  assert.deepEqual([...mailbox.problems, ...problems], []);
  return {
    uidValidity: mailbox.uidValidity ?? 0,
    uidNext: mailbox.uidNext ?? 0,
    messages: await Promise.all(
      messages.map(async (message) => {
        const bytes = Buffer.concat(await Array.fromAsync(account.read(message)));
        assert.equal(message.sizeBytes, bytes.length);
        return {
          uid: message.uid ?? 0,
          flags: [...message.flags, ...message.keywords].sort(),
          internalDate: Number(message.internalDateNs / 1_000_000_000n),
          sizeBytes: message.virtualSizeBytes ?? 0,
          bytes: Buffer.from(bytes.toString("latin1").replace(/\r?\n/g, "\r\n"), "latin1"),
        };
      }),
    ),
  };
}
