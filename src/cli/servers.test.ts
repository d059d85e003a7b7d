/* What a running server adds to the verbs: doctor, config generate, capture, status. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { parseConfig } from "#policy";
import { directoryStorage } from "#storage";
import { virtualUsers23 } from "../servers/dovecot/configurations.fixture.ts";
import { fixtureHost, type FixtureHost } from "../servers/look/host.fixture.ts";
import { removeTree } from "./demo/remove-tree.ts";
import { LentRepositories, runForTest, type TestRun } from "./surroundings.fixture.ts";

const base = await mkdtemp(join(tmpdir(), "restante-servers-"));
after(() => rm(base, { recursive: true }));
const repositories = new LentRepositories((location) => directoryStorage(location));
after(() => repositories[Symbol.asyncDispose]());

const dovecot: FixtureHost = {
  files: {
    ...virtualUsers23,
    "/run/systemd/system/x": "",
    "/usr/bin/doveadm": "",
    "/var/control/example.org/ann/subscriptions": "",
    "/var/indexes/example.org/ann/dovecot.index.log": "",
    "/var/vmail/example.org/ann/sieve/main.sieve": "",
    "/etc/dovecot/global-acls": "",
  },
  programs: {
    ps: "  812 root /usr/sbin/dovecot -F\n",
    systemctl: async ({ parameters }) => ({
      exitCode: 0,
      stdout: Buffer.from(parameters[0] === "is-active" ? "inactive\n" : "enabled\n"),
    }),
    stat: "btrfs\n",
    "/usr/bin/doveadm": async ({ parameters }) => ({
      exitCode: 0,
      stdout: Buffer.from(
        parameters.at(-1) === "*"
          ? "ann@example.org\nbob@example.org\n"
          : "field\tvalue\nuid\t5000\nhome\t/var/vmail/example.org/ann\nuid\t5000\nhome\t/var/vmail/example.org/bob\n",
      ),
    }),
  },
};

test("doctor says which server runs, whose mail it has, and what a capture would miss", async () => {
  const { output } = await runForTest(["doctor", "/var/vmail"], {
    workingFolder: base,
    openHost: async () => fixtureHost(dovecot),
  });
  for (const words of [
    /ok {4}Dovecot \(maildir\): dovecot runs as process 812 of root; configuration \/etc\/dovecot\/dovecot\.conf/,
    /ok {4}its mail is in \/var\/vmail: database/,
    /ok {4}its index is in \/var\/indexes: logs/,
    /ok {4}2 accounts by doveadm user/,
    /warn {2}the capture lacks \/var\/control: its control/,
    /warn {2}the capture lacks acl in \/etc\/dovecot\/global-acls\. Who may see/,
    /warn {2}the capture lacks configuration in \/etc\/dovecot\./,
  ])
    assert.match(output, words);
  assert.doesNotMatch(output, /lacks sieve/);
});

test("doctor without a folder says what it found and asks for none of it to be captured", async () => {
  const { output } = await runForTest(["doctor"], {
    workingFolder: base,
    openHost: async () => fixtureHost(dovecot),
  });
  assert.match(output, /2 accounts by doveadm user/);
  assert.doesNotMatch(output, /lacks/);
  const other = await runForTest(["doctor", base], {
    workingFolder: base,
    openHost: async () => fixtureHost(dovecot),
  });
  assert.match(other.output, /none of the mail of Dovecot lies in the folders that were named/);
});

test("doctor names what it could not look at", async () => {
  const failure = new Error("EACCES: permission denied, open");
  const { output } = await runForTest(["doctor"], {
    workingFolder: base,
    openHost: async () =>
      fixtureHost({ files: { "/etc/dovecot/dovecot.conf": { bytes: "", failure } } }),
  });
  assert.match(output, /not looked at: \/etc\/dovecot\/dovecot\.conf: .*EACCES/);
  assert.match(output, /whether a server runs is not known/);
  assert.match(output, /no mail server was found/);
});

test("config generate writes a configuration from the running server that validates without a word", async () => {
  const { output, exitCode } = await runForTest(["config", "generate"], {
    workingFolder: base,
    openHost: async () => fixtureHost(dovecot),
  });
  assert.equal(exitCode, 0);
  const { config, problems } = parseConfig(output, { fileName: "config.yaml" });
  assert.deepEqual(problems, []);
  const [server] = config?.servers ?? [];
  assert.equal(server?.type, "dovecot");
  assert.equal(server.path, "/var/vmail");
  // What lies apart of the store cannot be frozen at one instant with it.
  assert.equal(server.dataSource, "live application");
  assert.equal(server.mailboxList, "from doveadm");
  assert.deepEqual(server.alsoProtect, {
    kinds: ["uidlist", "keywords", "index logs", "subscriptions", "acl", "sieve"],
    folders: ["/etc/dovecot"],
  });
  assert.deepEqual(server.volumes?.map(({ path }) => path).toSorted(), [
    "/var/attachments",
    "/var/control",
    "/var/indexes",
    "/var/mail/public",
  ]);
  assert.match(output, /# stop: \[systemctl, stop, dovecot\.service\]/);
});

test("config generate freezes a store that lies in one place, and lets our reader validate it", async () => {
  const mail = "protocols = imap\nmail_location = maildir:/var/vmail/%d/%n\n";
  const files = { ...dovecot.files, "/etc/dovecot/dovecot.conf": mail };
  const { output } = await runForTest(["config", "generate"], {
    workingFolder: base,
    openHost: async () => fixtureHost({ ...dovecot, files }),
  });
  const [server] = parseConfig(output, { fileName: "config.yaml" }).config?.servers ?? [];
  assert.equal(server?.dataSource, "hot split snapshot");
  // Its version is not known: doveadm of 2.3 is asked about what it knows alone.
  assert.equal(server.hotSplit?.validate, "reader");
});

for (const [name, host, type, path] of [
  [
    "Cyrus",
    { "/etc/imapd.conf": "configdirectory: /var/lib/cyrus\npartition-default: /var/spool/cyrus\n" },
    "cyrus",
    "/var/spool/cyrus",
  ],
  ["Courier", { "/etc/courier/imapd": "MAILDIRPATH=Maildir\n" }, "courier", "/home"],
  ["Postfix alone", { "/etc/postfix/main.cf": "" }, "mbox", "/var/mail"],
  ["nothing that is known", {}, "maildir", "/var/mail"],
] as const) {
  test(`config generate on a host with ${name} validates`, async () => {
    const { output } = await runForTest(["config", "generate"], {
      workingFolder: base,
      openHost: async () => fixtureHost({ files: host, programs: { ps: "" } }),
    });
    const { config, problems } = parseConfig(output, { fileName: "config.yaml" });
    assert.deepEqual(problems, []);
    assert.deepEqual([config?.servers[0]?.type, config?.servers[0]?.path], [type, path]);
  });
}

/* One site with a server of its own: what is captured beside the store, and who disappears. */
let folder = "";
const mail = (user: string): string => join(folder, "mail", "example.org", user);
let host: FixtureHost = {};

