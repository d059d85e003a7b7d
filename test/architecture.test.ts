/** Who may import whom. The table is the floor plan of ARCHITECTURE.md; nothing else decides. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  filesBelow,
  importsOf,
  isForTests,
  packageJson,
  projectRoot,
  readText,
  roomOf,
  withoutComments,
  type Import,
} from "./support/source-tree.ts";

/** Lowest floor first. A room may import any room on a floor below its own. */
const floors: readonly (readonly string[])[] = [
  ["errors"],
  ["derivation", "files", "time"],
  ["image", "storage", "policy"],
  ["mail", "hosts", "repository", "planner"],
  ["journal", "copies", "snapshots", "catalog", "records", "servers"],
  ["sources", "methods", "offsite", "lmtp", "signals"],
  ["recovery"],
  ["daemon", "cli"],
];

/** The only imports between rooms of one floor, and why. */
const sameFloor: ReadonlyMap<string, string> = new Map([
  ["cli → daemon", "the verb of that name gives it what it works with"],
  ["repository → mail", "the cutter: where a message is cut is mail's knowledge"],
]);

/** Which rooms may use which package. The command line may use all: `doctor` looks at each. */
const packages: Readonly<Record<string, readonly string[]>> = {
  "csv-parse": ["planner"],
  imapflow: ["recovery"],
  "seek-bzip": ["mail"],
  "sodium-native": ["repository"],
  "temporal-polyfill": ["time"],
  yaml: ["policy"],
  zod: ["policy", "repository", "planner"],
};

/** What only the command line may touch. */
const outsideWorld: readonly RegExp[] = [
  /\bprocess\.(?:env|exit|exitCode|argv|stdin|stdout|stderr|chdir|umask|on)\b/g,
  /\bconsole\./g,
];

/** `file: text` → why it may. */
const outsideWorldExceptions: ReadonlyMap<string, string> = new Map([
  [
    "src/servers/hold/server-hold.ts: process.on",
    "a mail server that was stopped is started again before the process ends",
  ],
]);

const sources = filesBelow("src").filter((path) => path.endsWith(".ts"));
const imports: readonly Import[] = sources.flatMap(importsOf);

function floorOf(room: string): number {
  return floors.findIndex((rooms) => rooms.includes(room));
}

function mayImport(from: string, to: string): boolean {
  if (floorOf(to) < floorOf(from)) return true;
  return floorOf(to) === floorOf(from) && sameFloor.has(`${from} → ${to}`);
}

test("every room of src/ stands on a floor", () => {
  const rooms = readdirSync(join(projectRoot, "src"), { withFileTypes: true });
  for (const room of rooms) {
    assert.ok(room.isDirectory(), `src/${room.name} lies outside every room`);
    assert.notEqual(floorOf(room.name), -1, `src/${room.name} has no floor in this table`);
  }
});

test("the scanner sees imports of every form", () => {
  const seen = importsOf("test/architecture.test.ts").map((found) => found.specifier);
  assert.deepEqual(seen, [
    "node:assert/strict",
    "node:fs",
    "node:path",
    "node:test",
    "./support/source-tree.ts",
  ]);
  assert.ok(imports.length > 100, `only ${imports.length} imports found in src/`);
});

test("rooms import only rooms below them", () => {
  const wrong = imports.flatMap((found) => {
    const from = roomOf(found.from);
    const to = found.resolved === undefined ? undefined : roomOf(found.resolved + "/");
    if (from === undefined || to === undefined || from === to || mayImport(from, to)) return [];
    return [`${found.from} imports ${found.specifier}: ${from} may not import ${to}`];
  });
  assert.deepEqual(wrong, []);
});

