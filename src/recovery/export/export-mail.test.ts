import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import {
  memoryImage,
  type MemoryNodes,
  openDirectoryImage,
  rawPathFromText,
  type RawPath,
} from "#image";
import {
  type MailAccount,
  MailError,
  messageIdentity,
  openMailStore,
  openMboxAccount,
  type StoredMessage,
} from "#mail";
import { exportMail, type ExportMailOptions, type ExportSource } from "./export-mail.ts";

const folder = mkdtempSync(join(tmpdir(), "restante-export-"));
after(() => rmSync(folder, { recursive: true, force: true }));
let number = 0;
const fresh = (ending = ""): string => join(folder, `${++number}${ending}`);

const python = (() => {
  try {
    return execFileSync("python3", ["--version"]).length > 0;
  } catch {
    return false;
  }
})();
const skip = python ? false : "python3 is not installed";

const second = 1_000_000_000n;
const day = BigInt(Date.UTC(2026, 10, 25, 14, 3, 7)) * 1_000_000n;
const large = `Subject: large\n\n${"0123456789abcdef\n".repeat(20_000)}`;
const hostile = "From a@b Wed Nov 25 14:03:07 2026\nSubject: one\n\n>From a\nFrom b\n\n\nFrom c\n";
const nodes: MemoryNodes = {
  "sd/Maildir/dovecot-uidlist": "3 V17 N9\n1 :1.a\n3 :2.b\n5 :3.c\n8 :4.d\n",
  "sd/Maildir/dovecot-keywords": "0 Wichtig\n1 $Junk\n",
  "sd/Maildir/cur/1.a:2,": { bytes: "Return-Path: <x@y>\nSubject: ../1\n\nno end", mtimeNs: day },
  "sd/Maildir/cur/2.b:2,PRSab": { bytes: large, mtimeNs: day + second },
  "sd/Maildir/cur/3.c:2,DFT": { bytes: hostile, mtimeNs: day + 2n * second },
  "sd/Maildir/new/4.d": { bytes: "Subject: ../1\r\n\r\nCRLF\r\n", mtimeNs: day },
  "sd/Maildir/.Archive.2024/cur/5.e:2,S": { bytes: "\nno header\n", mtimeNs: day },
  "sd/Maildir/.Archive.2024/new": { type: "directory" },
  "sd/Maildir/.R&AOk-sum&AOk-/cur": { type: "directory" },
  "sd/Maildir/.R&AOk-sum&AOk-/new": { type: "directory" },
};

async function accountOf(store = nodes): Promise<MailAccount> {
  const { accounts } = await openMailStore(memoryImage(store));
  return accounts[0] as MailAccount;
}

async function sourcesOf(account: MailAccount, only?: string): Promise<ExportSource[]> {
  const mailboxes = await account.mailboxes();
  return mailboxes
    .filter(({ name }) => only === undefined || name === only)
    .map((mailbox) => ({
      ...mailbox,
      address: "sd@example.org",
      list: async () => await account.messages(mailbox),
      read: (message) => account.read(message),
    }));
}

const options = (
  format: ExportMailOptions["format"],
  to: string,
  more: Partial<ExportMailOptions> = {},
): ExportMailOptions => ({ to, format, levels: "folders", uidValidity: 99, ...more });

type Known = Pick<StoredMessage, "uid" | "flags" | "keywords"> & {
  readonly identity: string;
  readonly seconds: bigint;
};

/** Every message by what must survive; `ended` as a server does that saves a message: with a line end. */
async function knownOf(account: MailAccount, ended = false): Promise<Record<string, Known[]>> {
  const known: Record<string, Known[]> = {};
  for (const mailbox of await account.mailboxes()) {
    const { messages, problems } = await account.messages(mailbox);
    assert.deepEqual([...mailbox.problems, ...problems], []);
    known[mailbox.name] = await Promise.all(
      messages.map(async (message) => {
        let bytes = Buffer.concat(await Array.fromAsync(account.read(message)));
        if (ended && !bytes.toString("latin1").endsWith("\n"))
          bytes = Buffer.concat([bytes, Buffer.from("\n")]);
        return {
          identity: await messageIdentity(bytes),
          ...(message.uid === undefined ? {} : { uid: message.uid }),
          flags: message.flags.filter((flag) => flag !== "$Forwarded").sort(),
          keywords: [
            ...new Set([
              ...message.keywords,
              ...message.flags.filter((flag) => flag === "$Forwarded"),
            ]),
          ].sort(),
          seconds: message.internalDateNs / second,
        };
      }),
    );
  }
  return known;
}

