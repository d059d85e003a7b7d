import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import { fill, mail, subjects } from "../asking.fixture.ts";
import { dumpOf } from "../dump.fixture.ts";
import { fillCatalog } from "../fill/fill-catalog.ts";
import { fillKilled } from "../killed-fill.fixture.ts";
import { momentOf, opener } from "../stores.fixture.ts";
import { openCatalog, removeCatalog } from "./open-catalog.ts";

const scratch = mkdtempSync(join(tmpdir(), "restante-catalog-"));
after(() => rmSync(scratch, { recursive: true, force: true }));
let made = 0;
const freshFolder = (): string => join(scratch, `catalog${++made}`);
const store = { "ada/INBOX": mail(1, 2) };
const fileOf = (folder: string): string => join(folder, "messages.sqlite");

test("only its owner may read it, whatever the umask", async () => {
  const before = process.umask(0);
  try {
    const folder = freshFolder();
    await using catalog = openCatalog({ folder });
    await fill(catalog, [{ store }]);
    const names = readdirSync(folder);
    assert.ok(names.length >= 3, `only ${names.join(", ")}`);
    for (const name of names) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
  } finally {
    process.umask(before);
  }
});

test("what was filled is there when it is opened again", async () => {
  const folder = freshFolder();
  {
    await using catalog = openCatalog({ folder });
    await fill(catalog, [{ store }]);
  }
  await using again = openCatalog({ folder, onRenewed: assert.fail });
  assert.deepEqual(await subjects(again, "things"), ["number2", "number1"]);
});

const spoilers: Readonly<Record<string, (file: string) => void>> = {
  "of another version": (file) => {
    using database = new DatabaseSync(file);
    database.exec("PRAGMA user_version = 99");
  },
  "that is no database": (file) => writeFileSync(file, "not a database at all, ".repeat(1000)),
  "whose head is gone": (file) => {
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.fill(0xff, 100, 4096));
  },
};
for (const [what, spoil] of Object.entries(spoilers)) {
  test(`a catalog ${what} is begun anew, and that is told`, async () => {
    const folder = freshFolder();
    {
      await using catalog = openCatalog({ folder });
      await fill(catalog, [{ store }]);
    }
    spoil(fileOf(folder));
    const told: string[] = [];
    await using catalog = openCatalog({ folder, onRenewed: (reason) => told.push(reason) });
    assert.equal(told.length, 1);
    await fill(catalog, [{ store }]);
    assert.deepEqual(await subjects(catalog, "things"), ["number2", "number1"]);
  });
}

test("damage that shows later is an error that says what to do", async () => {
  const folder = freshFolder();
  {
    await using catalog = openCatalog({ folder });
    await fill(catalog, [{ store: { "ada/INBOX": mail(...Array(200).keys()) } }]);
  }
  const bytes = readFileSync(fileOf(folder));
  writeFileSync(fileOf(folder), bytes.fill(0xa5, 3 * 16_384));
  await using catalog = openCatalog({ folder });
  await assert.rejects(
    async () => {
      await subjects(catalog, "things");
      await catalog.status();
    },
    { code: "catalog.damaged", hint: /rebuild/ },
  );
});

test("without full text nothing of what messages say is in the file, and subjects are found", async () => {
  const folder = freshFolder();
  await using catalog = openCatalog({ folder, fullText: false });
  await fill(catalog, [{ store }]);
  assert.deepEqual(await subjects(catalog, "number1"), ["number1"]);
  assert.deepEqual(await subjects(catalog, "things"), []);
  const words = ["messages.sqlite", "messages.sqlite-wal"].map((name) =>
    readFileSync(join(folder, name)),
  );
  assert.ok(words.some((bytes) => bytes.includes("number1")));
  for (const bytes of words) assert.ok(!bytes.includes("things"));
  const told: string[] = [];
  await using full = openCatalog({ folder, onRenewed: (reason) => told.push(reason) });
  assert.match(told[0] ?? "", /full text was off/);
  await fill(full, [{ store }]);
  assert.deepEqual(await subjects(full, "things"), ["number2", "number1"]);
});

test("deleted while it is filled, it is made again by the next", async () => {
  const folder = freshFolder();
  await using catalog = openCatalog({ folder });
  await fillCatalog(catalog, {
    moments: [momentOf(1)],
    open: async (moment) => {
      removeCatalog(folder);
      return await opener(new Map([["moment1", { store }]]))(moment);
    },
    workers: 0,
  });
  await using again = openCatalog({ folder });
  await fill(again, [{ store }]);
  assert.deepEqual(await subjects(again, "things"), ["number2", "number1"]);
});

function startFill(folder: string): ChildProcess {
  const fixture = join(import.meta.dirname, "../killed-fill.fixture.ts");
  return spawn(process.execPath, [fixture, folder], { stdio: ["ignore", "pipe", "inherit"] });
}

/** What a process says until it says `until`, or more than that in numbers. */
async function saidUntil(child: ChildProcess, isEnough: (line: string) => boolean): Promise<void> {
  if (child.stdout === null) throw new Error("its output is not read");
  for await (const line of createInterface({ input: child.stdout })) if (isEnough(line)) return;
}

async function rebuiltDump(): Promise<string> {
  const folder = freshFolder();
  await fillKilled(folder);
  await using catalog = openCatalog({ folder });
  return await dumpOf(catalog);
}

test("killed at any time while it is filled, it is whole when it is filled again", async () => {
  const expected = await rebuiltDump();
  for (const after of [1, 200, 402, 480]) {
    const folder = freshFolder();
    const child = startFill(folder);
    await saidUntil(child, (line) => Number(line) >= after || line === "done");
    child.kill("SIGKILL");
    await new Promise((resolve) => child.once("close", resolve));
    await using catalog = openCatalog({ folder, onRenewed: (why) => assert.fail(why) });
    await fillKilled(folder);
    assert.equal(await dumpOf(catalog), expected, `killed after ${after}`);
  }
});

test("two processes that fill at once take turns, and a reader sees whole moments meanwhile", async () => {
  const expected = await rebuiltDump();
  const folder = freshFolder();
  const children = [startFill(folder), startFill(folder)];
  await using reader = openCatalog({ folder });
  const ends = children.map(async (child) => {
    await saidUntil(child, (line) => line === "done");
    return await new Promise((resolve) => child.once("close", resolve));
  });
  let isOver = false;
  const over = Promise.all(ends).then(() => (isOver = true));
  while (!isOver) {
    for (const { atNs } of await reader.moments()) assert.ok(atNs > 0n);
    await subjects(reader, "things");
    await new Promise((resolve) => setImmediate(resolve));
  }
  await over;
  assert.deepEqual(
    children.map(({ exitCode }) => exitCode),
    [0, 0],
  );
  assert.equal(await dumpOf(reader), expected);
});
