import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { openDirectoryImage, type RawPath } from "#image";
import { encodeMailboxName, type MailAccount, openMailStore } from "#mail";
import { DovecotStores, type StoreUsers } from "./support/dovecot-stores.ts";
import type { RawImap } from "./support/raw-imap.ts";
import { withoutLmtp } from "./support/lmtp-dovecot.ts";
import { differences, ourListing } from "./support/our-listing.ts";
import { unpackCorpora, withoutCorpora } from "./support/restic.ts";
import { serverListing } from "./support/server-listing.ts";

const skip = withoutLmtp === false ? withoutCorpora : withoutLmtp;

const users = {
  maildir: "userdb_mail=maildir:~/Maildir",
  "maildir-gz": "userdb_mail=maildir:~/Maildir userdb_zlib_save=gz",
  sdbox: "userdb_mail=sdbox:~/sdbox",
  mdbox: "userdb_mail=mdbox:~/mdbox",
  "sdbox-bz2":
    "userdb_mail=sdbox:~/sdbox:ALT=~/alt userdb_zlib_save=bz2 userdb_mail_attachment_dir=%h/attachments",
  "sdbox-gz": "userdb_mail=sdbox:~/sdbox:INDEX=~/index:CONTROL=~/control userdb_zlib_save=gz",
  "mdbox-zstd":
    "userdb_mail=mdbox:~/mdbox:ALT=~/alt userdb_zlib_save=zstd userdb_mail_attachment_dir=%h/attachments",
  "mdbox-lz4": "userdb_mail=mdbox:~/mdbox:INDEX=~/index:UTF-8 userdb_zlib_save=lz4",
  "sdbox-layout": "userdb_mail=sdbox:~/sdbox:LAYOUT=index",
} as const satisfies StoreUsers;
type User = keyof typeof users;

/** Where what lies apart is; the rest is found. */
const places: Partial<Record<User, { readonly index?: RawPath; readonly control?: RawPath }>> = {
  "sdbox-gz": { index: "index" as RawPath, control: "control" as RawPath },
  "mdbox-lz4": { index: "index" as RawPath },
};

