/** The house is kept: what the documents say is there, and what is there is in the documents. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join, posix } from "node:path";
import { test } from "node:test";
import {
  filesBelow,
  isForTests,
  packageJson,
  projectRoot,
  readText,
  withoutComments,
} from "./support/source-tree.ts";

const everything = filesBelow(".");
const documents = everything.filter((path) => path.endsWith(".md"));
const sources = everything.filter((path) => path.startsWith("src/") && path.endsWith(".ts"));
const rooms = readdirSync(join(projectRoot, "src"));

test("every link in the documents leads somewhere", () => {
  const broken: string[] = [];
  for (const path of documents) {
    const text = withoutFences(readText(path));
    for (const [, target = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^(?:https?|mailto):/.test(target)) continue;
      const [file = "", anchor] = target.split("#");
      const resolved = file === "" ? path : posix.join(posix.dirname(path), file);
      if (!existsSync(join(projectRoot, resolved))) broken.push(`${path}: ${target}`);
      else if (anchor !== undefined && !anchorsOf(resolved).has(anchor)) {
        broken.push(`${path}: ${target} (no such heading)`);
      }
    }
  }
  assert.deepEqual(broken, []);
});

/** Parts of a room whose errors have a name of their own. */
const codePrefixes = [
  ...rooms,
  "config",
  "demo",
  "export",
  "host",
  "living",
  "restore",
  "retention",
  "server",
  "source",
  "target",
];

test("every error code is documented, and every documented code exists", () => {
  const literal = new RegExp(`"((?:${codePrefixes.join("|")})\\.[a-z0-9]+(?:-[a-z0-9]+)*)"`, "g");
  const notCodes = new Set(["config.yaml", "journal.jsonl"]);
  const used = new Set<string>(["system", "bug"]);
  for (const path of sources) {
    if (isForTests(path)) continue;
    const text = withoutComments(readText(path));
    for (const [, code = ""] of text.matchAll(literal)) if (!notCodes.has(code)) used.add(code);
    // What is thrown under another prefix would pass unseen.
    for (const [, code = ""] of text.matchAll(
      /\bnew [A-Z]\w*Error\(\s*"([a-z-]+\.[a-z0-9-]+)",/g,
    )) {
      assert.ok(used.has(code), `${path}: ${code} has no known prefix`);
    }
  }
  const rows = readText("docs/errors.md").matchAll(/^\| `([^`]+)` +\|/gm);
  const documented = new Set([...rows].map(([, code = ""]) => code));
  assert.deepEqual([...used.difference(documented)].sort(), [], "not in docs/errors.md");
  assert.deepEqual([...documented.difference(used)].sort(), [], "in docs/errors.md alone");
});

test("no code is documented twice, and each says what to do", () => {
  const rows = [...readText("docs/errors.md").matchAll(/^\| `([^`]+)` +\|([^|]+)\|([^|]+)\|$/gm)];
  const codes = rows.map(([, code]) => code);
  assert.equal(new Set(codes).size, codes.length);
  for (const [, code, meaning = "", remedy = ""] of rows) {
    assert.ok(meaning.trim().length > 10, `${code} has no meaning`);
    assert.ok(remedy.trim().length > 3, `${code} has no remedy`);
  }
});

test("every npm command in the documents is a script", () => {
  const scripts = packageJson().scripts;
  const unknown: string[] = [];
  for (const path of documents) {
    for (const [, name = ""] of readText(path).matchAll(/\bnpm run ([a-z:]+)/g)) {
      if (scripts[name] === undefined) unknown.push(`${path}: npm run ${name}`);
    }
    for (const [, name = ""] of readText(path).matchAll(/\bnpm (start|test)\b/g)) {
      if (scripts[name] === undefined) unknown.push(`${path}: npm ${name}`);
    }
  }
  assert.deepEqual(unknown, []);
});