describe("exportMail()", () => {
  test("as mbox keeps identities, UIDs, flags, keywords and dates, read again by ourselves", async () => {
    const account = await accountOf();
    const to = fresh();
    const result = await exportMail(await sourcesOf(account), options("mbox", to));
    assert.deepEqual(
      { ...result, bytes: 0 },
      {
        mailboxes: 3,
        messages: 5,
        bytes: 0,
        failures: [],
        failureCount: 0,
        remarks: [],
        keywordsLost: 0,
      },
    );
    await using image = await openDirectoryImage(rawPathFromText(to));
    const mboxes = ["INBOX", "Archive/2024", "Résumé"].map((name) => ({
      name,
      path: rawPathFromText(`${name}.mbox`),
      problems: [],
    }));
    const read = openMboxAccount(image, { root: "" as RawPath, mboxes, isQuoted: true });
    assert.deepEqual(await knownOf(read), await knownOf(account, true));
    assert.equal((await read.mailboxes())[0]?.uidNext, 9);
  });

  test("as mbox of one folder is a file with as many messages for Python", { skip }, async () => {
    const to = fresh(".mbox");
    await exportMail(
      await sourcesOf(await accountOf(), "INBOX"),
      options("mbox", to, { levels: "none" }),
    );
    const program = `import mailbox, sys
box = mailbox.mbox(sys.argv[1])
print([[m["subject"], m.get_from(), m["status"]] for m in box])`;
    const printed = execFileSync("python3", ["-c", program, to], { encoding: "utf8" });
    assert.equal((printed.match(/Nov 25/g) ?? []).length, 4);
    assert.match(printed, /'\.\.\/1', 'x@y Wed Nov 25 14:03:07 2026 \+0000', 'O'/);
    assert.equal(statSync(to).mode & 0o777, 0o600);
  });

  test("as Maildir keeps identities, UIDs, flags, keywords and dates, read again by ourselves", async () => {
    const account = await accountOf();
    const to = fresh();
    await exportMail(await sourcesOf(account), options("maildir", to));
    await using image = await openDirectoryImage(rawPathFromText(to));
    const { accounts } = await openMailStore(image);
    assert.equal(accounts.length, 1);
    assert.deepEqual(await knownOf(accounts[0] as MailAccount), await knownOf(account));
  });

  test("as .eml files keeps every byte, under names that nobody can abuse", async () => {
    const to = fresh();
    await exportMail(await sourcesOf(await accountOf()), options("eml", to));
    const files = readdirSync(to, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(to.length + 1));
    assert.deepEqual(files.sort(), [
      "Archive/2024/20261125T140307Z.eml",
      "INBOX/20261125T140307Z 1 (2).eml",
      "INBOX/20261125T140307Z 1.eml",
      "INBOX/20261125T140308Z large.eml",
      "INBOX/20261125T140309Z one.eml",
    ]);
    assert.equal(readFileSync(join(to, "INBOX/20261125T140308Z large.eml"), "utf8"), large);
    assert.equal(
      statSync(join(to, "INBOX/20261125T140309Z one.eml")).mtimeMs,
      Number(day / 1_000_000n) + 2000,
    );
  });

  test(
    "as zip is read by Python, with the names and bytes of the .eml files",
    { skip },
    async () => {
      const to = fresh(".zip");
      const sources = await sourcesOf(await accountOf());
      await exportMail(sources, options("zip", to, { levels: "addresses" }));
      const program = `import zipfile, sys, json, hashlib
z = zipfile.ZipFile(sys.argv[1])
assert z.testzip() is None
print(json.dumps({n: hashlib.sha256(z.read(n)).hexdigest() for n in z.namelist()}))`;
      const read = JSON.parse(
        execFileSync("python3", ["-c", program, to], { encoding: "utf8" }),
      ) as Record<string, string>;
      const names = Object.keys(read);
      assert.equal(names.length, 5);
      assert.ok(names.includes("sd@example.org/INBOX/20261125T140307Z 1 (2).eml"));
      const digest = await crypto.subtle.digest("SHA-256", Buffer.from(large));
      assert.equal(
        read["sd@example.org/INBOX/20261125T140308Z large.eml"],
        Buffer.from(digest).toString("hex"),
      );
      assert.ok(!existsSync(`${to}.partial`));
    },
  );

  for (const format of ["mbox", "eml", "maildir", "zip"] as const) {
    test(`as ${format} leaves out what cannot be read, says so, and keeps the rest whole`, async () => {
      const account = await accountOf();
      const sources = (await sourcesOf(account)).map((source) => ({
        ...source,
        read: (message: StoredMessage) =>
          message.uid === 3
            ? (async function* () {
                yield Buffer.from("Subject: half\n\nof it");
                throw new MailError("mail.damaged", "Cannot read it: it is half");
              })()
            : account.read(message),
        list: async () => {
          if (source.name === "Archive/2024") throw new MailError("mail.damaged", "no index");
          return await source.list();
        },
      }));
      const to = fresh();
      const result = await exportMail(sources, options(format, to));
      assert.deepEqual([result.messages, result.failureCount], [3, 2]);
      assert.deepEqual(
        result.failures.map(({ mailbox, message, reason }) => [mailbox, message?.uid, reason]),
        [
          ["INBOX", 3, "Cannot read it: it is half"],
          ["Archive/2024", undefined, "no index"],
        ],
      );
      const written = statSync(to).isFile()
        ? [to]
        : readdirSync(to, { recursive: true, withFileTypes: true })
            .filter((entry) => entry.isFile())
            .map((entry) => join(entry.parentPath, entry.name));
      for (const file of written)
        assert.doesNotMatch(readFileSync(file, "latin1"), /Subject: half/);
      assert.ok(!written.some((file) => file.includes("partial")));
    });

    test(`as ${format} overwrites nothing, and leaves nothing behind when it is told to end`, async () => {
      const sources = await sourcesOf(await accountOf());
      const to = fresh();
      writeFileSync(to, "mine");
      await assert.rejects(exportMail(sources, options(format, to)), {
        code: "export.target-taken",
      });
      assert.equal(readFileSync(to, "utf8"), "mine");
      const other = fresh();
      const stop = new AbortController();
      const onProgress = (): void => stop.abort();
      await assert.rejects(
        exportMail(sources, options(format, other, { signal: stop.signal, onProgress })),
        { name: "AbortError" },
      );
      assert.deepEqual(
        readdirSync(folder).filter((name) => name.startsWith(`${number}`)),
        [],
      );
    });
  }

  for (const format of ["mbox", "eml", "maildir", "zip"] as const)
    test(`as ${format} keeps two INBOXes of one owner apart`, async () => {
      const inbox = await sourcesOf(await accountOf(), "INBOX");
      const to = fresh();
      const result = await exportMail([...inbox, ...inbox], options(format, to));
      assert.deepEqual([result.mailboxes, result.messages, result.failureCount], [2, 8, 0]);
      if (format === "zip") return;
      const files = readdirSync(to, { recursive: true, withFileTypes: true });
      const messages = files.filter(({ name }) => /\.eml$|restante,S=/.test(name));
      assert.equal(format === "mbox" ? files.length : messages.length, format === "mbox" ? 2 : 8);
    });

  test("of one message as .eml is that file", async () => {
    const to = fresh(".eml");
    const [source] = await sourcesOf(await accountOf(), "Archive/2024");
    assert.ok(source !== undefined);
    await exportMail([source], options("eml", to, { levels: "none", isOneMessage: true }));
    assert.equal(readFileSync(to, "utf8"), "\nno header\n");
  });

  test("says where it cannot write", async () => {
    const to = join(folder, "none", "there");
    const sources = await sourcesOf(await accountOf());
    await assert.rejects(exportMail(sources, options("zip", to)), { code: "export.not-written" });
    await assert.rejects(exportMail(sources, options("eml", to, { isOneMessage: true })), {
      code: "export.not-written",
    });
  });
});
