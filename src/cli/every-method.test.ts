import assert from "node:assert/strict";
import { readdirSync, truncateSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { rowOfMethod } from "#planner";
import { directoryStorage } from "#storage";
import { damage, removeAll } from "../methods/replicas/replicas.fixture.ts";
import { documents, hashes, message, writeSmallStore } from "./story.fixture.ts";
import {
  LentRepositories,
  runForTest,
  type TestRun,
  type TestRunOptions,
} from "./surroundings.fixture.ts";

/* A tier with all four methods and a duplicate, from one hot split. One story, told in order. */
let folder = "";
let inbox = "";
let whole: Readonly<Record<string, string>> = {};
const repositories = new LentRepositories((location) => directoryStorage(location));
const at = (name: string): string => join(folder, name);
const copies = ["here", "tapes", "clones", "deltas", "far"] as const;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "restante-every-method-"));
  inbox = await writeSmallStore(at("mail"));
  whole = await hashes(at("mail"));
  await writeFile(at("password"), "secret\n");
  const key = `key: "file:${at("password")}"`;
  await writeFile(
    at("restante.yaml"),
    `version: 1
time_zone: Europe/Berlin
servers:
  mx1: {type: maildir, path: ${at("mail")}, data_source: hot split snapshot, snapshots: plain, validate: maildir}
copies:
  here: {layer: operational, path: ${at("here")}, ${key}}
  tapes: {layer: operational, kind: tape library, path: ${at("tapes")}, capacity: 1 GB}
  clones: {layer: operational, kind: replicas, path: ${at("clones")}}
  deltas: {layer: operational, kind: replicas, path: ${at("deltas")}}
  far: {layer: disaster, path: ${at("far")}, ${key}}
tiers:
  gold:
    operational:
      - {method: backup to disk, copy: here, lose_at_most: 1 hour, keep: [last 5]}
      - {method: rotation of delta snapshots, copy: deltas, every: 4 hours, images: 2}
      - {method: rotation of clones, copy: clones, every: 12 hours, images: 2}
      - {method: backup to tape, copy: tapes, lose_at_most: 1 day, keep: [last 10]}
    disaster: {method: duplicate backup copies offsite, copy: far, from: here, lose_at_most: 1 day, keep: [last 3]}
lines_of_business:
  everyone: {mailboxes: ["*"], tier: gold}
`,
  );
});
after(async () => {
  await repositories[Symbol.asyncDispose]();
  removeAll(folder);
});

const run = (argv: readonly string[], options: TestRunOptions = {}): Promise<TestRun> =>
  runForTest(argv, {
    environment: { XDG_CACHE_HOME: at("cache"), XDG_STATE_HOME: at("state") },
    workingFolder: folder,
    openRepository: repositories.open,
    ...options,
  });

/** Restores the whole store and compares every file with what was captured first. */
async function restoredWhole(argv: readonly string[], name: string): Promise<TestRun> {
  const restored = await run(["restore", "mx1", "--to", at(name), ...argv]);
  assert.equal(restored.exitCode, 0, restored.messages);
  assert.deepEqual(await hashes(at(name)), whole);
  await rm(at(name), { recursive: true });
  return restored;
}

test("a capture says of each copy that is not set up what to do, takes the others, and ends with 3; with none, with 1", async () => {
  const none = await run(["capture"]);
  assert.equal(none.exitCode, 1, none.output);
  assert.match(none.messages, /restante init --copy clones/);
  assert.equal((await run(["init", "--copy", "here"])).exitCode, 0);
  const some = await run(["capture", "--json"]);
  assert.equal(some.exitCode, 3, some.output);
  const failed = documents(some).filter(({ type }) => type === "failed");
  assert.deepEqual(failed.map((one) => String(one["copy"])).toSorted(), [
    "clones",
    "deltas",
    "tapes",
  ]);
  assert.equal(documents(some).at(-1)?.["failed"], 3);
  assert.deepEqual(await readdir(at("state/restante/.splits")), [], "nothing is left of the split");
});

