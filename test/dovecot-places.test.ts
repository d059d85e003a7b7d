/** A real Dovecot whose indexes, lists and older messages lie elsewhere: from its configuration to years later. */
import assert from "node:assert/strict";
import {
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Host, localHost } from "#hosts";
import { type MailAccount, openMailStore } from "#mail";
import { runForTest, type TestRun } from "../src/cli/surroundings.fixture.ts";
import { DovecotStores } from "./support/dovecot-stores.ts";
import { withoutLmtp } from "./support/lmtp-dovecot.ts";
import { differences, ourListing } from "./support/our-listing.ts";
import { Site } from "./support/recovery-site.ts";
import { type ListedMailbox, serverListing } from "./support/server-listing.ts";

const parts = ["mail", "index", "control", "alt", "attachments"] as const;
/** Users of an mdbox, a sdbox and a Maildir. */
const users = ["mia", "sam", "max"] as const;
type User = (typeof users)[number];

describe(
  "a Dovecot with INDEX, CONTROL, ALT and attachments elsewhere",
  { skip: withoutLmtp },
  () => {
    let folder = "";
    let site: Site;
    let server: DovecotStores;
    const said = new Map<User, readonly ListedMailbox[]>();
    const at = (...names: readonly string[]): string => join(folder, ...names);
    before(async () => {
      folder = realpathSync(mkdtempSync(join(tmpdir(), "restante-places-")));
      for (const part of parts) {
        mkdirSync(at("store", part), { recursive: true });
        if (process.getuid?.() === 0) chownSync(at("store", part), 65_534, 65_534);
      }
      const place = `${at("store", "mail")}/%n:INDEX=${at("store", "index")}/%n:CONTROL=${at("store", "control")}/%n`;
      server = await DovecotStores.start(
        at("t"),
        {
          mia: "",
          sam: `userdb_mail=sdbox:${place}:ALT=${at("store", "alt")}/%n:DIRNAME=mAil`,
          max: `userdb_mail=maildir:${place}`,
        },
        [
          `mail_location = mdbox:${place}:ALT=${at("store", "alt")}/%n`,
          `mail_attachment_dir = ${at("store", "attachments")}`,
          "mail_attachment_min_size = 2k",
          "",
        ].join("\n"),
      );
      for (const user of users) said.set(user, await fill(server, user));
      site = new Site(at("site"));
      await site.init();
      await run([
        "config",
        "generate",
        at("store", "mail"),
        "--copy",
        site.repository,
        "--config",
        at("c.yaml"),
      ]);
      const generated = readFileSync(at("c.yaml"), "utf8");
      writeFileSync(at("key"), "correct horse");
      writeFileSync(at("c.yaml"), generated.replace(/key: .*/, `key: file:${at("key")}`));
    });
    after(async () => {
      await server?.[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    });

    async function run(argv: readonly string[]): Promise<TestRun> {
      const environment = {
        XDG_STATE_HOME: at("state"),
        XDG_CACHE_HOME: at("cache"),
        HOME: folder,
      };
      const done = await runForTest(argv, {
        environment,
        openHost: async () => seeingOnly(folder),
      });
      assert.equal(done.exitCode, 0, `${argv.join(" ")}: ${done.messages}${done.output}`);
      return done;
    }

    test("config generate writes the volumes and the places that the server says", async () => {
      const text = readFileSync(at("c.yaml"), "utf8");
      for (const part of parts.slice(1))
        assert.match(
          text,
          new RegExp(`- \\{ path: ${at("store", part)}, role: (?:log|database) \\}`),
        );
      assert.match(text, /places:\n(?: +- \{ mail: .*\}\n){3}/);
      assert.match(text, /mail: "[^"]*\/mail\/%n"/);
      const { output } = await run(["config", "validate", "--config", at("c.yaml")]);
      assert.match(output, /is valid: 1 protection group/);
    });

    test("one capture has all of it, and its listing equals what the server said", async () => {
      await run(["capture", "--config", at("c.yaml"), "--quiet"]);
      await using repository = await site.open();
      const [snapshot, ...others] = await repository.snapshots();
      assert.ok(snapshot);
      const stores = others.filter(({ paths }) => paths.length > 1);
      assert.deepEqual(stores, []);
      const moment = [snapshot, ...others].find(({ paths }) => paths.length === parts.length);
      assert.ok(moment);
      await using image = await repository.image(moment);
      const { accounts, problems } = await openMailStore(image);
      assert.deepEqual(problems, []);
      assert.deepEqual(
        accounts.map(({ root, layout }) => [root.split("/").at(-1), layout]),
        [
          ["max", "maildir"],
          ["mia", "mdbox"],
          ["sam", "sdbox"],
        ],
      );
      for (const account of accounts) {
        const expected = said.get(account.root.split("/").at(-1) as User) ?? [];
        assert.deepEqual(differences(await ourListing(account, expected), expected), []);
        assert.deepEqual((await account.subscriptions()).names, ["Archive"]);
      }
    });

    test("years later the places of that moment are used, whatever the configuration says now", async () => {
      const generated = readFileSync(at("c.yaml"), "utf8");
      writeFileSync(at("later.yaml"), generated.replaceAll(/^ +(?:- \{ mail:.*|places:)\n/gm, ""));
      const { output } = await run(["ls", "mia/INBOX", "--config", at("later.yaml"), "--json"]);
      assert.match(output, /Wichtig/);
      const listed = await run(["ls", "sam/Archive", "--config", at("later.yaml"), "--json"]);
      assert.match(listed.output, /Flagged/);
    });

    test("an account comes back with what lies apart, and reads as before", async () => {
      const to = at("back");
      await run(["restore", "mia", "--to", to, "--yes", "--config", at("c.yaml")]);
      const back = join(to, at("store").slice(1));
      const { openDirectoryImage } = await import("#image");
      await using image = await openDirectoryImage(back as never);
      const facts = {
        server: "dovecot",
        root: back,
        places: [{ mail: `${back}/mail/%n`, index: `${back}/index/%n`, alt: `${back}/alt/%n` }],
      };
      const { accounts } = await openMailStore(
        Object.assign(image, { serverFacts: async () => facts }),
      );
      const [account] = accounts as readonly [MailAccount];
      const [inbox] = await account.mailboxes();
      assert.ok(inbox);
      const { messages } = await account.messages(inbox);
      const expected = said.get("mia")?.find(({ name }) => name === "INBOX")?.messages ?? [];
      assert.deepEqual(
        messages.map(({ uid, flags, keywords }) => ({ uid, flags, keywords })),
        expected.map(({ uid, flags, keywords }) => ({ uid, flags, keywords })),
      );
    });
  },
);

/** Mail in two folders with flags and keywords, some of it in older storage; what the server says of it. */
async function fill(server: DovecotStores, user: User): Promise<readonly ListedMailbox[]> {
  const attachment = Buffer.alloc(6000, "attached bytes ")
    .toString("base64")
    .replaceAll(/.{76}/g, "$&\r\n");
  const message = (index: number): Buffer =>
    Buffer.from(
      [
        `Subject: number ${index}`,
        'Content-Type: multipart/mixed; boundary="b"',
        "",
        "--b",
        "Content-Type: text/plain",
        "",
        `text of ${index}`,
        "--b",
        "Content-Type: application/octet-stream",
        "Content-Transfer-Encoding: base64",
        "",
        attachment,
        "--b--",
        "",
      ].join("\r\n"),
    );
  await using imap = await server.imap(user);
  await imap.command('CREATE "Archive"');
  await imap.command('SUBSCRIBE "Archive"');
  for (let index = 1; index <= 6; index++)
    await imap.command(`APPEND INBOX () "0${index}-Feb-2024 03:04:05 +0100" `, message(index));
  await imap.command("SELECT INBOX (CONDSTORE)");
  await imap.command("STORE 1:3 +FLAGS.SILENT (\\Seen)");
  await imap.command("STORE 2 +FLAGS.SILENT (Wichtig)");
  await imap.command("STORE 4 +FLAGS.SILENT (\\Flagged)");
  await imap.command("COPY 2:4 Archive");
  await imap.command("STORE 5 +FLAGS.SILENT (\\Deleted)");
  await imap.command("EXPUNGE");
  await imap.command("UNSELECT");
  if (user !== "max") server.doveadm("altmove", "-u", user, "seen");
  return await serverListing(imap);
}

/** This machine without the Dovecots of tests that run at the same time. */
function seeingOnly(folder: string): Host {
  const host = localHost();
  const run: Host["run"] = async (command, options) => {
    const result = await host.run(command, options);
    if (command[0] !== "ps") return result;
    const lines = Buffer.from(result.stdout).toString().split("\n");
    const kept = lines.filter((line) => !line.includes("dovecot") || line.includes(folder));
    return { ...result, stdout: Buffer.from(kept.join("\n")) };
  };
  return new Proxy(host, {
    get: (target, name) => {
      if (name === "run") return run;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}
