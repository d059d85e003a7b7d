import assert from "node:assert/strict";
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { directoryStorage } from "#storage";
import { withoutRootRights } from "../files/unprivileged.fixture.ts";
import {
  LentRepositories,
  runForTest,
  type TestRun,
  type TestRunOptions,
} from "./surroundings.fixture.ts";
import { documents, hashes, keys, message, writeSmallStore } from "./story.fixture.ts";

/*
 * One story on one small store, told in order, because every opening of a repository derives its key: capture,
 * look, lose, put back, expire. The documents of JSON are a contract: their fields are written out here.
 */
let folder = "";
let mail = "";
let inbox = "";
const password = "correct horse";
const repositories = new LentRepositories((location) => directoryStorage(location));

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "restante-story-"));
  mail = join(folder, "mail");
  inbox = await writeSmallStore(mail);
});
after(async () => {
  await repositories[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const environment = (): Record<string, string | undefined> => ({
  RESTANTE_PASSWORD: password,
  RESTANTE_REPOSITORY: join(folder, "copy"),
  XDG_CACHE_HOME: join(folder, "cache"),
  XDG_STATE_HOME: join(folder, "state"),
});
const run = (argv: readonly string[], options: TestRunOptions = {}): Promise<TestRun> =>
  runForTest(argv, {
    environment: environment(),
    workingFolder: folder,
    openRepository: repositories.open,
    ...options,
  });
test("without a repository every verb ends with exit code 10", async () => {
  const { exitCode, messages } = await run(["moments"]);
  assert.equal(exitCode, 10, messages);
});

test("init makes a repository, and refuses to make it twice", async () => {
  const made = await run(["init", "--json"]);
  assert.equal(made.exitCode, 0, made.output);
  assert.deepEqual(documents(made).map(keys), [["copy", "folder", "id", "type", "version"]]);
  assert.equal((await run(["init"])).exitCode, 1);
});

test("a wrong password is exit code 12, and no password exit code 2", async () => {
  assert.equal(
    (await run(["moments"], { environment: { ...environment(), RESTANTE_PASSWORD: "wrong" } }))
      .exitCode,
    12,
  );
  const none = await run(["moments"], {
    environment: { ...environment(), RESTANTE_PASSWORD: undefined },
  });
  assert.equal(none.exitCode, 2);
  assert.match(none.messages, /RESTANTE_PASSWORD_FILE/);
});

test("no moment yet: moments says so, and ls ends with exit code 22", async () => {
  assert.equal((await run(["moments"])).exitCode, 0);
  assert.equal((await run(["ls", "mail"])).exitCode, 22);
});

test("capture counts what is new, unmodified and renamed, and keeps its JSON contract", async () => {
  const first = await run(["capture", "mail", "--workers", "0", "--tag", "first"]);
  assert.equal(first.exitCode, 0, first.messages);
  assert.match(first.output, /33 new, 0 renamed, 0 changed, 0 unmodified/);
  assert.match(first.output, /fuzzy: a walk of a living store/);
  await rename(join(inbox, "new/1800000000.M1.mx1"), join(inbox, "cur/1800000000.M1.mx1:2,S"));
  const second = await run(["capture", "mail", "--workers", "0", "--json"]);
  const summary = documents(second).at(-1) as {
    readonly captures: readonly Record<string, unknown>[];
  };
  assert.deepEqual(keys(summary), ["captures", "partial", "type", "verb", "version"]);
  const fields =
    "bytesAdded bytesRead bytesStored bytesTotal consistency copy elapsedMs filesChanged filesNew filesRenamed filesTotal filesUnmodified group method moment partial phases problems";
  assert.deepEqual(keys(summary.captures[0]), fields.split(" "));
  assert.equal(summary.captures[0]?.["filesRenamed"], 1);
  assert.equal(summary.captures[0]?.["filesUnmodified"], 32);
});

test("capture refuses a copy within the store that it protects", async () => {
  const { exitCode, messages } = await run(["capture", "mail", "--copy", "mail/copy"]);
  assert.equal(exitCode, 2);
  assert.match(messages, /within the mail store/);
});

test("moments lists them with times, labels and counts", async () => {
  const { output } = await run(["moments", "mail/example.org", "--zone", "Europe/Berlin"]);
  assert.match(output, /: 2 moments\n/);
  assert.match(output, /CET {2}fuzzy {2}33 files/);
  const [document] = documents(await run(["moments", "--json"])) as [
    { readonly groups: readonly { readonly moments: readonly object[] }[] },
  ];
  assert.deepEqual(keys(document), ["copy", "groups", "timeZone", "type", "version"]);
  assert.deepEqual(keys(document.groups[0]?.moments[0]), [
    "at",
    "consistency",
    "files",
    "generation",
    "group",
    "hostname",
    "id",
    "paths",
    "sequence",
    "sizeBytes",
    "tags",
    "volumeIds",
  ]);
});

test("ls shows folders with counts, then the messages, with nothing hostile in them", async () => {
  const { output, messages } = await run([
    "ls",
    "mail/example.org/support/Maildir",
    "--at",
    "latest",
  ]);
  assert.match(output, /support@example\.org {2}INBOX +31 /);
  assert.match(output, /Invoices +1 /);
  assert.match(output, /hostile/);
  assert.ok(!output.includes("\u001b") && !output.includes("\u202e"));
  assert.match(messages, /as of \w+ \d+ \w+ \d{4} [\d:]+ UTC \(moment [0-9a-f]{8}; fuzzy/);
  const [document] = documents(
    await run(["ls", "mail/example.org/support/Maildir/.Invoices", "--json"]),
  ) as [{ readonly scopes: readonly { readonly messages: readonly Record<string, unknown>[] }[] }];
  const [only] = document.scopes[0]?.messages ?? [];
  assert.equal(only?.["subject"], "Rechnung für März");
  assert.deepEqual(keys(only), [
    "date",
    "flags",
    "from",
    "keywords",
    "messageId",
    "path",
    "received",
    "sizeBytes",
    "subject",
    "target",
    "to",
  ]);
  assert.match((await run(["ls", "mail", "--files"])).output, /directory .*example\.org\n1 entry/);
});

test("show prints a message's bytes untouched into a pipe, and its header decoded", async () => {
  const path = join(inbox, ".Invoices/cur/1700000100.M1.mx1:2,");
  const bytes = await readFile(path);
  assert.deepEqual((await run(["show", path])).outputBytes, bytes);
  assert.match((await run(["show", path, "--headers"])).output, /^Subject: Rechnung für März$/m);
  const hostile = join(inbox, "cur/1800000000.M1.mx1:2,S");
  const onTerminal = await run(["show", hostile], { terminal: { outputIsTerminal: true } });
  assert.ok(!onTerminal.output.includes("\u001b"));
  assert.match(onTerminal.output, /\\x1b\[2Jhostile/);
  const [document] = documents(await run(["show", path, "--json"])) as [
    { readonly bytesBase64: string },
  ];
  assert.deepEqual(Buffer.from(document.bytesBase64, "base64"), bytes);
});

test("what is not in the moment is exit code 22, a moment before all of them too", async () => {
  assert.equal((await run(["ls", "mail/example.org/nobody"])).exitCode, 22);
  const early = await run(["ls", "mail", "--at", "2020-01-01T00:00:00Z"]);
  assert.equal(early.exitCode, 22);
  assert.match(early.messages, /the oldest is of/);
  assert.equal((await run(["ls", "mail", "--at", "whenever"])).exitCode, 2);
});

let whole: Record<string, string> = {};

test("diff names what was removed, flagged and new, by messages", async () => {
  whole = await hashes(inbox);
  await rm(join(inbox, "cur"), { recursive: true });
  await mkdir(join(inbox, "cur"));
  await rename(
    join(inbox, ".Invoices/cur/1700000100.M1.mx1:2,"),
    join(inbox, ".Invoices/cur/1700000100.M1.mx1:2,FS"),
  );
  await writeFile(join(inbox, "new/1900000000.M1.mx1"), message("came later"));
  const run1 = await run(["diff", "mail/example.org/support", "--at", "latest", "--json"]);
  const [document] = documents(run1) as [{ readonly counts: Record<string, number> }];
  assert.deepEqual(keys(document), [
    "counts",
    "differences",
    "moment",
    "to",
    "type",
    "version",
    "warnings",
  ]);
  assert.equal(document.counts["removed"], 31, run1.output);
  assert.equal(document.counts["created"], 1);
  assert.equal(document.counts["flagged"], 1);
});

test("restore --dry-run previews and writes nothing; without --yes nobody is overrun", async () => {
  const preview = await run(["restore", "mail/example.org/support", "--at", "latest", "--dry-run"]);
  assert.equal(preview.exitCode, 0);
  assert.match(
    preview.output,
    /created 31 {3}merged \d+ {3}moved \d+ {3}skipped \d+ {3}conflict 0 {3}failed 0 {6}nothing will be deleted/,
  );
  assert.deepEqual(await readdir(join(inbox, "cur")), []);
  assert.equal((await run(["restore", "mail/example.org/support"])).exitCode, 23);
  const declined = await run(["restore", "mail/example.org/support"], { answers: ["n"] });
  assert.equal(declined.exitCode, 23);
  assert.match(declined.questions[0]?.question ?? "", /Create 31 .*nothing will be deleted/);
  assert.deepEqual(await readdir(join(inbox, "cur")), []);
});

test("restore puts back what is missing onto the living store and leaves what came later", async () => {
  const done = await run([
    "restore",
    "mail/example.org/support",
    "--at",
    "latest",
    "--yes",
    "--json",
  ]);
  assert.equal(done.exitCode, 0, done.output);
  const summary = documents(done).at(-1) as {
    readonly counts: Record<string, number>;
    readonly filesVerified: number;
  };
  assert.deepEqual(keys(summary), [
    "bytes",
    "counts",
    "dryRun",
    "elapsedMs",
    "filesVerified",
    "jobs",
    "moment",
    "type",
    "verb",
    "version",
  ]);
  assert.equal(summary.counts["created"], 31);
  assert.equal(summary.filesVerified, 31);
  const now = await hashes(inbox);
  for (const [path, hash] of Object.entries(whole)) {
    if (!path.startsWith("/.Invoices")) assert.equal(now[path], hash, path);
  }
  assert.ok(now["/new/1900000000.M1.mx1"] !== undefined);
  assert.equal(Object.keys(now).length, Object.keys(whole).length + 1, "nothing is there twice");
  const again = documents(await run(["restore", "mail/example.org/support", "--yes", "--json"])).at(
    -1,
  ) as typeof summary;
  assert.equal(again.counts["created"], 0);
});

test("restore --to writes the target elsewhere, --into puts what is missing into a folder", async () => {
  const elsewhere = await run(["restore", "mail/example.org/sales", "--to", "restored"]);
  assert.equal(elsewhere.exitCode, 0, elsewhere.messages);
  assert.deepEqual(
    await hashes(join(folder, "restored")),
    await hashes(join(mail, "example.org/sales")),
  );
  await rm(join(inbox, ".Invoices/cur/1700000100.M1.mx1:2,FS"));
  const into = await run([
    "restore",
    "mail/example.org/support/Maildir/.Invoices",
    "--into",
    "Zurück",
    "--yes",
  ]);
  assert.equal(into.exitCode, 0, into.messages);
  assert.equal((await readdir(join(inbox, ".Zur&APw-ck/cur"))).length, 1);
  assert.equal((await run(["restore", "mail", "--to", "x", "--into", "y"])).exitCode, 2);
  assert.equal((await run(["restore", "mail", "--exact", "--missing"])).exitCode, 2);
});

test("verify reads everything and says that it is whole", async () => {
  const summary = documents(await run(["verify", "--read-data", "--json"])).at(-1);
  assert.deepEqual(keys(summary), [
    "blobs",
    "bytesRead",
    "errors",
    "ok",
    "packs",
    "readData",
    "snapshots",
    "type",
    "verb",
    "version",
    "warnings",
  ]);
  assert.equal(summary?.["ok"], true);
});

test("status shows the loss so far, and doctor that all is well", async () => {
  const [status] = documents(await run(["status", "--json"])) as [
    { readonly groups: readonly object[] },
  ];
  assert.deepEqual(keys(status), ["copy", "groups", "now", "type", "unprotected", "version"]);
  assert.deepEqual(keys(status.groups[0]), [
    "alarms",
    "group",
    "late",
    "lossMs",
    "moments",
    "newest",
    "oldest",
  ]);
  const doctor = await run(["doctor", "mail", "--json"]);
  assert.equal(doctor.exitCode, 0, doctor.output);
  const [document] = documents(doctor) as [
    { readonly checks: readonly { readonly name: string; readonly state: string }[] },
  ];
  assert.deepEqual(keys(document), ["checks", "failed", "ok", "type", "version", "warned"]);
  const states = Object.fromEntries(document.checks.map(({ name, state }) => [name, state]));
  assert.equal(states["store"], "ok");
  assert.equal(states["copy"], "ok");
  assert.equal(states["copy.apart"], "warn");
  assert.equal((await run(["doctor", "nowhere", "--copy", "nothing"])).exitCode, 1);
});

test("expire is refused while the newest moment has shrunk, until a person releases it", async () => {
  await rm(join(inbox, "cur"), { recursive: true });
  await mkdir(join(inbox, "cur"));
  await run(["capture", "mail", "--workers", "0"]);
  const refused = await run(["expire", "mail", "--keep", "last 1", "--yes"]);
  assert.equal(refused.exitCode, 23);
  assert.match(refused.messages, /fewer files/);
  assert.match(refused.messages, /--release/);
  const released = await run(["expire", "mail", "--release", "--json"]);
  assert.equal(released.exitCode, 0, released.output);
  assert.deepEqual(documents(released).map(keys), [
    ["audit", "before", "group", "id", "reasons", "type", "version"],
  ]);
  const preview = await run(["expire", "mail", "--keep", "last 1", "--dry-run"]);
  assert.equal(preview.exitCode, 0, preview.messages);
  assert.match(preview.output, /drop .*not among the/);
  assert.match(preview.output, /2 moments would go/);
  assert.equal((await run(["expire", "mail", "--keep", "last 1"])).exitCode, 23);
  const done = await run(["expire", "mail", "--keep", "last 1", "--yes"]);
  assert.equal(done.exitCode, 0, done.messages);
  assert.match(
    done.output,
    /Removed 2 moments\. Their bytes are freed by `restante prune --copy .*`/,
  );
  assert.match((await run(["moments"])).output, /: 1 moment\n/);
  const recorded = await readFile(join(folder, "state/restante/audit.jsonl"), "utf8");
  assert.match(
    recorded,
    /"verb":"expire --release".*"outcome":"done".*\n.*"verb":"expire".*"outcome":"done".*"count":2,"moments":\[("[0-9a-f]{64}",?){2}\]/,
  );
});

test("expire wants a rule, understands it, and says which it does not", async () => {
  assert.equal((await run(["expire", "mail"])).exitCode, 2);
  const wrong = await run(["expire", "mail", "--keep", "one per hours for 14 days"]);
  assert.equal(wrong.exitCode, 2);
  assert.match(wrong.messages, /one per hour for 14 days/);
});

test("a store behind a symbolic link and one that is not there: clear errors, nothing captured", async () => {
  const missing = await run(["capture", "nowhere"]);
  assert.equal(missing.exitCode, 1);
  assert.match(missing.messages, /nowhere/);
  await symlink(mail, join(folder, "link"));
  assert.equal((await run(["capture", "link", "--workers", "0"])).exitCode, 0);
});

test("a file that cannot be read makes a capture partial: exit code 3", async () => {
  const secret = join(mail, "secret");
  await writeFile(secret, "x");
  await chmod(secret, 0);
  const everything = await readdir(folder, { recursive: true });
  const owned = [folder, ...everything.map((path) => join(folder, path))];
  await withoutRootRights(owned, async () => {
    const { exitCode, messages } = await run(["capture", "mail", "--group", "partial"]);
    assert.equal(exitCode, 3);
    assert.match(messages, /1 problem/);
  });
  await rm(secret);
});
