import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { chmodSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openDirectoryImage, rawPathFromText, rootPath, walkImage } from "#image";
import { openRepository } from "#repository";
import { withoutRootRights } from "../../files/unprivileged.fixture.ts";
import { readMeasurements } from "../measurements.ts";
import { documents, keys, writeSmallStore } from "../story.fixture.ts";
import { runForTest, type TestRun, type TestRunOptions } from "../surroundings.fixture.ts";

/** Every run that goes through a round derives a key three times: they are few. */
let folder = "";
let mail = "";
let work = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "restante-bench-test-"));
  mail = join(folder, "mail");
  work = join(folder, "work");
  await mkdir(work);
  const inbox = await writeSmallStore(mail);
  // Enough to plan with.
  for (let number = 0; number < 8; number++)
    await writeFile(join(inbox, `cur/19000000${number}.M1.mx1:2,`), Buffer.alloc(600_000, number));
  await writeFile(Buffer.from(`${inbox}/cur/\xff\n\u001b[2J.mx1:2,`, "latin1"), "hostile name");
});
after(() => rm(folder, { recursive: true, force: true }));

/** Every entry with its size and times: what was written to in between shows. */
async function entriesOf(path: string): Promise<readonly string[]> {
  await using image = await openDirectoryImage(rawPathFromText(path));
  const entries: string[] = [];
  for await (const { path: at, entry } of walkImage(image, rootPath))
    entries.push([at, entry.inode, entry.sizeBytes, entry.mtimeNs, entry.ctimeNs].join(" "));
  return entries;
}

const nowNs = (): bigint => BigInt(Date.now()) * 1_000_000n;
const run = (argv: readonly string[], options: TestRunOptions = {}): Promise<TestRun> =>
  runForTest(["bench", ...argv], {
    environment: { XDG_STATE_HOME: join(folder, "state"), XDG_CACHE_HOME: join(folder, "cache") },
    workingFolder: folder,
    ...options,
  });

test("a benchmark measures the whole way of mail, records it, and leaves nothing but the record", async () => {
  const entries = await entriesOf(mail);
  const target = join(folder, "mounted");
  await mkdir(target);
  const arguments_ = ["mail", "--work", "work", "--target", "mounted", "--runs", "1"];
  const { exitCode, output, messages } = await run(arguments_);
  assert.equal(exitCode, 0, messages);
  assert.match(output, /store {4}42 files, 4\.8 MB, 2 mailboxes/);
  assert.match(output, /sample {3}42 files, 4\.8 MB; measured in .*\/work within /);
  assert.match(output, /^what +median +low – high +measured on +for the planner$/m);
  assert.match(output, /^capture into a fresh copy +.*\/s +1 × 4\.8 MB +capture_rate$/m);
  assert.match(output, /^restore into a fresh folder, verified +.*\/s +1 × 4\.8 MB +dedup_rate$/m);
  assert.match(output, /Recorded in .*measurements\.ndjson; `restante plan` uses them\./);
  assert.doesNotMatch(output, /Infinity|NaN|undefined/);
  const state = join(folder, "state/restante");
  const { measurements, problems } = await readMeasurements(state);
  assert.deepEqual(problems, []);
  const names = measurements.map(({ parameter }) => parameter);
  const always = "capture_rate dedup_open dedup_rate dedup_share logs_per_day mail mailboxes";
  for (const name of always.split(" "))
    assert.equal(names.filter((one) => one === name).length, 1, `${name} in ${names.join()}`);
  assert.match(output, /^target: writing to stable storage: on a device of this machine, so not/m);
  assert.ok(!names.includes("network_rate"), "no network was on the way");
  const bytes = Object.fromEntries(measurements.map((one) => [one.parameter, one.bytes]));
  assert.equal(bytes["capture_rate"], bytes["dedup_rate"]);
  assert.deepEqual(new Set(measurements.map(({ kind }) => kind)), new Set(["bench", "store"]));
  assert.deepEqual(await entriesOf(mail), entries, "the mail is as it was");
  assert.deepEqual([await readdir(work), await readdir(target)], [[], []]);
});

test("--json is one document, and --no-record keeps nothing", async () => {
  const state = join(folder, "other-state");
  const result = await run(["mail", "--work", "work", "--runs", "1", "--json", "--no-record"], {
    environment: { XDG_STATE_HOME: state },
  });
  assert.equal(result.exitCode, 0, result.output);
  const [document, ...more] = documents(result);
  assert.deepEqual(more, []);
  assert.equal(document?.["type"], "bench");
  const fields =
    "cut differing elapsedMs failed figures folder remarks sample store type version work".split(
      " ",
    );
  assert.deepEqual(keys(document), fields);
  assert.deepEqual(keys(document?.["sample"]), [
    "bytes",
    "bytesChosen",
    "files",
    "filesChosen",
    "missing",
  ]);
  const figures = document?.["figures"] as readonly Record<string, unknown>[];
  assert.deepEqual(
    figures.map(({ name }) => name).filter((name) => name !== "scan"),
    "sample-read hash compress disk-write disk-read capture stored restore open".split(" "),
  );
  const capture = figures.find(({ name }) => name === "capture");
  assert.deepEqual(
    keys(capture),
    "bytes high low median name note parameter runs seconds title unit".split(" "),
  );
  await assert.rejects(readdir(state), { code: "ENOENT" });
});

