import assert from "node:assert/strict";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { RawPath } from "#image";
import { CyrusChannel } from "./cyrus-channel.ts";
import { serverLogContract } from "./server-log.contract.ts";

const ids = ["abcdefghijklmnopqrstuvwx", "zyxwvutsrqponmlkjihgfedc"] as const;
const folderOf = (id: string): string => `spool/uuid/${id[0]}/${id[1]}/${id}`;

/** A line of mailboxes.db as a flat file has it. */
const listed = (name: string, id: string): string =>
  `${name}\t%(T e I ${id} P default V 1 A %(cass lrswipkxtecda))\n`;

function makeStore(root: string, mailboxes: readonly (readonly [string, string])[]): void {
  mkdirSync(join(root, "config/sync/restante"), { recursive: true });
  for (const [, id] of mailboxes) mkdirSync(join(root, folderOf(id)), { recursive: true });
  writeFileSync(
    join(root, "config/mailboxes.db"),
    mailboxes.map(([name, id]) => listed(name, id)).join(""),
  );
}

const mailboxes = [
  ["user.cass", ids[0]],
  ["user.cass.A b", ids[1]],
] as const;

serverLogContract({
  title: "Cyrus's log",
  make: (root) => makeStore(root, mailboxes),
  sources: (root) => ({ cyrusChannel: join(root, "config/sync/restante") }),
  log: (root) => join(root, "config/sync/restante/log"),
  lines: ["MAILBOX user.cass", 'APPEND "user.cass.A b"'],
  folders: [folderOf(ids[0]), folderOf(ids[1])],
  hostile: [
    "MAILBOX ../../etc",
    "MAILBOX ..!user.cass",
    'MAILBOX "user.cass',
    "USER ..",
    `MAILBOX ${"x".repeat(5000)}`,
  ],
});

type Site = Disposable & {
  readonly root: string;
  readonly channel: CyrusChannel;
  readonly write: (line: string) => void;
  readonly told: () => readonly string[];
  readonly files: () => readonly string[];
};

function siteOf(steadyMs: () => number): Site {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "restante-channel-")));
  makeStore(root, mailboxes);
  const folder = join(root, "config/sync/restante");
  const channel = new CyrusChannel(folder, {
    request: {
      root: root as RawPath,
      isProtected: () => true,
      folders: () => [],
      nowNs: () => 0n,
      listener: { onHints: () => undefined, onLoss: () => undefined },
    },
    steadyMs,
    asideAtBytes: 100,
    lingerMs: 10,
  });
  return {
    root,
    channel,
    write: (line) => appendFileSync(join(folder, "log"), `${line}\n`),
    told: () => channel.poll().hints.map((hint) => hint.folder),
    files: () => readdirSync(folder).toSorted(),
    [Symbol.dispose]: () => {
      channel[Symbol.dispose]();
      rmSync(root, { recursive: true });
    },
  };
}

test("a log that has become large is put aside, read on for a while, and removed", () => {
  let now = 0;
  using site = siteOf(() => now);
  now = 10;
  site.told();
  for (let count = 0; count < 10; count++) site.write("MAILBOX user.cass");
  assert.ok(site.told().includes(folderOf(ids[0])));
  assert.deepEqual(site.files(), ["log-restante"]);
  // By whoever had it open when it was renamed; and by whoever opens it then.
  appendFileSync(join(site.root, "config/sync/restante/log-restante"), "MAILBOX user.cass\n");
  site.write('MAILBOX "user.cass.A b"');
  const told = site.told();
  assert.ok(ids.every((id) => told.includes(folderOf(id))));
  assert.deepEqual(site.files(), ["log", "log-restante"]);
  now = 20;
  site.told();
  assert.deepEqual(site.files(), ["log"]);
  site.write("MAILBOX user.cass");
  assert.ok(site.told().includes(folderOf(ids[0])));
});

test("what was put aside by a run that was killed is removed", () => {
  let now = 0;
  using site = siteOf(() => now);
  writeFileSync(join(site.root, "config/sync/restante/log-restante"), "MAILBOX user.cass\n");
  site.told();
  assert.deepEqual(site.files(), ["log-restante"]);
  now = 10;
  site.told();
  assert.deepEqual(site.files(), []);
});

test("a mailbox that is not in the list yet is told of when it is", () => {
  let now = 0;
  using site = siteOf(() => now);
  site.write("MAILBOX user.cass");
  site.told();
  const id = "ijoeijoeijoeijoeijoeijoe";
  mkdirSync(join(site.root, folderOf(id)), { recursive: true });
  appendFileSync(join(site.root, "config/mailboxes.db"), listed("user.joe", id));
  site.write("MAILBOX user.joe");
  assert.deepEqual(site.told(), ["config"], "the list was read just now");
  now = 100_000;
  assert.deepEqual(site.told(), [folderOf(id)]);
  assert.deepEqual(site.told(), []);
});

test("of a user everything is told: mailboxes, and what is kept of them", () => {
  using site = siteOf(() => 0);
  const own = `config/user/uuid/a/b/${ids[0]}`;
  mkdirSync(join(site.root, own), { recursive: true });
  site.write("SEEN cass user.cass");
  assert.deepEqual(site.told(), [own, "config"]);
  site.write("USER cass");
  assert.deepEqual(new Set(site.told()), new Set([...ids.map(folderOf), own, "config"]));
});
