import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { duplicateRow } from "../demo/demo-figures.ts";
import { removeTree } from "../demo/remove-tree.ts";
import { runForTest, type TestRun } from "../surroundings.fixture.ts";

type Document = Readonly<Record<string, unknown>>;

let folder: string;
let ended: TestRun;
let documents: readonly Document[];

/** One run of the whole story, on a small sample; each test looks at what it claimed. */
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "restante-demo-test-"));
  ended = await runForTest(["demo", "--folder", folder, "--messages", "150", "--json"], {
    environment: { PATH: process.env["PATH"], HOME: folder },
  });
  documents = ended.output
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Document);
});

after(async () => {
  await rm(folder, { recursive: true, force: true });
});

function all(type: string): readonly Document[] {
  return documents.filter((document) => document["type"] === type);
}

function of(type: string): Document {
  return all(type)[0] ?? assert.fail(`no ${type} in ${ended.output}${ended.messages}`);
}

/** What a comparison says is wrong. */
function wrongIn(document: Document): Document {
  const { missing, different, lostMessages, doubledMessages, whole } = document;
  return { missing, different, lostMessages, doubledMessages, whole };
}

const nothingWrong = {
  missing: 0,
  different: 0,
  lostMessages: 0,
  doubledMessages: 0,
  whole: true,
};

test("demo loses a mailbox, brings all of it back and measures it", () => {
  assert.equal(ended.exitCode, 0, ended.output + ended.messages);
  assert.equal(of("laid-out")["mailboxes"], 12);
  assert.equal(of("laid-out")["distinctMessages"], 150);
  assert.ok(all("captured").length > 1);
  const lost = of("lost")["messages"] as number;
  assert.ok(lost > 0);
  assert.equal((of("restored")["counts"] as Record<string, number>)["created"], lost);
  assert.deepEqual(wrongIn(of("compared")), nothingWrong);
  assert.ok((of("compared")["same"] as number) > lost);
  assert.equal(of("compared")["added"], of("lost")["arrivedSince"]);
  const summary = of("summary");
  assert.ok((summary["rpoMs"] as number) >= 0 && (summary["rtoMs"] as number) > 0);
});

test("demo steps back before a loss, sees an attack, and rewinds to just before it", () => {
  assert.ok((of("followed")["slowestMs"] as number) >= 0);
  const [emptied, back] = [of("emptied"), of("stepped-back")];
  assert.equal((back["counts"] as Record<string, number>)["created"], emptied["messages"]);
  assert.deepEqual(wrongIn(back), nothingWrong);
  assert.equal(back["added"], emptied["arrivedSince"]);
  const [scrambled, rewound] = [of("scrambled"), of("rewound")];
  assert.ok((scrambled["held"] as number) > 0);
  assert.notEqual(scrambled["alarm"], emptied["alarm"]);
  assert.deepEqual(wrongIn(rewound), nothingWrong);
  assert.equal(rewound["added"], 0);
  for (const name of ["anyMoment", "ransomware"]) {
    const { rpoMs, rtoMs } = of("summary")[name] as Record<string, number>;
    assert.ok((rpoMs ?? -1) >= 0 && (rtoMs ?? 0) > 0, name);
  }
});

test("demo keeps the same messages by every method, and each copy lists and restores all of them", () => {
  const methods = [
    "backup to disk",
    "backup to tape",
    "rotation of delta snapshots",
    "rotation of clones",
  ];
  assert.deepEqual(
    all("kept").map(({ method }) => method),
    methods,
  );
  assert.ok(all("kept").every(({ storedBytes }) => (storedBytes as number) > 0));
  const frozen = all("frozen").flatMap(({ validations }) => validations as Document[]);
  const messages = of("site-restored")["same"];
  assert.deepEqual(
    frozen.map((validation) => [validation["valid"], validation["messages"]]),
    [
      [true, messages],
      [true, messages],
    ],
  );
  const rehearsed = all("rehearsed");
  assert.deepEqual(
    rehearsed.map(({ method }) => method),
    methods,
  );
  for (const one of rehearsed) {
    assert.deepEqual(wrongIn(one), nothingWrong);
    assert.deepEqual(
      [one["same"], one["added"], one["failed"], one["listedDifferently"]],
      [messages, 0, 0, 0],
    );
    const mailbox = one["mailbox"] as Record<string, unknown>;
    assert.ok((mailbox["messages"] as number) > 0);
  }
});