test("between rooms, only doors are imported", () => {
  const doors = new Set(Object.keys(packageJson().imports));
  // A contract is run by the adapters of other rooms' tests, a fixture serves them; neither is a part of the program.
  const isContract = (found: Import): boolean =>
    isForTests(found.from) && /\.(?:contract|fixture)\.ts$/.test(found.resolved ?? "");
  const wrong = imports.flatMap((found) => {
    if (found.resolved === undefined || isContract(found)) return [];
    const inside = roomOf(found.resolved) === roomOf(found.from);
    if (inside && found.specifier.startsWith(".")) return [];
    // A test may come in by its own room's door, as everybody else does.
    if ((!inside || isForTests(found.from)) && doors.has(found.specifier)) return [];
    return [`${found.from} imports ${found.specifier}`];
  });
  assert.deepEqual(wrong, []);
});

test("every file is a part of the program, or has the name of what only tests use", () => {
  const reached = new Set(sources.filter((path) => /^src\/[^/]+\/index\.ts$/.test(path)));
  for (const path of reached) {
    for (const { resolved } of importsOf(path)) {
      if (resolved !== undefined && sources.includes(resolved)) reached.add(resolved);
    }
  }
  const wrong = sources.filter((path) => !reached.has(path) && !isForTests(path));
  assert.deepEqual(wrong, [], "unused, or to be named *.fixture.ts");
});

test("no file imports itself by a detour", () => {
  const files = new Map<string, string[]>();
  for (const found of imports) {
    if (found.typeOnly || found.deferred || found.resolved === undefined) continue;
    files.set(found.from, [...(files.get(found.from) ?? []), found.resolved]);
  }
  assert.deepEqual(findCycle(files), []);
});

test("each package is used only where the table says", () => {
  const declared = Object.keys(packageJson().dependencies).sort();
  assert.deepEqual(Object.keys(packages).sort(), declared, "table and package.json disagree");
  const wrong = imports.flatMap((found) => {
    if (isForTests(found.from) || found.resolved !== undefined) return [];
    if (found.specifier.startsWith("node:")) return [];
    const name = /^(?:@[^/]+\/)?[^/]+/.exec(found.specifier)?.[0] ?? "";
    const room = roomOf(found.from) ?? "";
    if (packages[name]?.includes(room) === true || (room === "cli" && name in packages)) return [];
    // The demo shows real mail where the optional development package is there, by a guarded import.
    if (found.from.startsWith("src/cli/demo/") && name.startsWith("@stdlib/")) return [];
    return [`${found.from} imports ${found.specifier}`];
  });
  assert.deepEqual(wrong, []);
});

test("only the command line reads the environment, prints or exits", () => {
  const found: string[] = [];
  for (const path of sources) {
    if (isForTests(path) || roomOf(path) === "cli") continue;
    const text = withoutComments(readText(path));
    for (const pattern of outsideWorld) {
      for (const match of text.matchAll(pattern)) found.push(`${path}: ${match[0]}`);
    }
  }
  const unexpected = found.filter((line) => !outsideWorldExceptions.has(line));
  assert.deepEqual(unexpected, []);
  const unused = [...outsideWorldExceptions.keys()].filter((line) => !found.includes(line));
  assert.deepEqual(unused, [], "exceptions that nothing needs any more");
});

test("nothing but tests makes keys cheap to guess", () => {
  const users = filesBelow("src").filter((path) => readText(path).includes("makeKeysCheap("));
  assert.deepEqual(users, ["src/repository/cheap-keys.fixture.ts", "src/repository/key-cost.ts"]);
});

test("tests import no test of another file", () => {
  const wrong = imports.filter((found) => found.resolved?.endsWith(".test.ts") === true);
  assert.deepEqual(wrong, []);
});

/** The files of one cycle, or [] where there is none. Iterative: depth first with a path. */
function findCycle(edges: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  for (const start of edges.keys()) {
    const path: string[] = [];
    const pending: { file: string; leave: boolean }[] = [{ file: start, leave: false }];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      if (next.leave) {
        path.pop();
        done.add(next.file);
        continue;
      }
      if (path.includes(next.file)) return [...path.slice(path.indexOf(next.file)), next.file];
      if (done.has(next.file)) continue;
      path.push(next.file);
      pending.push({ file: next.file, leave: true });
      for (const target of edges.get(next.file) ?? []) pending.push({ file: target, leave: false });
    }
  }
  return [];
}