async function run(...argv: readonly string[]): Promise<TestRun> {
  return await runForTest(argv, {
    workingFolder: folder,
    openRepository: repositories.open,
    environment: { XDG_CACHE_HOME: join(folder, "cache"), XDG_STATE_HOME: join(folder, "state") },
    openHost: async () => fixtureHost(host),
  });
}

async function site(server: string): Promise<void> {
  for (const user of ["ann", "bob"]) {
    for (const name of ["cur", "new", "tmp"])
      await mkdir(join(mail(user), name), { recursive: true });
    await writeFile(join(mail(user), "cur/1:2,S"), `Subject: ${user}\n\nhello\n`);
  }
  await mkdir(join(folder, "etc"), { recursive: true });
  await writeFile(join(folder, "etc", "dovecot.conf"), "mail_location = maildir:x\n");
  await writeFile(join(folder, "password"), "secret\n");
  await writeFile(
    join(folder, "restante.yaml"),
    `version: 1
servers:
  mx1:
    type: dovecot
    path: ${join(folder, "mail")}
${server}
copies:
  here: {layer: operational, path: ${join(folder, "copy")}, key: "file:${join(folder, "password")}"}
tiers:
  gold:
    operational: {method: backup to disk, copy: here, lose_at_most: 1 hour, keep: [last 2]}
lines_of_business:
  everyone: {mailboxes: ["*"], tier: gold}
`,
  );
}

beforeEach(async () => {
  folder = await mkdtemp(join(base, "site-"));
  host = {
    files: {
      "/etc/dovecot/dovecot.conf": `mail_location = maildir:${folder}/mail/%d/%n\nplugin {\n  sieve_before = /srv/sieve\n}\nuserdb {\n  driver = passwd-file\n  args = /etc/dovecot/users\n}\n`,
      "/etc/dovecot/users": "ann@example.org:x::::::\nbob@example.org:x::::::\n",
      "/srv/sieve/a.sieve": "",
    },
    programs: { ps: "" },
  };
});

test("folders of also_protect are captured beside the store, and expire by the server's rules", async () => {
  await site(`    also_protect: [${join(folder, "etc")}]`);
  assert.equal((await run("init", "--copy", "here")).exitCode, 0);
  const taken = await run("capture", "mx1");
  assert.equal(taken.exitCode, 0, taken.messages);
  assert.match(taken.output, /mx1\/everyone: moment/);
  assert.ok(taken.output.includes(`mx1:${folder}/etc: moment`), taken.output);
  const kept = await run("expire", "--copy", "here", "--dry-run");
  assert.equal(kept.exitCode, 0, kept.messages);
  assert.match(kept.output, /etc\n {2}keep/);
  const status = await run("status");
  assert.equal(status.exitCode, 0, status.output);
  const one = await run("capture", "mx1/everyone");
  assert.doesNotMatch(one.output, /etc: moment/);
});

