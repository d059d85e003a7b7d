import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { directoryStorage } from "#storage";
import { documents } from "./story.fixture.ts";
import { LentRepositories, runForTest, type TestRun } from "./surroundings.fixture.ts";

/*
 * "The mail from the bank with the PDF, that was deleted last week": found by what is known of it, looked at, put
 * back. One story, told in order.
 */
let folder = "";
let inbox = "";
const repositories = new LentRepositories((location) => directoryStorage(location));

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "restante-help-desk-"));
  inbox = join(folder, "mail/example.org/support/Maildir");
  for (const name of ["cur", "new", "tmp"]) await mkdir(join(inbox, name), { recursive: true });
  for (let number = 0; number < 20; number++)
    await writeFile(join(inbox, `cur/17000000${number}.M1.mx1:2,S`), letter(`number ${number}`));
  await writeFile(join(inbox, "cur/1700000100.M1.mx1:2,FS"), statement);
});
after(async () => {
  await repositories[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const run = (argv: readonly string[]): Promise<TestRun> =>
  runForTest(argv, {
    environment: {
      RESTANTE_PASSWORD: "correct horse",
      RESTANTE_REPOSITORY: join(folder, "copy"),
      XDG_CACHE_HOME: join(folder, "cache"),
      XDG_STATE_HOME: join(folder, "state"),
    },
    workingFolder: folder,
    openRepository: repositories.open,
  });
const done = async (argv: readonly string[]): Promise<TestRun> => {
  const result = await run(argv);
  assert.equal(result.exitCode, 0, result.messages);
  return result;
};

function letter(subject: string): string {
  return `From: Ada <ada@example.net>\nTo: support@example.org\nSubject: ${subject}\nDate: Mon, 23 Nov 2026 10:00:00 +0000\n\nBody of ${subject}\n`;
}

const statement = [
  "From: Anybank <service@bank.example>",
  "To: support@example.org",
  "Subject: Your statement",
  "Date: Tue, 17 Nov 2026 09:00:00 +0000",
  "Message-ID: <statement-11@bank.example>",
  "MIME-Version: 1.0",
  'Content-Type: multipart/mixed; boundary="b"',
  "",
  "--b",
  "Content-Type: text/plain; charset=utf-8",
  "",
  "Dear customer, your balance is enclosed.",
  "--b",
  'Content-Type: application/pdf; name="statement.pdf"',
  'Content-Disposition: attachment; filename="statement.pdf"',
  "Content-Transfer-Encoding: base64",
  "",
  "JVBERi0xLjQK",
  "--b--",
  "",
].join("\n");

let id = "";

test("find says which message it is, and that it is gone since when", async () => {
  await done(["init"]);
  await done(["capture", "mail"]);
  await rm(join(inbox, "cur/1700000100.M1.mx1:2,FS"));
  await done(["capture", "mail"]);
  const found = await done(["find", "from:bank filename:pdf is:missing"]);
  const [line = "", ...others] = found.output.trimEnd().split("\n");
  assert.deepEqual(others, []);
  assert.match(line, /^m:[0-9a-f]{12} .*Anybank.*Your statement.*support@example\.org\/INBOX/);
  id = line.split(" ")[0] as string;
  const [answer] = documents(await done(["find", "from:bank is:missing", "--json"]));
  const [message] = (answer?.["messages"] ?? []) as readonly { id: string }[];
  assert.equal(message?.id, id);
});

test("what is typed wrong is told before a catalog is filled for it", async () => {
  const cache = join(folder, "cache");
  await rm(cache, { recursive: true, force: true });
  const wrong: [string, string, RegExp][] = [
    ["--at", "sometime", /"sometime"/],
    ["--sort", "size", /Cannot sort by "size"/],
    ["--limit", "0", /Cannot show 0 messages/],
  ];
  for (const [option, value, said] of wrong) {
    const { exitCode, messages } = await run(["find", "from:bank", option, value]);
    assert.equal(exitCode, 2, messages);
    assert.match(messages, said);
  }
  assert.equal((await filesBelow(cache)).some(isCatalog), false);
  await done(["find", "from:bank"]);
  assert.equal((await filesBelow(cache)).some(isCatalog), true);
});

const isCatalog = (path: string): boolean => path.includes("catalog/");

async function filesBelow(place: string): Promise<readonly string[]> {
  try {
    return await readdir(place, { recursive: true });
  } catch {
    return [];
  }
}

test("show takes the ID, from the newest moment that has the message", async () => {
  assert.equal((await done(["show", id, "--raw"])).output, statement);
  assert.equal((await done(["show", id.slice(0, 8), "--raw"])).output, statement);
  const headers = await done(["show", id, "--headers"]);
  assert.match(headers.output, /^Subject: Your statement$/m);
  const then = await run(["show", id, "--at", "latest"]);
  assert.equal(then.exitCode, 22);
  assert.match(then.messages, /it was in no folder then/);
});

test("an ID that no message has, or that several have, is an error that says so", async () => {
  const none = await run(["show", "m:000000000000"]);
  assert.equal(none.exitCode, 22);
  assert.match(none.messages, /no moment of the copy has such a message/);
  const short = await run(["show", "m:0"]);
  assert.notEqual(short.exitCode, 0);
});

test("restore puts it back with its flags, once; it is not missing any more", async () => {
  const preview = await done(["restore", id, "--dry-run"]);
  assert.match(preview.output, /created 1 /);
  await done(["restore", id, "--yes"]);
  const names = await readdir(join(inbox, "cur"));
  assert.equal(names.length, 21);
  const [name = ""] = names.filter((one) => one.startsWith("1700000100"));
  assert.match(name, /:2,FS$/);
  assert.equal(await readFile(join(inbox, "cur", name), "utf8"), statement);
  const again = await done(["restore", id, "--yes"]);
  assert.match(again.output, /created 0 /);
  await done(["capture", "mail"]);
  assert.equal((await run(["find", "from:bank is:missing"])).exitCode, 22);
  await done(["find", "from:bank is:present"]);
});

test("a shell asks for mailboxes and folders, and no password is needed for it", async () => {
  const environment = { XDG_CACHE_HOME: join(folder, "cache") };
  const ask = async (word: string): Promise<string> =>
    (await runForTest(["completion", "targets", word], { environment, workingFolder: folder }))
      .output;
  assert.equal(await ask("supp"), "support@example.org\n");
  assert.equal(await ask("support@example.org/"), "support@example.org/INBOX\n");
  assert.equal(await ask("nobody"), "");
});
