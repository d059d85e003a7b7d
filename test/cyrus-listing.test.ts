/** A real Cyrus 3.6, filled through IMAP and LMTP: our listing of a copy of its files is what it says over IMAP. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { openDirectoryImage, type RawPath, rawPathFromText } from "#image";
import {
  decodeMailboxName,
  type MailAccount,
  openMailStore,
  type OpenMailStoreOptions,
} from "#mail";
import { Cyrus, withoutCyrus } from "./support/cyrus.ts";
import { CyrusSession, deliverByLmtp, type ServedMailbox } from "./support/cyrus-session.ts";
import { messageText } from "./support/mail-store.ts";

const archive = join(import.meta.dirname, "../../shared/corpora/corpora.tar.xz");

type Listing = Readonly<Record<string, ServedMailbox>>;

/** By name, all that a server says of a mailbox, out of files. */
async function listingOf(account: MailAccount, prefix = ""): Promise<Listing> {
  const listing: Record<string, ServedMailbox> = {};
  for (const mailbox of await account.mailboxes()) {
    const { messages, problems } = await account.messages(mailbox);
    assert.deepEqual([...mailbox.problems, ...problems], [], mailbox.name);
    const served = [];
    for (const message of messages) {
      const bytes = Buffer.concat(await Array.fromAsync(account.read(message)));
      assert.equal(createHash("sha1").update(bytes).digest("hex"), message.guid);
      assert.equal(message.virtualSizeBytes, message.sizeBytes);
      served.push({
        uid: message.uid ?? 0,
        flags: message.flags,
        keywords: message.keywords,
        isRecent: message.isRecent,
        internalDate: Number(message.internalDateNs / 1_000_000_000n),
        saved: Number((message.savedNs ?? 0n) / 1_000_000_000n),
        sizeBytes: message.sizeBytes,
        modseq: message.modseq ?? 0n,
        sha256: createHash("sha256").update(bytes).digest("hex"),
      });
    }
    listing[prefix + mailbox.name] = {
      uidValidity: mailbox.uidValidity ?? 0,
      uidNext: mailbox.uidNext ?? 0,
      highestModseq: mailbox.highestModseq ?? 0n,
      id: mailbox.guid ?? "",
      messages: served,
    };
  }
  return listing;
}

async function listingOver(session: CyrusSession): Promise<Listing> {
  const listing: Record<string, ServedMailbox> = {};
  for (const name of await session.mailboxes())
    listing[decodeMailboxName(name).name] = await session.read(name);
  return listing;
}

async function accountsOf(
  copy: string,
  options: OpenMailStoreOptions = {},
): Promise<ReadonlyMap<string | undefined, MailAccount>> {
  const image = await openDirectoryImage(rawPathFromText(copy));
  const { accounts, problems } = await openMailStore(image, options);
  assert.deepEqual(problems, []);
  assert.ok(accounts.every(({ layout }) => layout === "cyrus"));
  return new Map(accounts.map((account) => [account.owner, account]));
}

/** Mailboxes for two users of two domains, and one that is shared. */
async function makeMailboxes(server: Cyrus): Promise<void> {
  const admin = await CyrusSession.logIn(server, "admin");
  for (const name of [
    "user/cass@example.test",
    "user/john.doe@example.org",
    "public",
    "public/news",
  ])
    await admin.command(`CREATE ${name}`);
  await admin.command("SETACL public/news cass lrswipkxtecdan");
  await admin.logOut();
}

const doomed = "Doomed";
const nested = '"Archiv/M&APw-ll &- mehr"';