test("init sets up each kind of copy by its name", async () => {
  for (const copy of ["tapes", "clones", "deltas", "far"]) {
    const made = await run(["init", "--copy", copy]);
    assert.equal(made.exitCode, 0, made.messages);
  }
  assert.ok((await readdir(at("tapes"))).includes("RST001.tap"));
  const again = await run(["init", "--copy", "tapes"]);
  assert.equal(again.exitCode, 2);
  assert.match(again.messages, /there is one in .* already/);
});

test("a capture takes every method of the tier from one validated image", async () => {
  const { exitCode, output, messages } = await run(["capture", "mx1"]);
  assert.equal(exitCode, 0, messages);
  assert.match(output, /in copy here,/);
  for (const [copy, method] of [
    ["tapes", "backup to tape"],
    ["clones", "rotation of clones"],
    ["deltas", "rotation of delta snapshots"],
  ])
    assert.match(output, new RegExp(`in copy ${copy} \\(${method}\\),`));
  const sent = await run(["duplicate", "--copy", "here", "--to", "far", "--all"]);
  assert.equal(sent.exitCode, 0, sent.messages);
  const asked = await run(["duplicate"]);
  assert.equal(asked.exitCode, 0, asked.messages);
  assert.match(asked.output, /0 moments sent.* to far/);
});

test("moments lists every copy's, with its method", async () => {
  const { exitCode, output, messages } = await run(["moments", "mx1"]);
  assert.equal(exitCode, 0, messages);
  for (const copy of copies) assert.match(output, new RegExp(`${copy} \\(`), output);
  const [document] = documents(await run(["moments", "mx1", "--json"]));
  const groups = document?.["groups"] as readonly {
    readonly group: string;
    readonly moments: readonly {
      readonly copy: string;
      readonly consistency: string;
      readonly validatedBy?: readonly string[];
    }[];
  }[];
  assert.deepEqual(
    groups.map(({ group }) => group),
    ["mx1/everyone"],
  );
  const clone = groups[0]?.moments.find(({ copy }) => copy === "clones");
  assert.deepEqual(clone?.validatedBy, ["mail reader"]);
});

test("the whole store and one message come back equal from each copy, by its name and by its method", async () => {
  const path = join(inbox, "cur/1700000003.M1.mx1:2,S");
  for (const from of [...copies, "tape", "rotation of clones", "duplicate"]) {
    const { messages } = await restoredWhole(["--from", from], "out");
    assert.match(messages, /from copy “/, from);
    const shown = await run(["show", path, "--from", from]);
    assert.equal(shown.exitCode, 0, shown.messages);
    assert.equal(shown.output, message("number 3"));
  }
  const wrong = await run(["ls", "mx1", "--from", "nowhere"]);
  assert.equal(wrong.exitCode, 22);
  assert.match(wrong.messages, /There is “here” \(backup to disk\): 2 moments/);
});

test("without --from the choice and its reason are told, and JSON has the copy and the method", async () => {
  const told = await run(["ls", "mx1"]);
  assert.match(told.messages, /from copy “.*” \(.*\): .*; also: .*“here” \(backup to disk\)/);
  const [document] = documents(await run(["ls", "mx1", "--json", "--from", "clones"]));
  const moment = document?.["moment"] as Record<string, unknown>;
  assert.deepEqual([moment["copy"], moment["method"]], ["clones", "rotation of clones"]);
});

test("a moment of a replica is named by what the list shows", async () => {
  const listed = await run(["moments", "mx1", "--from", "deltas"]);
  const [id = ""] = /0000\d+-\d+T\d+Z/.exec(listed.output) ?? [];
  const shown = await run(["ls", "mx1", "--at", id]);
  assert.equal(shown.exitCode, 0, shown.messages);
  assert.match(shown.messages, /from copy “(deltas|clones)”/);
});

test("status knows how each copy stands", async () => {
  const { exitCode, output, messages } = await run(["status"]);
  assert.equal(exitCode, 0, messages);
  for (const copy of copies) assert.match(output, new RegExp(`mx1/everyone in ${copy} \\(`));
});