test("every restante command in the documents is a verb with these options", () => {
  const help = new Map<string, string>();
  const wrong: string[] = [];
  for (const path of documents) {
    if (path.startsWith("docs/decisions/")) continue;
    for (const { verb, options } of commandsIn(readText(path))) {
      if (!help.has(verb)) help.set(verb, helpOf(verb));
      const known = help.get(verb) ?? "";
      if (known === "") wrong.push(`${path}: restante ${verb}`);
      for (const option of options) {
        if (known !== "" && !known.includes(option)) wrong.push(`${path}: ${verb} ${option}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
  assert.ok(help.size >= 6, "the documents show hardly any command");
});

test("no file is longer than 400 lines", () => {
  const long = everything
    .filter((path) => /\.(?:ts|js|sh)$/.test(path))
    .map((path) => ({ path, lines: readText(path).split("\n").length - 1 }))
    .filter(({ lines }) => lines > 400);
  assert.deepEqual(long, []);
});

test("every room has a door that begins by saying what the room is", () => {
  for (const room of rooms) {
    const door = `src/${room}/index.ts`;
    assert.ok(existsSync(join(projectRoot, door)), `${door} is missing`);
    assert.match(readText(door), new RegExp(`^/\\*\\*\\n \\* ${room}: `), door);
  }
});

test("package.json names every room, and only rooms", () => {
  const expected = rooms.map((room) => [`#${room}`, `./src/${room}/index.ts`]);
  assert.deepEqual({ ...packageJson().imports }, Object.fromEntries(expected));
});

test("every dependency is pinned exactly and has its reason", () => {
  const { dependencies, devDependencies, optionalDependencies } = packageJson();
  const reasons = readText("docs/dependencies.md");
  const all = { ...dependencies, ...devDependencies, ...optionalDependencies };
  for (const [name, version] of Object.entries(all)) {
    assert.match(version, /^\d+\.\d+\.\d+$/, `${name} is not pinned: ${version}`);
    assert.ok(reasons.includes(`| \`${name}\``), `docs/dependencies.md has no line for ${name}`);
  }
  const documented = [...reasons.matchAll(/^\| `([^`]+)`/gm)].map(([, name = ""]) => name);
  assert.deepEqual(documented.sort(), Object.keys(all).sort());
});

test("every decision says when to look at it again", () => {
  const decisions = documents.filter((path) => /^docs\/decisions\/\d/.test(path));
  assert.ok(decisions.length > 0);
  for (const path of decisions) {
    const last = readText(path).trim().split("\n\n").at(-1) ?? "";
    assert.match(last, /^Revisit when /, path);
    assert.ok(
      readText("docs/index.md").includes(posix.relative("docs", path)),
      `${path}: not listed`,
    );
  }
});

test("no file names this or that machine", () => {
  // Built from parts, so that this file does not find itself.
  const forbidden = [
    ["registry", "npmjs", "org"].join("."),
    ["registry", "yarnpkg", "com"].join("."),
    ["deb", "debian", "org"].join("."),
    ["", "work", ""].join("/"),
    ["", "home", "user", ""].join("/"),
    ["TO", "DO"].join(""),
    ["FIX", "ME"].join(""),
  ];
  const found: string[] = [];
  for (const path of everything) {
    if (!/\.(?:ts|js|md|json|yaml|yml)$|^\.ci\/|^\.npmrc$/.test(path)) continue;
    const text = readText(path);
    for (const word of forbidden) if (text.includes(word)) found.push(`${path}: ${word}`);
  }
  assert.deepEqual(found, []);
});

function withoutFences(text: string): string {
  return text.replace(/^```[\s\S]*?^```$/gm, "").replace(/`[^`\n]*`/g, "");
}

/** The anchors that a page's headings get where Markdown is rendered. */
function anchorsOf(path: string): Set<string> {
  const headings = readText(path).matchAll(/^#+ (.+)$/gm);
  return new Set(
    [...headings].map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, "")
        .replace(/\s/g, "-"),
    ),
  );
}

/** Commands in fenced blocks: lines that start with `restante`, with or without a prompt or variables. */
function commandsIn(text: string): { verb: string; options: string[] }[] {
  const fences = text.match(/^```(?:sh|console)\n[\s\S]*?^```$/gm) ?? [];
  return fences.flatMap((fence) =>
    fence
      .replaceAll("\\\n", " ")
      .split("\n")
      .flatMap((line) => {
        const command = /^(?:\$ )?(?:[A-Z_]+=\S+ )*(?:npx )?restante +([a-z]+)(.*)$/.exec(line);
        if (command === null) return [];
        const [, verb = "", rest = ""] = command;
        const ours = rest.split(/ [|#>] /)[0] ?? "";
        const outsideQuotes = ours.replace(/"[^"]*"|'[^']*'/g, "");
        return [{ verb, options: outsideQuotes.match(/--[a-z-]+/g) ?? [] }];
      }),
  );
}

/** What the program says of a verb; "" where it knows none of that name. */
function helpOf(verb: string): string {
  try {
    const argv = [join(projectRoot, "bin", "restante.js"), "help", verb];
    return execFileSync(process.execPath, argv, { encoding: "utf8", stdio: "pipe" });
  } catch {
    return "";
  }
}