/** What people do with mail: deliver, file, flag, copy, move, expunge, rename, delete. */
async function fill(server: Cyrus, mail: readonly Buffer[]): Promise<void> {
  await makeMailboxes(server);
  const users = ["cass@example.test", "john.doe@example.org"];
  await deliverByLmtp(server, users, mail.slice(0, 12));
  const cass = await CyrusSession.logIn(server, "cass");
  const folders = ["Archiv", nested, '"v1.2 (alt)"', doomed];
  for (const folder of folders) await cass.command(`CREATE ${folder}`);
  for (const name of ["INBOX", nested, '"Shared Folders/public/news"'])
    await cass.command(`SUBSCRIBE ${name}`);
  const flags = ["", "\\Seen", "\\Seen $Junk", "\\Draft Wichtig Projekt-9", "\\Flagged \\Answered"];
  const places = ["INBOX", "Archiv", nested, doomed, '"Shared Folders/public/news"'];
  for (const [number, message] of mail.slice(12).entries()) {
    const day = String(1 + (number % 28)).padStart(2, " ");
    const date = `"${day}-Jul-20${10 + (number % 15)} 02:44:${10 + number} -0730"`;
    const place = places[number % places.length] ?? "INBOX";
    const flag = flags[Math.floor(number / places.length) % flags.length];
    await cass.command(`APPEND ${place} (${flag}) ${date}`, message);
  }
  await cass.command("SELECT INBOX");
  await cass.command("STORE 1:5 +FLAGS (\\Answered \\Flagged)");
  await cass.command("STORE 3 -FLAGS (\\Answered)");
  await cass.command("STORE 7 FLAGS (Projekt.A \\Deleted)");
  await cass.command(`COPY 1:9 ${nested}`);
  await cass.command('MOVE 10:13 "v1.2 (alt)"');
  await cass.command("EXPUNGE");
  await cass.command('SELECT "v1.2 (alt)"');
  await cass.command("STORE 2 +FLAGS (\\Seen Sp&AOQ-ter)");
  await cass.command("UNSELECT");
  await cass.command('RENAME "v1.2 (alt)" "Archiv/v1.3"');
  await cass.command(`DELETE ${doomed}`);
  await cass.command('SELECT "Shared Folders/public/news"');
  await cass.command("STORE 2 +FLAGS (\\Seen)");
  await cass.logOut();
}

function copyOf(server: Cyrus, to: string): void {
  const { status, stderr } = spawnSync("cp", ["-a", server.store, to]);
  assert.equal(status, 0, stderr.toString());
}

type Arrangement = {
  readonly name: string;
  readonly lines: readonly string[];
  /** Files that show that the server did as it was told. */
  readonly shows: readonly RegExp[];
};

const arrangements: readonly Arrangement[] = [
  {
    name: "by unique ID",
    lines: [],
    shows: [/^spool\/uuid\/.\/.\/[0-9a-z]{24}\/1\.$/, /^config\/user\/uuid\/.*\/sub\.db$/],
  },
  {
    name: "by name, hashed by the first letter, with metadata in a partition of its own",
    lines: [
      "mailbox_legacy_dirs: yes",
      "hashimapspool: yes",
      "metapartition_files: header index cache",
      "metapartition-default: FOLDER/store/meta",
    ],
    shows: [/^spool\/c\/user\/cass\/1\.$/, /^meta\/c\/user\/cass\/cyrus\.index$/, /cass\.seen$/],
  },
  {
    name: "by name, hashed by the whole name, in twoskip throughout",
    lines: [
      "mailbox_legacy_dirs: yes",
      "hashimapspool: yes",
      "fulldirhash: yes",
      "subscription_db: twoskip",
    ],
    shows: [
      /^spool\/O\/user\/cass\/1\.$/,
      /^spool\/domain\/O\/example.org\/K\/user\/john\^doe\/1\.$/,
    ],
  },
  {
    name: "by unique ID, with an archive in a partition of its own",
    lines: [
      "archive_enabled: yes",
      "archive_after: 0",
      "archivepartition-default: FOLDER/store/archive",
    ],
    shows: [/^archive\/uuid\/.*\/1\.$/, /^spool\/uuid\/.*\/cyrus\.index$/],
  },
];

