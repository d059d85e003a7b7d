/**
 * A real Dovecot is used hard while its store is followed; after each phase the journal alone, opened
 * as an Image, has every mailbox as the server lists it over IMAP.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type Image, joinRawPath, memoryImage, type RawPath, rootPath } from "#image";
import { memoryJournal, type MemoryJournal } from "#journal";
import { openMailStore } from "#mail";
import { replayedImage } from "#methods";
import { captureContinuously } from "#sources";
import { DovecotStores } from "./support/dovecot-stores.ts";
import { withoutLmtp } from "./support/lmtp-dovecot.ts";
import type { RawImap } from "./support/raw-imap.ts";
import { serverListing } from "./support/server-listing.ts";

const users = {
  maildir: "userdb_mail=maildir:~/Maildir",
  sdbox: "userdb_mail=sdbox:~/sdbox",
  mdbox: "userdb_mail=mdbox:~/mdbox",
} as const;

test("what the journal replays to is what Dovecot lists", { skip: withoutLmtp }, async () => {
  const folder = mkdtempSync("/tmp/restante-following-");
  const settings = "mdbox_rotate_size = 2M\n";
  await using server = await DovecotStores.start(join(folder, "server"), users, settings);
  const journal = memoryJournal();
  const store = join(folder, "server", "home");
  const capture = await captureContinuously({
    group: "mail",
    folder: store as RawPath,
    journal,
    stateFolder: join(folder, "state"),
  });
  try {
    for (const [name, phase] of phases) {
      for (const user of Object.keys(users)) {
        {
          await using imap = await server.imap(user);
          await phase({ server, imap, user });
        }
        await using imap = await server.imap(user);
        const said = (await serverListing(imap)).flatMap(({ name: mailbox, messages }) =>
          messages.map(({ uid, flags, keywords, sha256 }) =>
            JSON.stringify([mailbox, uid, flags, keywords, sha256]),
          ),
        );
        await capture.settle();
        assert.deepEqual(await replayedListing(journal, user), said.toSorted(), `${user}: ${name}`);
        assert.ok(said.length > 0);
      }
    }
    const { gaps, storedBytes } = capture.status;
    assert.equal(gaps, 0);
    // Indexes and large files are written to all the time; what is stored of them is what is new.
    assert.ok(storedBytes < 6 * bytesBelow(store), `${storedBytes} bytes stored`);
  } finally {
    await capture.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

type Site = { readonly server: DovecotStores; readonly imap: RawImap; readonly user: string };

const phases: readonly (readonly [name: string, phase: (site: Site) => Promise<void>])[] = [
  [
    "deliveries",
    async ({ server, user }) => {
      using lmtp = await server.lmtp();
      for (let index = 0; index < 30; index++)
        await lmtp.deliver(
          `Subject: ${index}\r\n\r\n${"text ".repeat(20_000 / (index + 1))}`,
          user,
        );
    },
  ],
  [
    "flags, copies and moves",
    async ({ imap }) => {
      await imap.command("CREATE Archive");
      await imap.command("CREATE Archive/2026");
      await imap.command("SELECT INBOX");
      await imap.command("STORE 1:20 +FLAGS.SILENT (\\Seen)");
      await imap.command("STORE 5:9 +FLAGS.SILENT (\\Flagged Important)");
      await imap.command("COPY 1:10 Archive");
      await imap.command("MOVE 11:15 Archive/2026");
    },
  ],
  [
    "expunges, and folders that get other names",
    async ({ imap }) => {
      await imap.command("SELECT INBOX");
      await imap.command("STORE 2,4 +FLAGS.SILENT (\\Deleted)");
      await imap.command("EXPUNGE");
      await imap.command("UNSELECT");
      await imap.command("RENAME Archive Old");
      await imap.command("APPEND Old/2026 (\\Draft) ", Buffer.from("Subject: draft\r\n\r\nx\r\n"));
    },
  ],
  [
    "purges, and more mail",
    async ({ server, imap, user }) => {
      if (user === "mdbox") server.doveadm("purge", "-u", user);
      const large = Buffer.from(`Subject: large\r\n\r\n${"line of text\r\n".repeat(90_000)}`);
      for (let index = 0; index < 4; index++) await imap.command("APPEND INBOX () ", large);
      await imap.command("SELECT INBOX");
      await imap.command("STORE 1:* -FLAGS.SILENT (\\Seen)");
    },
  ],
];

/** The user's mail by our reader, out of nothing but the journal. */
async function replayedListing(journal: MemoryJournal, user: string): Promise<readonly string[]> {
  const upTo = journal.lastSequence;
  const base = memoryImage({});
  await using image: Image = await replayedImage({ base, journal, fromSequence: 1, upTo });
  const root = joinRawPath(rootPath, user as RawPath);
  const { accounts } = await openMailStore(image, { root });
  assert.equal(accounts.length, 1);
  const lines: string[] = [];
  for (const account of accounts)
    for (const mailbox of await account.mailboxes()) {
      const { messages, problems } = await account.messages(mailbox);
      assert.deepEqual(problems, [], mailbox.name);
      for (const message of messages) {
        const bytes = Buffer.concat(await Array.fromAsync(account.read(message)));
        const text = bytes.toString("latin1").replaceAll(/(?<!\r)\n/g, "\r\n");
        const sha256 = createHash("sha256").update(text, "latin1").digest("hex");
        const { uid, flags, keywords } = message;
        lines.push(JSON.stringify([mailbox.name, uid, flags, keywords, sha256]));
      }
    }
  return lines.toSorted();
}

function bytesBelow(folder: string): number {
  return readdirSync(folder, { recursive: true })
    .map((name) => statSync(join(folder, String(name))))
    .reduce((sum, stats) => sum + (stats.isFile() ? stats.size : 0), 0);
}