describe("our listing equals Dovecot's", { skip }, () => {
  let folder = "";
  let messages: readonly Buffer[] = [];
  let server: DovecotStores;
  before(async () => {
    folder = mkdtempSync("/tmp/restante-listing-");
    const corpora = join(folder, "corpora");
    for (const part of ["mail", "mime"]) unpackCorpora(part, corpora);
    messages = realMail(corpora);
    server = await DovecotStores.start(join(folder, "server"), users);
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const user of Object.keys(users) as readonly User[])
    test(`${user}: folders, UIDs, flags, keywords, dates, sizes, bytes and modseqs`, async () => {
      await fill(server, { user, messages });
      const copy = join(folder, "copies", user);
      copyWithoutTheServer(server.home(user), copy);
      const indexes = namesBelow(copy).filter((name) => name.includes("Large"));
      assert.ok(!isLong(user) || indexes.some((name) => name.endsWith("dovecot.index.log.2")));
      await using imap = await server.imap(user);
      const said = await serverListing(imap);
      assert.ok(said.flatMap((mailbox) => mailbox.messages).length > 300);
      const account = await onlyAccount(copy, user);
      assert.deepEqual(differences(await ourListing(account, said), said), []);
      const subscribed = (await account.subscriptions()).names.toSorted();
      assert.deepEqual(subscribed, ["Archive/2024", "Entwürfe"]);
      if (account.layout === "maildir") return;
      const guids = server.doveadm("-f", "tab", "mailbox", "status", "-u", user, "guid", "*");
      const ours = (await account.mailboxes()).map(({ guid }) => guid ?? "");
      assert.deepEqual(ours.toSorted(), (guids.match(/[0-9a-f]{32}$/gm) ?? []).toSorted());
    });
});

/** Users whose log is begun anew; more of them would only take longer. */
function isLong(user: User): boolean {
  return user === "maildir" || user === "sdbox" || user === "mdbox";
}

/** Messages of mailing lists, and those with attachments. */
function realMail(corpora: string): readonly Buffer[] {
  const files = readdirSync(corpora, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(?:eml|txt)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const read = (path: RegExp, count: number): readonly Buffer[] =>
    files
      .filter((file) => path.test(file))
      .map((file) => readFileSync(file))
      .filter((bytes) => bytes.length > 100 && bytes.length < 300_000 && !bytes.includes(0))
      .slice(0, count);
  return [...read(/\/mail\//, 90), ...read(/\/mime\//, 90)];
}

/** What people and their clients do, with what the server's tools do now and then. */
async function fill(
  server: DovecotStores,
  { user, messages }: { readonly user: User; readonly messages: readonly Buffer[] },
): Promise<void> {
  {
    using lmtp = await server.lmtp();
    for (const message of messages.slice(0, 20)) {
      const lines = message.toString("latin1").replaceAll(/\r?\n/g, "\r\n");
      await lmtp.deliver(lines.replaceAll(/^\./gm, ".."), user);
    }
  }
  await using imap = await server.imap(user);
  for (const name of [
    "Archive/2024",
    "Entwürfe",
    "Entwürfe/Geprüft & gut",
    "日本語",
    "a b",
    "old",
    "gone",
    "Large",
  ])
    await imap.command(`CREATE "${encodeMailboxName(name)}"`);
  for (const name of ["Archive/2024", "Entwürfe", "a b"])
    await imap.command(`SUBSCRIBE "${encodeMailboxName(name)}"`);
  await imap.command(`UNSUBSCRIBE "a b"`);
  for (const [index, message] of messages.slice(20).entries()) await append(imap, message, index);
  await imap.command("SELECT INBOX (CONDSTORE)");
  await imap.command("STORE 1:10 +FLAGS.SILENT (\\Seen)");
  await imap.command("STORE 3,5,7 FLAGS.SILENT (\\Answered $Forwarded Wichtig)");
  await imap.command("STORE 8 +FLAGS.SILENT (\\Flagged \\Draft $Junk NonJunk)");
  await imap.command("STORE 5 -FLAGS.SILENT (Wichtig)");
  await imap.command(`COPY 2:9 "Archive/2024"`);
  await imap.command(`COPY 2:3 "Archive/2024"`);
  await imap.command(`MOVE 11:14 "${encodeMailboxName("Entwürfe/Geprüft & gut")}"`);
  await imap.command("STORE 1,4 +FLAGS.SILENT (\\Deleted)");
  await imap.command("EXPUNGE");
  await imap.command(`SELECT "old"`);
  await append(imap, messages[0] as Buffer, 0, "old");
  await imap.command(`STORE 1 FLAGS.SILENT (\\Deleted)`);
  await imap.command("UNSELECT");
  await imap.command(`RENAME "old" "new name"`);
  await imap.command(`DELETE "gone"`);
  await fillLarge(imap, isLong(user) ? 120 : 8);
  if (user.startsWith("mdbox")) server.doveadm("purge", "-u", user);
  if (/ALT=/.test(users[user])) server.doveadm("altmove", "-u", user, "seen");
  await imap.command(`SELECT "${encodeMailboxName("日本語")}"`);
  await append(imap, messages[30] as Buffer, 3, "日本語");
}

async function append(
  imap: RawImap,
  message: Buffer,
  index: number,
  name = index % 3 === 0 ? "INBOX" : index % 3 === 1 ? "Archive/2024" : "Entwürfe",
): Promise<void> {
  const flags = ["()", "(\\Seen)", "(\\Flagged Wichtig)", "(\\Seen \\Answered $Forwarded)"][
    index % 4
  ];
  const day = String((index % 28) + 1).padStart(2, "0");
  const date = `"${day}-Feb-20${10 + (index % 10)} 03:04:${10 + (index % 50)} +0100"`;
  await imap.command(`APPEND "${encodeMailboxName(name)}" ${flags} ${date} `, message);
}

/** Enough changes that the index is written, and its log begun anew. */
async function fillLarge(imap: RawImap, rounds: number): Promise<void> {
  const small = Buffer.from("Subject: one of many\r\n\r\nshort\r\n");
  for (let index = 0; index < 4; index++) await append(imap, small, index, "Large");
  await imap.command("SELECT Large");
  for (let doublings = 0; doublings < 7; doublings++) await imap.command("COPY 1:* Large");
  const odd = Array.from({ length: 256 }, (_, index) => index * 2 + 1).join(",");
  const even = Array.from({ length: 200 }, (_, index) => index * 2 + 2).join(",");
  for (let round = 0; round < rounds; round++) {
    await imap.command(`STORE ${odd} +FLAGS.SILENT (Label${round % 10} \\Flagged)`);
    await imap.command(
      `STORE ${even} ${round % 3 === 0 ? "-" : "+"}FLAGS.SILENT (\\Seen $Forwarded)`,
    );
    await imap.command(`STORE ${odd} -FLAGS.SILENT (\\Flagged Label${(round + 5) % 10})`);
  }
  await imap.command("STORE 100:140 +FLAGS.SILENT (\\Deleted)");
  await imap.command("EXPUNGE");
  await imap.command(`STORE 17 FLAGS.SILENT (\\Seen Last)`);
}

function namesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true }).map(String);
}

/** Bytes, times and links as they are at this moment. */
function copyWithoutTheServer(from: string, to: string): void {
  const { status, stderr } = spawnSync("sh", [
    "-c",
    `mkdir -p '${to}' && cp -a '${from}/.' '${to}'`,
  ]);
  assert.equal(status, 0, stderr.toString());
}

async function onlyAccount(copy: string, user: User): Promise<MailAccount> {
  const image = await openDirectoryImage(copy as RawPath);
  const { accounts, problems } = await openMailStore(image, {
    places: { dovecot: places[user] ?? {} },
  });
  assert.deepEqual(problems, []);
  assert.equal(accounts.length, 1, accounts.map(({ root }) => root).join(" "));
  return accounts[0] as MailAccount;
}