describe("a copy of a real Cyrus's files, taken without the server", { skip: withoutCyrus }, () => {
  let folder = "";
  let mail: readonly Buffer[] = [];

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "restante-cyrus-"));
    mail = someMail(folder);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const [number, { name, lines, shows }] of arrangements.entries()) {
    test(`lists what the server lists: ${name}`, async () => {
      const home = join(folder, `server-${number}`);
      mkdirSync(home);
      await using server = await Cyrus.start(home, { lines });
      await fill(server, mail);
      if (lines.includes("archive_enabled: yes")) server.run("cyr_expire", "-A", "0", "-E", "1");
      const copy = join(folder, `copy-${number}`);
      copyOf(server, copy);
      const files = readdirSync(copy, { recursive: true, encoding: "utf8" });
      for (const shown of shows)
        assert.ok(
          files.some((file) => shown.test(file)),
          `${shown}`,
        );
      const places = { cyrus: { seenBy: "cass" } };
      const accounts = await accountsOf(copy, { places });
      assert.deepEqual([...accounts.keys()], [undefined, "cass", "john.doe@example.org"]);

      const cass = await CyrusSession.logIn(server, "cass");
      const mine = accounts.get("cass") as MailAccount;
      const shared = await listingOf(accounts.get(undefined) as MailAccount, "Shared Folders/");
      const listed = await listingOver(cass);
      assert.deepEqual({ ...(await listingOf(mine)), ...shared }, listed);
      const { names, problems } = await mine.subscriptions();
      assert.deepEqual(problems, []);
      const subscribed = await cass.subscriptions();
      assert.deepEqual(
        new Set(names),
        new Set(subscribed.map((raw) => decodeMailboxName(raw).name)),
      );
      await cass.logOut();
      // The comparison has seen what it is about.
      assert.deepEqual(Object.keys(listed).toSorted(), expectedNames);
      const all = Object.values(listed).flatMap(({ messages }) => messages);
      for (const sign of ["$Junk", "Wichtig", "\\Seen", "\\Draft", "\\Answered", "Sp&AOQ-ter"])
        assert.ok(
          all.some(({ flags, keywords }) => [...flags, ...keywords].includes(sign)),
          sign,
        );

      const john = await CyrusSession.logIn(server, "john.doe@example.org");
      const { INBOX } = await listingOver(john);
      assert.deepEqual(await listingOf(accounts.get("john.doe@example.org") as MailAccount), {
        INBOX,
      });
      await john.logOut();

      const withDeleted = await accountsOf(copy, { places: { cyrus: { withDeleted: true } } });
      const everything = await listingOf(withDeleted.get("cass") as MailAccount);
      const gone = Object.keys(everything).filter((one) => one.startsWith(`DELETED/${doomed}/`));
      assert.equal(gone.length, 1);
      assert.ok((everything[gone[0] ?? ""]?.messages.length ?? 0) > 3);
    });
  }

  test("without mailboxes.db it still lists what the server lists", async () => {
    const copy = join(folder, "copy-0");
    const accounts = await accountsOf(copy);
    const listed = await listingOf(accounts.get("cass") as MailAccount);
    rmSync(join(copy, "config", "mailboxes.db"));
    const image = await openDirectoryImage(rawPathFromText(copy));
    const store = await openMailStore(image);
    assert.equal(store.problems.length, 1);
    const cass = store.accounts.find(({ owner }) => owner === "cass") as MailAccount;
    assert.deepEqual(await listingOf(cass), listed);
  });

  test("a copy that is taken while mail arrives has all mail of before", async () => {
    const home = join(folder, "server-live");
    mkdirSync(home);
    await using server = await Cyrus.start(home);
    await makeMailboxes(server);
    await deliverByLmtp(server, ["cass@example.test"], mail.slice(0, 20));
    const copy = join(folder, "copy-live");
    let isCopying = true;
    const copied = once(spawn("cp", ["-a", server.store, copy]), "exit").then(([status]) => {
      isCopying = false;
      assert.equal(status, 0);
    });
    while (isCopying) await deliverByLmtp(server, ["cass@example.test"], mail.slice(20, 25));
    await copied;
    const image = await openDirectoryImage(rawPathFromText(copy));
    const { accounts } = await openMailStore(image);
    const cass = accounts.find(({ owner }) => owner === "cass") as MailAccount;
    const { messages } = await cass.messages({ path: await inboxOf(cass) });
    assert.ok(messages.length >= 20);
    for (const message of messages.slice(0, 20)) {
      const bytes = Buffer.concat(await Array.fromAsync(cass.read(message)));
      assert.equal(createHash("sha1").update(bytes).digest("hex"), message.guid);
    }
  });
});

const expectedNames = [
  "Archiv",
  "Archiv/Müll & mehr",
  "Archiv/v1.3",
  "INBOX",
  "Shared Folders/public",
  "Shared Folders/public/news",
];

async function inboxOf(account: MailAccount): Promise<RawPath> {
  const [inbox] = await account.mailboxes();
  assert.equal(inbox?.name, "INBOX");
  return inbox.path;
}

/** Real mail where the corpora are there; they keep it with CRLF. */
function someMail(folder: string): readonly Buffer[] {
  if (!existsSync(archive))
    return Array.from({ length: 52 }, (_, number) => Buffer.from(messageText(number)));
  const unpacked = spawnSync("tar", ["-xJf", archive, "-C", folder, "./stores/cyrus/spool"]);
  assert.equal(unpacked.status, 0, String(unpacked.stderr));
  return readdirSync(join(folder, "stores"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /^[0-9]+\.$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
    .map((path) => readFileSync(path))
    .filter(({ length }) => length < 200_000)
    .slice(0, 52);
}
