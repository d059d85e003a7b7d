import assert from "node:assert/strict";
import { mkdtemp, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { directoryStorage } from "#storage";
import { messageId } from "../message-id.ts";
import { documents, keys, message, writeSmallStore } from "../story.fixture.ts";
import { LentRepositories, runForTest, type TestRun } from "../surroundings.fixture.ts";

const folder = await mkdtemp(join(tmpdir(), "restante-find-"));
const mail = join(folder, "mail");
const sales = join(mail, "example.org/sales/Maildir");
const repositories = new LentRepositories((location) => directoryStorage(location));
const environment = {
  RESTANTE_PASSWORD: "correct horse",
  RESTANTE_REPOSITORY: join(folder, "copy"),
  XDG_CACHE_HOME: join(folder, "cache"),
  XDG_STATE_HOME: join(folder, "state"),
};
const run = (argv: readonly string[], more: Record<string, string> = {}): Promise<TestRun> =>
  runForTest(argv, {
    environment: { ...environment, ...more },
    workingFolder: folder,
    openRepository: repositories.open,
  });
let inbox = "";

type Found = {
  readonly id: string;
  readonly identity: string;
  readonly subject: string;
  readonly placements: readonly { readonly address: string; readonly now: string }[];
};
async function found(...argv: readonly string[]): Promise<readonly Found[]> {
  const [document] = documents(await run(["find", ...argv, "--json"]));
  assert.equal(document?.["type"], "found", JSON.stringify(document));
  return document["messages"] as readonly Found[];
}

before(async () => {
  inbox = await writeSmallStore(mail);
  assert.equal((await run(["init"])).exitCode, 0);
  assert.equal((await run(["capture", "mail", "--workers", "0"])).exitCode, 0);
  await rm(join(inbox, "cur/1700000007.M1.mx1:2,S"));
  await rename(
    join(inbox, "cur/1700000008.M1.mx1:2,S"),
    join(inbox, ".Invoices/cur/1700000008.M1.mx1:2,S"),
  );
  await writeFile(join(inbox, "cur/1800000001.M1.mx1:2,F"), message("annual report"));
  assert.equal((await run(["capture", "mail", "--workers", "0"])).exitCode, 0);
});
after(async () => {
  await repositories[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

test("find shows each message on a line, with what became of it", async () => {
  const shown = await run(["find", "is:missing"]);
  assert.equal(shown.exitCode, 0);
  assert.match(
    shown.output,
    /^m:[0-9a-f]{12} +Mon 23 Nov 2026 10:00 +Ada <ada@example\.net> +number 7 +support@example\.org\/INBOX +gone between .* and .*\n$/,
  );
  assert.match(shown.messages, /catalog: 2 moments added, 34 messages read/);
  const again = await run(["find", "annual"]);
  assert.match(again.output, /annual report +support@example\.org\/INBOX +there now\n$/);
  assert.doesNotMatch(again.messages, /catalog/);
});

test("find knows addresses, folders and paths as targets, and moments", async () => {
  assert.equal((await found("", "--limit", "100")).length, 34);
  assert.equal((await found("", "mail/example.org/sales")).length, 1);
  assert.deepEqual(
    (await found("number", join(inbox, ".Invoices"))).map(({ subject }) => subject),
    ["number 8"],
  );
  const [document] = documents(await run(["moments", "--json"]));
  const groups = (document?.["groups"] ?? []) as readonly { moments: { id: string }[] }[];
  const first = groups[0]?.moments[0]?.id ?? "";
  assert.equal((await found('"number 7"', "--at", first)).length, 1);
  assert.equal((await run(["find", '"number 7"', "--at", "latest"])).exitCode, 22);
});

test("JSON has everything, and an ID that names the message", async () => {
  const [one] = await found("is:missing");
  assert.ok(one !== undefined);
  assert.equal(one.id, messageId(one.identity));
  assert.deepEqual(keys(one), [
    "attachmentNames",
    "cc",
    "date",
    "from",
    "hasAttachment",
    "id",
    "identity",
    "messageId",
    "placements",
    "sizeBytes",
    "subject",
    "to",
  ]);
  const [placement] = one.placements;
  assert.deepEqual(keys(placement), [
    "account",
    "address",
    "layout",
    "mailbox",
    "mailboxNow",
    "now",
    "presence",
    "states",
  ]);
  assert.equal(placement?.now, "gone");
});

test("pages go on where the one before ended", async () => {
  const [first] = documents(await run(["find", "number", "--limit", "20", "--json"]));
  const next = String(first?.["next"]);
  const rest = await found("number", "--limit", "20", "--after-page", next);
  assert.equal(rest.length, 10);
});

test("what is hostile in mail is shown escaped", async () => {
  const { output } = await run(["find", "subject:subject"]);
  assert.match(output, /\\x1b\[2Jhostile \\xe2\\x80\\xaesubject/);
});

test("a search that cannot be read says where, and one that finds nothing is no success", async () => {
  const wrong = await run(["find", "form:ada"]);
  assert.equal(wrong.exitCode, 2);
  assert.match(wrong.messages, /at character 1, there is no field "form:"/);
  assert.equal((await run(["find", "nowhere"])).exitCode, 22);
  assert.equal((await run(["find", "x", "--sort", "size"])).exitCode, 2);
  assert.equal((await run(["find", "x", "--limit", "many"])).exitCode, 2);
});

test("an account that disappeared is told, and its mail is unknown, not deleted", async () => {
  await rename(sales, join(folder, "aside"));
  assert.equal((await run(["capture", "mail", "--workers", "0"])).exitCode, 0);
  const shown = await run(["find", "is:missing offer"]);
  assert.match(shown.output, /offer .*there until .*, then unknown: the folder is not there\n$/);
  assert.match(shown.messages, /example\.org\/sales\/Maildir\/INBOX is not there any more/);
  const status = await run(["catalog", "status"]);
  assert.match(status.output, /sales@example\.org\/INBOX is not there since .* 1 message/);
  await rename(join(folder, "aside"), sales);
});

test("a catalog can be looked at, made again and deleted; a damaged one is made again by itself", async () => {
  const before = await found("", "--limit", "100");
  const [status] = documents(await run(["catalog", "--json"]));
  const location = String(status?.["location"]);
  assert.ok(location.startsWith(join(folder, "cache")));
  assert.equal((await stat(location)).mode & 0o777, 0o600);
  const rebuilt = await run(["catalog", "rebuild"]);
  assert.equal(rebuilt.exitCode, 0, rebuilt.messages);
  assert.deepEqual(await found("", "--limit", "100"), before);
  await writeFile(location, "spoiled ".repeat(5000));
  const mended = await run(["find", "annual"]);
  assert.match(
    mended.messages,
    /the catalog of this copy is made again from the copy: it is damaged/,
  );
  assert.deepEqual(await found("", "--limit", "100"), before);
  assert.equal((await run(["catalog", "remove"])).exitCode, 0);
  assert.deepEqual(await readdir(join(location, "..")), []);
  assert.equal((await run(["catalog", "polish"])).exitCode, 2);
  assert.equal((await run(["find", "annual", "--no-fill"])).exitCode, 22);
});
