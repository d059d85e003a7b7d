import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { directoryStorage } from "#storage";
import { LentRepositories, runForTest, type TestRun } from "../surroundings.fixture.ts";

const mbox = (...subjects: readonly string[]): string =>
  subjects
    .map((one) => `From a@b Wed Nov 25 14:03:07 2026 +0000\nSubject: ${one}\n\nFrom here\n\n`)
    .join("");

const store: Readonly<Record<string, string>> = {
  "example.org/support/Maildir/dovecot-uidlist": "3 V17 N9\n1 :1.a\n3 :2.b\n",
  "example.org/support/Maildir/cur/1.a:2,S": "Subject: one\n\n1\n",
  "example.org/support/Maildir/cur/2.b:2,": "Subject: two\n\n2\n",
  "example.org/support/Maildir/new/3.c": "Subject: three\n\n3\n",
  "example.org/support/Maildir/.Sent/cur/4.d:2,S": "Subject: sent\n\n4\n",
  "example.org/support/Maildir/.Sent/new/.keep": "",
  "home/bob/mail/Sent": mbox("Bob's", "another"),
};

type Summary = {
  readonly messages: number;
  readonly failed: number;
  readonly failures: readonly { readonly address: string; readonly path: string }[];
};

describe("export", () => {
  let folder = "";
  const repositories = new LentRepositories((location) => directoryStorage(location));
  const at = (name: string): string => join(folder, name);
  const run = (...argv: readonly string[]): Promise<TestRun> =>
    runForTest([...argv, "--copy", at("copy")], {
      environment: { RESTANTE_PASSWORD: "secret", XDG_CACHE_HOME: at("cache") },
      workingFolder: folder,
      openRepository: repositories.open,
    });
  const exported = async (...argv: readonly string[]): Promise<TestRun> => {
    const ran = await run("export", ...argv);
    assert.equal(ran.exitCode, 0, ran.messages);
    return ran;
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "restante-export-"));
    for (const [name, bytes] of Object.entries(store)) {
      const path = join(folder, "mail", name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, bytes);
      await utimes(path, 1_795_615_387, 1_795_615_387);
    }
    assert.equal((await run("init")).exitCode, 0);
    assert.equal((await run("capture", "mail")).exitCode, 0);
  });
  after(async () => {
    await repositories[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  test("takes a server, a mailbox, a folder, a message", async () => {
    const whole = await exported("mail", "--to", "all", "--format", "eml", "--json");
    const summary = JSON.parse(whole.output.trim().split("\n").at(-1) ?? "") as object;
    assert.deepEqual(
      { ...summary, moment: 0, elapsedMs: 0 },
      {
        version: 1,
        type: "summary",
        verb: "export",
        moment: 0,
        to: at("all"),
        format: "eml",
        folders: 3,
        messages: 6,
        bytes: 121,
        failed: 0,
        failures: [],
        remarks: [],
        keywordsLost: 0,
        elapsedMs: 0,
      },
    );
    assert.deepEqual((await readdir(at("all"))).sort(), ["bob", "support@example.org"]);
    assert.deepEqual(await readdir(at("all/support@example.org/Sent")), [
      "20261125T140307Z sent.eml",
    ]);
    await exported("mail/example.org/support/Maildir", "--to", "support", "--format", "maildir");
    assert.equal(
      await readFile(at("support/.Sent/cur/1795615387.M1.restante,S=17:2,S"), "utf8"),
      store["example.org/support/Maildir/.Sent/cur/4.d:2,S"],
    );
    await exported("mail/home/bob/mail/Sent", "--to", "bob.mbox");
    assert.match(await readFile(at("bob.mbox"), "utf8"), /^>From here$/m);
    await exported("mail/example.org/support/Maildir/cur/2.b:2,", "--to", "two.eml");
    assert.equal(await readFile(at("two.eml"), "utf8"), "Subject: two\n\n2\n");
  });

  test("--in takes one folder of each mailbox", async () => {
    const ran = await exported("mail", "--in", "sent", "--to", "sent", "--format", "mbox");
    assert.match(ran.output, /3 messages of 2 folders/);
    assert.deepEqual((await readdir(at("sent/bob"))).sort(), ["Sent.mbox"]);
    const none = await run("export", "mail", "--in", "Nowhere", "--to", "x.mbox");
    assert.equal(none.exitCode, 22);
    assert.match(none.messages, /"Nowhere".*not in that moment/);
  });

  test("of what cannot be read leaves a list, and the rest", async () => {
    const inbox = at("damaged/example.org/support/Maildir");
    for (const name of ["cur", "new"]) await mkdir(join(inbox, name), { recursive: true });
    await writeFile(join(inbox, "cur", "1.a:2,S"), "Subject: sound\n\n");
    const packed = gzipSync(Buffer.from(`Subject: packed\n\n${"x".repeat(9000)}`));
    await writeFile(join(inbox, "cur", "2.b,S=9017:2,S"), packed.subarray(0, 30));
    assert.equal((await run("capture", "damaged")).exitCode, 0);
    const ran = await run("export", "damaged", "--to", "rest.mbox", "--json");
    assert.equal(ran.exitCode, 3);
    const summary = JSON.parse(ran.output.trim().split("\n").at(-1) ?? "") as Summary;
    assert.deepEqual([summary.messages, summary.failed], [1, 1]);
    const [failure] = summary.failures;
    assert.equal(failure?.address, "support@example.org");
    assert.equal(failure.path, join(inbox, "cur", "2.b,S=9017:2,S"));
    assert.match(
      await readFile(at("rest.mbox"), "utf8"),
      /^From MAILER-DAEMON .*Subject: sound\n\n\n$/s,
    );
    const told = await run("export", "damaged", "--to", "again.zip");
    assert.match(told.messages, /1 could not be read and is not in it:\n.*2\.b,S=9017:2,S/);
  });

  test("refuses what it cannot do before it does anything", async () => {
    for (const [argv, message] of [
      [["--format", "mbox"], /without --to/],
      [["--to", "x.pst"], /Cannot tell the format/],
      [["--to", "x", "--format", "pst"], /no such format/],
      [["--to", "mail", "--format", "zip"], /there already/],
    ] as const) {
      const { exitCode, messages } = await run("export", "mail", ...argv);
      assert.equal(exitCode, 2, messages);
      assert.match(messages, message);
    }
    assert.ok(!existsSync(at("x")));
  });

  test("of what is no mail is nothing", async () => {
    const { exitCode } = await run(
      "export",
      "mail/example.org/support/Maildir/dovecot-uidlist",
      "--to",
      "x.zip",
    );
    assert.equal(exitCode, 22);
  });
});