test("a benchmark that is interrupted removes what it wrote and ends with exit code 130", async () => {
  const controller = new AbortController();
  let inWork: readonly string[] = [];
  const { exitCode } = await run(["mail", "--work", "work", "--no-record"], {
    signal: controller.signal,
    openRepository: async (storage, options) => {
      inWork = readdirSync(work);
      controller.abort();
      return await openRepository(storage, options);
    },
  });
  assert.equal(exitCode, 130);
  assert.equal(inWork.length, 1);
  assert.deepEqual(await readdir(work), []);
});

test("a copy that cannot be opened fails that phase, not the others: exit code 1", async () => {
  const result = await run(["mail", "--work", "work", "--runs", "1", "--no-record"], {
    openRepository: async (storage, options) =>
      await openRepository(storage, { ...options, password: "another" }),
  });
  assert.equal(result.exitCode, 1);
  assert.match(result.messages, /failed: capture and restore: Cannot open/);
  assert.match(result.output, /^disk: writing to stable storage/m);
  assert.deepEqual(await readdir(work), []);
});

const brief = ["--work", "work", "--runs", "1", "--no-record"];

test("a message that vanishes after it was listed is counted: exit code 3", async () => {
  const store = join(folder, "vanishing");
  await mkdir(join(store, "cur"), { recursive: true });
  for (const name of ["1", "2", "3"]) await writeFile(join(store, "cur", name), name);
  const fixed = nowNs();
  let calls = 0;
  const result = await run(["vanishing", ...brief], {
    // The clock is asked once a file, when its folder has been listed.
    now: () => {
      if (++calls === 2) rmSync(join(store, "cur/3"));
      return fixed;
    },
  });
  assert.equal(result.exitCode, 3);
  assert.match(result.output, /sample {3}2 files, 2 B of 3 files that were chosen/);
  assert.match(result.messages, /1 problem in the sample:\n.*"cur\/3"/);
});

test("a file that may not be read is counted: exit code 3", async () => {
  const store = join(folder, "secret");
  await mkdir(store);
  await writeFile(join(store, "a"), "readable");
  await writeFile(join(store, "b"), "secret");
  chmodSync(join(store, "b"), 0);
  const fixed = nowNs();
  const owned = [folder, work, store, join(store, "a"), join(store, "b")];
  await withoutRootRights(owned, async () => {
    const result = await run(["secret", ...brief], { now: () => fixed });
    assert.equal(result.exitCode, 3, result.messages);
    assert.match(result.messages, /1 problem in the sample:\n.*"b"/);
  });
});

test("a store without a file has no sample, and the disk is measured all the same: exit code 3", async () => {
  await mkdir(join(folder, "empty"));
  const result = await run(["empty", "--work", "work", "--runs", "1", "--no-record"]);
  assert.equal(result.exitCode, 3);
  assert.match(result.output, /store {4}0 files, 0 B, 0 mailboxes/);
  assert.match(result.output, /^disk: writing to stable storage/m);
  assert.doesNotMatch(result.output, /capture into/);
});

test("what cannot be measured is refused before anything is written", async () => {
  const refused: readonly [readonly string[], number, RegExp][] = [
    [[], 2, /no folder was named/],
    [["nowhere"], 1, /nowhere/],
    [["mail", "--time", "2 parsecs"], 2, /parsecs/],
    [["mail", "--time", "2 days"], 2, /up to 24 hours/],
    [["mail", "--sample", "0"], 2, /from 1 byte/],
    [["mail", "--runs", "0"], 2, /from 1 to 20/],
    [["mail", "--work", "nowhere"], 2, /no such folder/],
    [["mail", "--work", "mail/example.org"], 2, /within the mail store/],
    [["mail", "--work", "link"], 2, /within the mail store/],
    [["mail", "--target", "mail"], 2, /within the mail store/],
    [["mail", "--target", "s3://key:secret@bucket/x"], 2, /no folder of this machine/],
    [["mail", "--target", "root:secret@vault:/srv"], 2, /no folder of this machine/],
  ];
  await symlink(mail, join(folder, "link"));
  for (const [argv, exitCode, reason] of refused) {
    const result = await run([...argv, ...(argv.includes("--work") ? [] : ["--work", "work"])]);
    assert.equal(result.exitCode, exitCode, `${argv.join(" ")}: ${result.messages}`);
    assert.match(result.messages, reason);
    assert.doesNotMatch(result.messages, /secret/);
  }
  assert.deepEqual(await readdir(work), []);
});
