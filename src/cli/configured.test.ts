import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { directoryStorage } from "#storage";
import {
  LentRepositories,
  runForTest,
  type TestRun,
  type TestRunOptions,
} from "./surroundings.fixture.ts";

/* The same verbs with a configuration: mailboxes by address, groups by line of business. One story, told in order. */
let folder = "";
const repositories = new LentRepositories((location) => directoryStorage(location));
const maildir = (domain: string, user: string): string =>
  join(folder, "mail", domain, user, "Maildir");

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "restante-configured-"));
  for (const [domain, user] of [
    ["example.org", "support"],
    ["example.org", "alice"],
    ["sales.example.org", "bob"],
  ] as const) {
    for (const name of ["cur", "new", "tmp", ".Invoices/cur", ".Invoices/new"])
      await mkdir(join(maildir(domain, user), name), { recursive: true });
    for (let number = 0; number < 3; number++)
      await writeFile(
        join(maildir(domain, user), `cur/17000000${number}.M1.mx1:2,`),
        `Subject: ${user} ${number}\n\nbody\n`,
      );
    await writeFile(
      join(maildir(domain, user), ".Invoices/cur/1700000100.M1.mx1:2,"),
      `Subject: invoice of ${user}\n\nbody\n`,
    );
  }
  await writeFile(join(folder, "password"), "secret\n");
  await writeFile(
    join(folder, "restante.yaml"),
    `version: 1
time_zone: Europe/Berlin
servers:
  mx1:
    type: maildir
    path: ${join(folder, "mail")}
    data_source: offline
    stop: [/bin/sh, -c, "echo stop >> ${join(folder, "log")}"]
    start: [/bin/sh, -c, "echo start >> ${join(folder, "log")}"]
copies:
  here: {layer: operational, path: ${join(folder, "copy")}, key: "file:${join(folder, "password")}"}
tiers:
  gold:
    operational: {method: backup to disk, copy: here, lose_at_most: 1 hour, back_within: 1 hour, keep: [last 2]}
lines_of_business:
  sales: {mailboxes: ["*@sales.example.org"], tier: gold}
  everyone else: {mailboxes: ["*"], tier: gold}
`,
  );
});
after(async () => {
  await repositories[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const run = (argv: readonly string[], options: TestRunOptions = {}): Promise<TestRun> =>
  runForTest(argv, {
    environment: { XDG_CACHE_HOME: join(folder, "cache"), XDG_STATE_HOME: join(folder, "state") },
    workingFolder: folder,
    openRepository: repositories.open,
    ...options,
  });

test("init takes the copy and its password file from the configuration", async () => {
  const { exitCode, messages } = await run(["init"]);
  assert.equal(exitCode, 0, messages);
});

test("status says which groups have no moment: exit code 20", async () => {
  const { exitCode, output } = await run(["status"]);
  assert.equal(exitCode, 20);
  assert.match(output, /mx1\/sales: no moment at all/);
  assert.match(output, /mx1\/everyone else: no moment at all/);
});

test("status of a server, a line or a folder is that of its groups alone", async () => {
  const sales = await run(["status", "mx1/sales"]);
  assert.equal(sales.exitCode, 20, sales.messages);
  assert.match(sales.output, /mx1\/sales: no moment at all/);
  assert.doesNotMatch(sales.output, /everyone else/);
  const mail = join(folder, "mail");
  for (const target of ["mx1", mail, join(mail, "sales.example.org")]) {
    const { output, messages } = await run(["status", target]);
    assert.match(output, /mx1\/everyone else: no moment at all/, messages);
    assert.match(output, /mx1\/sales: no moment at all/);
  }
  const other = await run(["status", "./elsewhere"]);
  assert.equal(other.exitCode, 22, other.messages);
  assert.match(other.messages, /no copy has a moment of it, and no daemon follows it/);
  for (const copy of ["./copy", join(folder, "copy")]) {
    const { exitCode, messages } = await run(["status", copy]);
    assert.equal(exitCode, 2, messages);
    assert.match(messages, /it is a copy, and no mail store\n.*restante status --copy/);
  }
});

test("capture of a server stops it, takes one moment per line of business, and starts it again", async () => {
  const { exitCode, output, messages } = await run(["capture", "mx1", "--workers", "0"]);
  assert.equal(exitCode, 0, messages);
  assert.match(output, /mx1\/sales: moment .*; offline\n {2}files {2}4 new/);
  assert.match(output, /mx1\/everyone else: moment .*; offline\n {2}files {2}8 new/);
  assert.equal(await readFile(join(folder, "log"), "utf8"), "stop\nstart\n");
});

test("each line of business holds its own mailboxes only", async () => {
  const sales = await run(["ls", "mx1/sales"]);
  assert.match(sales.output, /bob@sales\.example\.org {2}INBOX/);
  assert.doesNotMatch(sales.output, /support|alice/);
  const others = await run(["ls", "mx1/everyone else"]);
  assert.match(others.output, /alice@example\.org +INBOX/);
  assert.doesNotMatch(others.output, /bob/);
});

test("a mailbox is found by its address, a folder of it by its name", async () => {
  const inbox = await run(["ls", "support@example.org/INBOX"]);
  assert.equal(inbox.exitCode, 0, inbox.messages);
  assert.match(inbox.output, /support 0/);
  assert.doesNotMatch(inbox.output, /invoice/);
  assert.match(inbox.messages, /CET \(moment .*; offline\)/);
  assert.match(
    (await run(["ls", "support@example.org/INBOX/Invoices"])).output,
    /invoice of support/,
  );
  assert.equal((await run(["ls", "support@example.org/Nothing"])).exitCode, 22);
  assert.equal((await run(["ls", "nobody@example.org"])).exitCode, 22);
  assert.match((await run(["ls", "bob@sales.example.org"])).output, /INBOX +3/);
});

test("a target that stands in several groups wants one of them", async () => {
  const { exitCode, messages } = await run(["ls", "mx1"]);
  assert.equal(exitCode, 2);
  assert.match(messages, /--group: .*mx1\/sales/);
});

test("an inbox is put back by its address, and its folders are left as they are", async () => {
  for (const name of await readdir(join(maildir("example.org", "support"), "cur")))
    await rm(join(maildir("example.org", "support"), "cur", name));
  await rm(join(maildir("example.org", "support"), ".Invoices/cur/1700000100.M1.mx1:2,"));
  const { exitCode, messages } = await run(["restore", "support@example.org/INBOX", "--yes"]);
  assert.equal(exitCode, 0, messages);
  assert.equal((await readdir(join(maildir("example.org", "support"), "cur"))).length, 3);
  assert.deepEqual(await readdir(join(maildir("example.org", "support"), ".Invoices/cur")), []);
});

test("a pattern restores each mailbox that matches, below --to", async () => {
  const { exitCode, messages } = await run([
    "restore",
    "*@example.org",
    "--to",
    "out",
    "--group",
    "mx1/everyone else",
  ]);
  assert.equal(exitCode, 0, messages);
  assert.equal((await readdir(join(folder, "out/example.org/alice/Maildir/cur"))).length, 3);
  assert.equal(
    (await readdir(join(folder, "out/example.org/support/Maildir/.Invoices/cur"))).length,
    1,
  );
});

test("status shows the objective, and expire takes the tier's rules", async () => {
  const { exitCode, output } = await run(["status"]);
  assert.equal(exitCode, 0, output);
  assert.match(output, /objective 1 h/);
  const late = await run(["status", "--json"], {
    now: () => BigInt(Date.now() + 7_200_000) * 1_000_000n,
  });
  assert.equal(late.exitCode, 20);
  for (let more = 0; more < 2; more++)
    assert.equal(
      (await run(["capture", "mx1/sales", "--data-source", "live", "--workers", "0"])).exitCode,
      0,
    );
  const again = await run([
    "capture",
    "mx1/everyone else",
    "--data-source",
    "live",
    "--workers",
    "0",
  ]);
  assert.match(again.output, /0 new, 0 renamed, 3 changed, 4 unmodified/);
  const preview = await run(["expire", "mx1/sales", "--dry-run"]);
  assert.equal(preview.exitCode, 0, preview.messages);
  assert.match(preview.output, /1 moment would go/);
});

test("doctor looks at the configuration's servers and copy", async () => {
  const { exitCode, output } = await run(["doctor"]);
  assert.equal(exitCode, 0, output);
  assert.match(output, /has 3 mailboxes \(maildir\), with 6 folders/);
});

test("a broken configuration says where, and --no-config goes on without it", async () => {
  await writeFile(join(folder, "broken.yaml"), "version: 1\nservers: 7\n");
  const broken = await run(["moments", "--config", "broken.yaml"]);
  assert.equal(broken.exitCode, 2);
  assert.match(broken.messages, /broken\.yaml:2:/);
  const without = await run(
    ["moments", "--config", "broken.yaml", "--no-config", "--copy", "copy"],
    { environment: { RESTANTE_PASSWORD: "secret", XDG_CACHE_HOME: join(folder, "cache") } },
  );
  assert.equal(without.exitCode, 0, without.messages);
});
