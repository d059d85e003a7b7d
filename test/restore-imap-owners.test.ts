/** Many owners through a running Dovecot: what goes wrong with one keeps none of the others, and connections that end are made again. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { isLivingError, openImapAccount } from "#recovery";
import { runForTest, type TestRun } from "../src/cli/surroundings.fixture.ts";
import {
  DovecotImap,
  type ImapUser,
  masterName,
  masterPassword,
  userPassword,
  withoutImap,
} from "./support/dovecot-imap.ts";
import { password, Site } from "./support/recovery-site.ts";

const names = ["ada@example.org", "bob@example.org", "eve@example.net"];
const users: readonly ImapUser[] = names.map((address) => ({
  name: address.replace(/@.*/, ""),
  layout: "maildir",
}));

describe("many owners", { skip: withoutImap }, () => {
  let server: DovecotImap;
  let site: Site;
  let store = "";
  before(async () => {
    server = await DovecotImap.start({ users });
    site = new Site();
    store = join(site.folder, "mail");
    for (const [index, user] of users.entries()) {
      await using account = await open(user);
      for (const text of ["one", "two", "three"]) {
        await account.append("INBOX", {
          bytes: Buffer.from(`Message-ID: <${text}@x>\r\nSubject: ${text}\r\n\r\n${text}\r\n`),
          flags: ["\\Seen"],
          keywords: [],
          internalDateSeconds: 1_600_000_000,
        });
      }
      const [local = "", domain = ""] = (names[index] ?? "").split("@");
      const place = join(store, domain, local, "Maildir");
      mkdirSync(join(place, ".."), { recursive: true });
      cpSync(server.store(user), place, { recursive: true, preserveTimestamps: true });
      server.doveadm("expunge", "-u", user.name, "mailbox", "INBOX", "uid", "2");
    }
    await site.init();
    writeFileSync(join(site.folder, "master"), masterPassword, { mode: 0o600 });
    writeFileSync(
      join(site.folder, "restante.yaml"),
      `version: 1
servers:
  mx1:
    type: dovecot
    path: ${store}
    imap: {url: "imap://127.0.0.1:${server.port}", master: ${masterName}, password: "file:${site.folder}/master"}
copies:
  here: {layer: operational, path: ${site.repository}, key: "env:RESTANTE_PASSWORD"}
tiers:
  all: {operational: {method: backup to disk, copy: here, keep: [last 5]}}
lines_of_business:
  everyone: {mailboxes: ["*"], tier: all}
`,
    );
    const captured = await restante("capture", "mx1");
    assert.equal(captured.exitCode, 0, captured.messages);
  });
  after(async () => {
    await server?.[Symbol.asyncDispose]();
    site?.[Symbol.dispose]();
  });

  const open = async (user: ImapUser) =>
    await openImapAccount({
      server: { host: "127.0.0.1", port: server.port, security: "none" },
      user: user.name,
      password: userPassword,
    });
  const subjects = ({ name }: ImapUser): string =>
    server
      .doveadm("-f", "tab", "fetch", "-u", name, "hdr.subject", "all")
      .split("\n")
      .slice(1, -1)
      .sort()
      .join(" ");
  const restante = async (...argv: readonly string[]): Promise<TestRun> =>
    await runForTest(argv, {
      environment: {
        RESTANTE_PASSWORD: password,
        XDG_CACHE_HOME: site.cache,
        XDG_STATE_HOME: join(site.folder, "state"),
      },
      workingFolder: site.folder,
    });

  test("of a domain all are put back whom the server lets in, and who is not is told", async () => {
    // Bob is gone from the server.
    const file = join(server.folder, "users");
    const whole = readFileSync(file, "utf8");
    writeFileSync(file, whole.replace(/^bob:.*\n/m, ""));
    await server.startAgain();
    const done = await restante(
      "restore",
      "*@example.org",
      "--at",
      "latest",
      "--to",
      "imap",
      "--yes",
      "--json",
    );
    writeFileSync(file, whole);
    await server.startAgain();
    assert.equal(done.exitCode, 3, done.messages + done.output);
    const documents = done.output
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const summary = documents.at(-1) ?? {};
    assert.deepEqual([summary["accounts"], summary["failedAccounts"]], [2, 1]);
    assert.equal((summary["counts"] as Record<string, number>)["created"], 1);
    assert.ok(
      documents.some(
        ({ type, code }) =>
          type === "failed-account" && typeof code === "string" && code.startsWith("living."),
      ),
    );
    assert.doesNotMatch(done.output + done.messages, new RegExp(masterPassword));
    assert.equal(subjects(users[0] as ImapUser), "one three two");
    assert.equal(subjects(users[1] as ImapUser), "one three");
    assert.equal(subjects(users[2] as ImapUser), "one three");
  });

  test("the whole server, and undo of one of its owners", async () => {
    const done = await restante(
      "restore",
      "mx1",
      "--at",
      "latest",
      "--to",
      "imap",
      "--yes",
      "--json",
    );
    assert.equal(done.exitCode, 0, done.messages + done.output);
    for (const user of users) assert.equal(subjects(user), "one three two");
    const listed = await restante("undo", "--list", "--json");
    const { jobs } = JSON.parse(listed.output) as { jobs: { id: string; about: string }[] };
    const job = jobs.find(({ about }) => about.startsWith("eve@example.net"));
    const undone = await restante("undo", job?.id ?? "", "--yes");
    assert.equal(undone.exitCode, 0, undone.messages);
    assert.equal(subjects(users[2] as ImapUser), "one three");
    assert.equal(subjects(users[0] as ImapUser), "one three two");
  });

  test("one message by its UID, into a folder of its own", async () => {
    const argv = ["bob@example.org/INBOX#2", "--at", "latest", "--to", "imap", "--into", "Back"];
    server.doveadm("expunge", "-u", "bob", "mailbox", "INBOX", "subject", "two");
    const done = await restante("restore", ...argv, "--yes");
    assert.equal(done.exitCode, 0, done.messages);
    assert.match(done.output, /created 1 /);
    const back = server.doveadm("fetch", "-u", "bob", "hdr.subject", "mailbox", "Back", "all");
    assert.match(back, /two/);
  });

  test("a connection that the server ends is made again, and nothing is there twice", async () => {
    const user = users[0] as ImapUser;
    await using account = await open(user);
    const before_ = await account.messages("INBOX");
    await server.startAgain();
    const now = await account.messages("INBOX");
    assert.deepEqual(now, before_);
    const [first] = now.messages;
    await server.startAgain();
    const read = await Array.fromAsync(account.read(now, [first?.uid ?? 0]));
    assert.equal(read.length, 1);
  });

  test("without TLS nothing is sent where STARTTLS is insisted on", async () => {
    const login = { user: "ada", password: "never-sent" };
    const place = { host: "127.0.0.1", port: server.port, security: "starttls" } as const;
    await assert.rejects(openImapAccount({ server: place, ...login }), (error) =>
      isLivingError(error, "living.insecure"),
    );
    const log = readFileSync(join(server.folder, "dovecot.log"), "utf8");
    assert.doesNotMatch(log, /never-sent/);
  });

  test("STARTTLS is spoken where the certificate's authority is known, and nowhere else", async () => {
    const [key, certificate] = [join(site.folder, "key.pem"), join(site.folder, "certificate.pem")];
    const request = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test".split(" ");
    const subject = ["-addext", "subjectAltName=IP:127.0.0.1"];
    const files = ["-keyout", key, "-out", certificate];
    const made = spawnSync("openssl", [...request, ...subject, ...files]);
    assert.equal(made.status, 0, made.stderr.toString());
    const [user] = users;
    await using secured = await DovecotImap.start({
      users: [user as ImapUser],
      more: `ssl = required\nssl_cert = <${certificate}\nssl_key = <${key}\n`,
    });
    const place = { host: "127.0.0.1", port: secured.port, security: "starttls" } as const;
    const login = { user: "ada", password: userPassword };
    await assert.rejects(openImapAccount({ server: place, ...login }), (error) =>
      isLivingError(error, "living.insecure"),
    );
    const authorities = readFileSync(certificate, "utf8");
    await using account = await openImapAccount({ server: { ...place, authorities }, ...login });
    assert.equal((await account.messages("INBOX")).messages.length, 0);
  });
});