test("capture says what must be captured and lies elsewhere", async () => {
  await site("    also_protect: [sieve, uidlist]");
  await run("init", "--copy", "here");
  const taken = await run("capture");
  assert.equal(taken.exitCode, 0);
  assert.match(taken.messages, /mx1: the capture lacks sieve in \/srv\/sieve\. Scripts that run/);
  assert.doesNotMatch(taken.messages, /lacks uidlist/);
});

test("an account whose mail disappears is reported by capture and status, and kept in the copy", async () => {
  await site("    mailboxes: from doveadm");
  await run("init", "--copy", "here");
  assert.equal((await run("capture")).messages.includes("no mail"), false);
  await rename(mail("bob"), join(folder, "gone"));
  const taken = await run("capture");
  assert.equal(taken.exitCode, 0);
  assert.match(taken.messages, /mx1\/everyone: bob@example\.org has no mail in the store any more/);
  assert.match(
    taken.messages,
    /bob@example\.org is still an account of Dovecot, and its mail is gone/,
  );
  assert.match((await run("status")).output, /gone {4}bob@example\.org has no mail/);
  const json = (await run("status", "--json")).output;
  assert.match(json, /"disappeared": ?\{.*"bob@example\.org"/s);
  await rename(join(folder, "gone"), mail("bob"));
  assert.doesNotMatch((await run("capture")).messages, /no mail/);
  assert.doesNotMatch((await run("status")).output, /gone {4}/);
});

test("who disappeared is told of clones too, and by status for a week, until they are back", async () => {
  await site("");
  const clones = join(folder, "clones");
  await run("init", "--copy", clones, "--method", "clones");
  const capture = async (): Promise<string> =>
    (await run("capture", "mx1", "--copy", clones, "--method", "clones")).messages;
  assert.doesNotMatch(await capture(), /no mail/);
  await rename(mail("bob"), join(folder, "gone"));
  assert.match(await capture(), /bob@example\.org has no mail in the store any more, since moment/);
  assert.doesNotMatch(await capture(), /no mail/);
  const status = async (): Promise<string> => (await run("status", "--copy", clones)).output;
  assert.match(await status(), /gone {4}bob@example\.org has no mail/);
  await rename(join(folder, "gone"), mail("bob"));
  assert.doesNotMatch(await capture(), /no mail/);
  assert.doesNotMatch(await status(), /gone {4}/);
  // Clones are kept from whoever would change them.
  await removeTree(clones);
});

test("an account that the server does not have any more is no alarm of the server's", async () => {
  await site("    mailboxes: from doveadm");
  await run("init", "--copy", "here");
  await run("capture");
  await rm(mail("bob"), { recursive: true });
  host = { ...host, files: { ...host.files, "/etc/dovecot/users": "ann@example.org:x::::::\n" } };
  const { messages } = await run("capture");
  assert.match(messages, /bob@example\.org has no mail in the store any more/);
  assert.doesNotMatch(messages, /still an account/);
});

test("an empty store is an alarm at once, a missing one an error, and neither loses a moment", async () => {
  await site("");
  await run("init", "--copy", "here");
  await run("capture");
  await rm(join(folder, "mail", "example.org"), { recursive: true });
  const empty = await run("capture");
  assert.match(
    empty.messages,
    /the newest moment is empty, where there were 2 files; expiry is stopped/,
  );
  assert.match(empty.messages, /ann@example\.org, bob@example\.org have no mail/);
  await rm(join(folder, "mail"), { recursive: true });
  const missing = await run("capture");
  assert.equal(missing.exitCode, 1);
  assert.match(missing.messages, /there is none/);
  const { output } = await run("moments", "--copy", "here", "--json");
  assert.equal(output.match(/"sequence"/g)?.length, 2);
});

test("a server is quiesced while it is frozen and resumed, also when freezing fails", async () => {
  const log = join(folder, "log");
  const commands = `    data_source: hot split snapshot
    snapshots: plain
    validate: [/bin/sh, -c, "test -d \\"$0\\"/example.org", "{path}"]
    quiesce: [/bin/sh, -c, "echo quiesce >> ${log}"]
    resume: echo resume >> ${log}`;
  await site(commands);
  await run("init", "--copy", "here");
  const taken = await run("capture");
  assert.equal(taken.exitCode, 0, taken.messages);
  assert.match(taken.output, /application/);
  assert.equal(readFileSync(log, "utf8"), "quiesce\nresume\n");
  await site(commands.replace("echo quiesce", "exit 7; echo"));
  const failed = await run("capture");
  assert.equal(failed.exitCode, 1);
  assert.match(
    failed.messages,
    /Cannot quiesce the mail server with "\/bin\/sh": it exited with 7/,
  );
  assert.equal(readFileSync(log, "utf8"), "quiesce\nresume\nresume\n");
  await site(
    commands
      .replace("/example.org", "/none")
      .replace("snapshots: plain", "snapshots: plain\n    repeat: 1"),
  );
  const refused = await run("capture");
  assert.match(refused.messages, /utility rejects it: .*exited with 1/);
});