test("demo deletes the first site, and the mail that is there came from the second one", () => {
  assert.deepEqual(readdirSync(folder).sort(), ["mail", "second-site"]);
  const { removed } = of("site-lost");
  assert.ok((removed as string[]).includes(join(folder, "recovery")));
  const restored = of("site-restored");
  assert.deepEqual(wrongIn(restored), nothingWrong);
  assert.equal(of("duplicated")["moments"], 2);
  assert.equal(restored["arrivedSince"], 2);
  const onDisk = messageFiles(join(folder, "mail"));
  assert.equal(onDisk.length, restored["same"]);
  assert.ok(new Set(onDisk.map(digestOf)).size > 100);
});

test("demo's second site opens with its own password alone, and has what lies in the mail folder", async () => {
  const next = of("next-steps");
  const repository = next["repository"] as string;
  const password = next["password"] as string;
  assert.equal(repository, join(folder, "second-site", "recovery"));
  assert.equal(readFileSync(join(folder, "second-site", "password"), "utf8").trim(), password);
  assert.ok((next["commands"] as string[]).some((line) => line.includes(password)));
  const target = join(folder, "again");
  const { exitCode, output, messages } = await runForTest(
    ["restore", join(folder, "mail"), "--copy", repository, "--to", target, "--yes"],
    { environment: { RESTANTE_PASSWORD: password, HOME: folder, PATH: process.env["PATH"] } },
  );
  assert.equal(exitCode, 0, output + messages);
  const digests = (root: string): readonly string[] =>
    messageFiles(root).map((path) => `${path.slice(root.length)} ${digestOf(path)}`);
  assert.deepEqual(digests(target), digests(join(folder, "mail")));
});

test("demo's figures have what was measured of every method, also that of the paper's own rows", () => {
  const cells = of("figures")["cells"] as readonly Document[];
  const measured = cells.filter((cell) => cell["measured"] !== null);
  const rows = Map.groupBy(measured, (cell) => cell["row"] as string);
  assert.deepEqual([...rows.keys()].sort(), [
    "Backup copy from Tape: Daily DB & Logs",
    "Clone",
    "Delta Snapshot",
    "Today: backup to deduplicated disk every hour",
    duplicateRow,
  ]);
  for (const [row, some] of rows)
    assert.deepEqual(
      [...new Set(some.map((cell) => cell["quantity"] as string))].sort(),
      ["RPO", "RTO", "storage"],
      row,
    );
  const clone = rows.get("Clone") ?? [];
  const stored = clone.find((cell) => cell["quantity"] === "storage")?.["measured"] as number;
  const { storedBytes, mailBytes } = all("kept").at(-1) as Record<string, number>;
  assert.equal(stored, (storedBytes as number) / (mailBytes as number));
});

function messageFiles(root: string): readonly string[] {
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((path) => /(?:^|\/)(?:cur|new)\/[^/]+$/.test(path))
    .sort()
    .map((path) => join(root, path));
}

function digestOf(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

test("demo refuses a folder that has something in it", async () => {
  const used = await mkdtemp(join(tmpdir(), "restante-demo-test-"));
  try {
    await writeFile(join(used, "mine"), "x");
    const { exitCode } = await runForTest(["demo", "--folder", used, "--clean"]);
    assert.equal(exitCode, 2);
    assert.ok(existsSync(join(used, "mine")));
  } finally {
    await rm(used, { recursive: true, force: true });
  }
});

test("demo that is interrupted says where its folder is, and with --clean leaves none", async () => {
  const parent = await mkdtemp(join(tmpdir(), "restante-demo-test-"));
  try {
    const place = join(parent, "demo");
    const signal = AbortSignal.abort();
    const argv = ["demo", "--folder", place, "--messages", "100"];
    const kept = await runForTest(argv, { signal });
    assert.equal(kept.exitCode, 130);
    assert.match(kept.messages, /the demo did not end.*restante-demo-test-/);
    assert.ok(existsSync(place));
    await removeTree(place);
    const { exitCode } = await runForTest([...argv, "--clean"], { signal });
    assert.equal(exitCode, 130);
    assert.deepEqual(readdirSync(parent), []);
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
});

test("a folder that keeps its owner out, or is immutable, is removed all the same", async () => {
  const parent = await mkdtemp(join(tmpdir(), "restante-demo-test-"));
  const place = join(parent, "demo");
  mkdirSync(join(place, "closed", "within"), { recursive: true });
  writeFileSync(join(place, "closed", "within", "file"), "x", { mode: 0o400 });
  chmodSync(join(place, "closed"), 0o000);
  // Only root may, where the filesystem can: elsewhere the mode alone is in the way.
  if (process.geteuid?.() === 0) spawnSync("chattr", ["-R", "+i", place]);
  await removeTree(place);
  assert.deepEqual(readdirSync(parent), []);
  await removeTree(place);
  await rm(parent, { recursive: true });
});
