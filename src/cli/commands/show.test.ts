import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { directoryStorage } from "#storage";
import { documents, keys } from "../story.fixture.ts";
import {
  LentRepositories,
  runForTest,
  type TestRun,
  type TestRunOptions,
} from "../surroundings.fixture.ts";

const folder = await mkdtemp(join(tmpdir(), "restante-show-"));
const inbox = join(folder, "mail/jane/Maildir");
const repositories = new LentRepositories((location) => directoryStorage(location));
const environment = {
  RESTANTE_PASSWORD: "correct horse",
  RESTANTE_REPOSITORY: join(folder, "copy"),
  XDG_CACHE_HOME: join(folder, "cache"),
  XDG_STATE_HOME: join(folder, "state"),
};
const run = (argv: readonly string[], options: TestRunOptions = {}): Promise<TestRun> =>
  runForTest(argv, {
    environment,
    workingFolder: folder,
    openRepository: repositories.open,
    ...options,
  });
const atTerminal: TestRunOptions = { terminal: { outputIsTerminal: true } };

const html = [
  '<p>See <a href="https://bank.example.net/x">https://bank.example.com</a></p><script>no</script>',
  "<p>\u202eevil\u001b]0;title\u0007</p>",
].join("\r\n");
const statement = [
  "From: =?utf-8?Q?Bank_=E2=80=AE?= <bank@example.com>",
  "To: jane@example.org",
  "Subject: =?utf-8?Q?Kontoauszug_f=C3=BCr_M=C3=A4rz?= \u001b[2J",
  "Date: Tue, 3 Nov 2026 09:15:00 +0100",
  'Content-Type: multipart/mixed; boundary="b"',
  "",
  "--b",
  "Content-Type: text/html; charset=utf-8",
  "",
  html,
  "--b",
  'Content-Type: application/pdf; name="../../Auszug.pdf"',
  "Content-Transfer-Encoding: base64",
  "",
  "JVBERi0xLjQK",
  "--b--",
  "",
].join("\r\n");
const path = join(inbox, "cur/1.M1.mx1:2,S");

before(async () => {
  for (const name of ["cur", "new", "tmp"]) await mkdir(join(inbox, name), { recursive: true });
  await writeFile(path, statement);
  await writeFile(join(inbox, "cur/2.M1.mx1:2,SZ"), gzipSync(statement));
  await writeFile(join(inbox, "dovecot-uidlist"), "3 V1 N2\n1 :1.M1.mx1\n");
  assert.equal((await run(["init"])).exitCode, 0);
  assert.equal((await run(["capture", "mail", "--workers", "0"])).exitCode, 0);
});
after(async () => {
  await repositories[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const asText = [
  "From:     Bank \\xe2\\x80\\xae <bank@example.com>",
  "To:       jane@example.org",
  "Date:     Tue 3 Nov 2026 08:15:00 UTC",
  "Subject:  Kontoauszug für März \\x1b[2J",
  "1 attachment:",
  "  2  Auszug.pdf  application/pdf  9 B",
  "",
  "See https://bank.example.com <https://bank.example.net/x>",
  "",
  "\\xe2\\x80\\xaeevil\\x1b]0;title\\x07",
  "",
].join("\n");

test("a person sees decoded text in which nothing can move the cursor or turn a line round", async () => {
  const { output, exitCode } = await run(["show", path], atTerminal);
  assert.equal(exitCode, 0);
  assert.equal(output, asText);
});

test("a pipe gets the bytes untouched; --text and --raw choose", async () => {
  assert.equal((await run(["show", path])).output, statement);
  assert.equal((await run(["show", path, "--raw"])).output, statement);
  assert.equal((await run(["show", path, "--text"])).output, asText);
  const raw = (await run(["show", path, "--raw"], atTerminal)).output;
  assert.match(raw, /^From: =\?utf-8\?Q\?Bank/);
  assert.match(raw, /\\x1b\[2J\nDate: /);
});

test("a part is written as it was attached, and never over a file that is there", async () => {
  const pdf = Buffer.from("JVBERi0xLjQK", "base64");
  assert.deepEqual((await run(["show", path, "--part", "2"])).outputBytes, pdf);
  const written = await run(["show", path, "--part", "2", "--to", "out.pdf"]);
  assert.equal(written.output, "wrote out.pdf: Auszug.pdf, 9 B\n");
  assert.deepEqual(await readFile(join(folder, "out.pdf")), pdf);
  const again = await run(["show", path, "--part", "2", "--to", "out.pdf"]);
  assert.equal(again.exitCode, 2);
  assert.match(again.messages, /it is there already/);
  await assert.rejects(stat(join(folder, "Auszug.pdf")));
  const onTerminal = await run(["show", path, "--part", "2"], atTerminal);
  assert.equal(onTerminal.exitCode, 2);
  assert.match(onTerminal.messages, /application\/pdf is no text\n.*--to FILE/s);
  assert.match(
    (await run(["show", path, "--part", "1"], atTerminal)).output,
    /<script>no<\/script>[^]*\\x1b\]0/,
  );
});

test("a part that is not there is exit code 22, and forms that contradict each other are 2", async () => {
  const missing = await run(["show", path, "--part", "7"]);
  assert.equal(missing.exitCode, 22);
  assert.match(missing.messages, /There are 1 \(text\/html\), 2 \(application\/pdf\)/);
  assert.equal((await run(["show", path, "--raw", "--headers"])).exitCode, 2);
  assert.equal((await run(["show", path, "--to", "x"])).exitCode, 2);
});

test("a message that the server compressed is read, and its file is as it is stored", async () => {
  const packed = join(inbox, "cur/2.M1.mx1:2,SZ");
  assert.equal((await run(["show", packed, "--text"])).output, asText);
  assert.match((await run(["show", packed, "--headers"])).output, /^To: jane@example\.org$/m);
  assert.deepEqual((await run(["show", packed])).outputBytes, await readFile(packed));
  const [document] = documents(await run(["show", packed, "--json"]));
  assert.match(String(document?.["text"]), /^See https:/);
  assert.equal(document?.["bytesBase64"], (await readFile(packed)).toString("base64"));
});

test("a file that is no message is shown as it is", async () => {
  const { output } = await run(["show", join(inbox, "dovecot-uidlist")], atTerminal);
  assert.equal(output, "3 V1 N2\n1 :1.M1.mx1\n");
});

test("programs get parts, addresses and text beside the bytes", async () => {
  const [document] = documents(await run(["show", path, "--json"]));
  assert.deepEqual(
    keys(document),
    "addresses bytesBase64 date dateMs from hasAttachment headers isTextCut moment parts path problems sizeBytes subject text to type version".split(
      " ",
    ),
  );
  assert.deepEqual(document?.["parts"], [
    {
      section: "1",
      type: "text/html",
      charset: "utf-8",
      sizeBytes: Buffer.byteLength(html),
      isAttachment: false,
    },
    {
      section: "2",
      type: "application/pdf",
      fileName: "Auszug.pdf",
      sizeBytes: 9,
      isAttachment: true,
      isIncidental: false,
    },
  ]);
  const { addresses } = document as { readonly addresses: Record<string, readonly object[]> };
  assert.deepEqual(addresses["from"], [{ name: "Bank \u202e", address: "bank@example.com" }]);
  const [part] = documents(await run(["show", path, "--part", "2", "--json"]));
  assert.equal(part?.["bytesBase64"], "JVBERi0xLjQK");
});