test("verify holds every replica against its listing, and says which one is damaged", async () => {
  const sound = await run(["verify", "--copy", "clones"]);
  assert.equal(sound.exitCode, 0, sound.messages);
  assert.match(sound.output, /whole \(1 moment, 33 files/);
  const [group = ""] = (await readdir(at("clones"))).filter((name) => name.startsWith("mx1"));
  const moment = at(
    `clones/${group}/${(await readdir(at(`clones/${group}`))).find((name) => name.startsWith("0000"))}`,
  );
  damage(moment, () => {
    for (const name of readdirSync(moment, { recursive: true, encoding: "utf8" }))
      if (name.endsWith("1700000200.M1.mx1:2,")) truncateSync(join(moment, name), 3);
  });
  const damaged = await run(["verify", "--copy", "clones", "--json"]);
  assert.equal(damaged.exitCode, 1);
  assert.match(String(documents(damaged)[0]?.["message"]), /1700000200/);
  assert.equal(documents(damaged).at(-1)?.["ok"], false);
  truncateSync(join(moment, "moment.json"), 20);
  const unreadable = await run(["verify", "--copy", "clones"]);
  assert.equal(unreadable.exitCode, 1);
  assert.match(unreadable.output, /its record is not as it was written/);
  const { messages } = await restoredWhole([], "out");
  assert.doesNotMatch(messages, /from copy “clones”/, "what was found damaged is not chosen");
  removeAll(moment);
  assert.equal((await run(["capture", "--method", "clones"])).exitCode, 0);
});

test("verbs for repositories refuse other kinds by name", async () => {
  for (const argv of [
    ["verify", "--copy", "tapes"],
    ["expire", "mx1", "--copy", "tapes"],
    ["duplicate", "--copy", "deltas", "--to", "far"],
    ["duplicate", "--copy", "here", "--to", "clones"],
  ]) {
    const { exitCode, messages } = await run(argv);
    assert.equal(exitCode, 2, argv.join(" "));
    assert.match(
      messages,
      /Cannot (verify|expire|duplicate|duplicate to) ".*": it is a .*repositories/,
    );
  }
});

test("one method alone can be taken, and one that the tier has not is refused", async () => {
  const { exitCode, output, messages } = await run(["capture", "--method", "clones"]);
  assert.equal(exitCode, 0, messages);
  assert.match(output, /in copy clones/);
  assert.doesNotMatch(output, /in copy (here|tapes|deltas)/);
  const unknown = await run(["capture", "--method", "clone"]);
  assert.equal(unknown.exitCode, 2);
  assert.match(unknown.messages, /Did you mean "clones"\?/);
});

/** What is lost, where, and how it is lost and put back. */
const losses: readonly { readonly copy: string; readonly lost: string }[] = [
  { copy: "here", lost: "here" },
  { copy: "clones", lost: "clones" },
  { copy: "deltas", lost: "deltas" },
  { copy: "tapes", lost: "tapes" },
  { copy: "far", lost: "far" },
  { copy: "here", lost: "here/config" },
];
for (const { copy, lost } of losses)
  test(`after ${lost} is lost the answer names what is left, and the mail comes back from it`, async () => {
    await rename(at(lost), at("gone"));
    // A repository that was opened before would still be known.
    const fresh = new LentRepositories((location) => directoryStorage(location));
    try {
      const options = { openRepository: fresh.open };
      const listed = await run(["moments", "mx1"], options);
      assert.equal(listed.exitCode, 3, listed.messages);
      assert.match(listed.messages, new RegExp(`copy “${copy}” cannot be used: `));
      assert.match(listed.messages, /what can still be recovered: “/);
      const restored = await run(["restore", "mx1", "--to", at("out")], options);
      assert.equal(restored.exitCode, 0, restored.messages);
      assert.deepEqual(await hashes(at("out")), whole);
      const insisted = await run(["ls", "mx1", "--from", copy], options);
      assert.notEqual(insisted.exitCode, 0);
      assert.match(insisted.messages, new RegExp(`copy “${copy}” cannot be used`));
    } finally {
      await fresh[Symbol.asyncDispose]();
      await rm(at("out"), { recursive: true, force: true });
      await rename(at("gone"), at(lost));
    }
  });

test("a moment on a tape that is away has a pull list, and another copy serves it", async () => {
  const moved = await run(["tape", "move", "RST001", "ejected", "--who", "ann", "--where", "desk"]);
  assert.equal(moved.exitCode, 0, moved.messages);
  const insisted = await run(["ls", "mx1", "--from", "tape"]);
  assert.equal(insisted.exitCode, 22, insisted.messages);
  assert.match(insisted.messages, /tape RST001: ejected \(desk\)/);
  assert.match(insisted.messages, /what can still be recovered: .*“here”/);
  const { messages } = await restoredWhole([], "out");
  assert.doesNotMatch(messages, /from copy “tapes”/);
  const back = await run([
    "tape",
    "move",
    "RST001",
    "onsite",
    "--who",
    "ann",
    "--where",
    "library",
  ]);
  assert.equal(back.exitCode, 0, back.messages);
  await restoredWhole(["--from", "tape"], "out");
});

test("packs that are gone: the restore says what it could not do, and where it can be done", async () => {
  await rename(at("here/data"), at("gone"));
  await mkdir(at("here/data"));
  const fresh = new LentRepositories((location) => directoryStorage(location));
  try {
    const options = { openRepository: fresh.open };
    const insisted = await run(["restore", "mx1", "--to", at("out"), "--from", "here"], options);
    assert.notEqual(insisted.exitCode, 0);
    assert.match(
      insisted.messages,
      /what can still be recovered: .*“clones” \(rotation of clones\)/,
    );
    await rm(at("out"), { recursive: true, force: true });
    const restored = await run(["restore", "mx1", "--to", at("out")], options);
    assert.equal(restored.exitCode, 0, restored.messages);
    assert.deepEqual(await hashes(at("out")), whole);
  } finally {
    await fresh[Symbol.asyncDispose]();
    await rm(at("out"), { recursive: true, force: true });
    await rm(at("here/data"), { recursive: true });
    await rename(at("gone"), at("here/data"));
  }
});

test("what each method and each restore took is recorded for its row", async () => {
  const lines = (await readFile(at("state/restante/results.ndjson"), "utf8")).trim().split("\n");
  const results = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  for (const row of [
    "Clone",
    "Delta Snapshot",
    "Backup copy from Tape: Daily DB & Logs",
    rowOfMethod("backup to disk"),
  ])
    for (const quantity of ["RTO", "storage"]) {
      const one = results.find((each) => each["row"] === row && each["quantity"] === quantity);
      assert.ok(Number(one?.["low"]) > 0, `${quantity} of ${row}`);
    }
  const rto = results.find(({ quantity }) => quantity === "RTO");
  const phases = (rto?.["phases"] ?? []) as readonly { readonly name: string }[];
  const names = phases.map(({ name }) => name);
  assert.deepEqual(names, ["find", "open", "compare", "restore and verify"]);
});

test("without a configuration each method is taken into a folder that was set up for it", async () => {
  for (const [name, method] of [
    ["own-clones", "rotation of clones"],
    ["own-deltas", "deltas"],
    ["own-tapes", "backup to tape"],
  ] as const) {
    const copy = ["--no-config", "--copy", at(name)];
    const made = await run(["init", ...copy, "--method", method]);
    assert.equal(made.exitCode, 0, made.messages);
    const taken = await run(["capture", at("mail"), ...copy, "--method", method]);
    assert.equal(taken.exitCode, 0, taken.messages);
    // What lies there says what it is.
    const again = await run(["capture", at("mail"), ...copy]);
    assert.equal(again.exitCode, 0, again.messages);
    const listed = await run(["moments", at("mail"), ...copy]);
    assert.match(listed.output, /: 2 moments\n/, listed.messages);
    const restored = await run(["restore", at("mail"), ...copy, "--to", at("out")]);
    assert.equal(restored.exitCode, 0, restored.messages);
    assert.deepEqual(await hashes(at("out")), whole);
    await rm(at("out"), { recursive: true });
  }
});
