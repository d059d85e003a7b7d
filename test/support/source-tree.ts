/** The project's own files, and who imports whom, for the tests that hold the house together. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";

export const projectRoot: string = dirname(dirname(import.meta.dirname));

const notOurs = new Set([".git", "node_modules", "dist"]);

/** Paths relative to the project root, of every file below `folder` that is ours. */
export function filesBelow(folder: string): string[] {
  const found: string[] = [];
  const pending = [folder];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const entry of readdirSync(join(projectRoot, next), { withFileTypes: true })) {
      const path = posix.join(next, entry.name);
      if (entry.isDirectory() && !notOurs.has(entry.name) && path !== "bench/out")
        pending.push(path);
      else if (entry.isFile() && !path.endsWith(".tgz")) found.push(path);
    }
  }
  return found.sort();
}

export function readText(path: string): string {
  return readFileSync(join(projectRoot, path), "utf8");
}

export function packageJson(): PackageJson {
  return JSON.parse(readText("package.json")) as PackageJson;
}

export type PackageJson = {
  readonly imports: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
};

export type Import = {
  readonly from: string;
  readonly specifier: string;
  /** Where it leads: a path relative to the project root, or undefined for a package or `node:`. */
  readonly resolved: string | undefined;
  /** `import type` or `export type`: nothing of it is left when the program runs. */
  readonly typeOnly: boolean;
  /** `import()`: happens when it is called, not when the file is loaded. */
  readonly deferred: boolean;
};

// oxfmt writes statements at the start of a line, with double quotes: that makes these exact.
const statement = /^(?:import|export)\s+(type\s)?[^;"'`=]*?\bfrom\s+"([^"]+)"/gm;
const sideEffect = /^import\s+"([^"]+)"/gm;
const dynamic = /(typeof\s+)?\bimport\(\s*"([^"]+)"\s*\)/g;
// A worker's file, whose extension is ".ts" here and ".js" when built.
const worker = /\bnew URL\(\s*[`"](\.\/[^`"$.]+)/g;

export function importsOf(path: string): Import[] {
  const text = withoutComments(readText(path));
  const imports = packageJson().imports;
  const found: Import[] = [];
  const add = (specifier: string, typeOnly: boolean, deferred: boolean): void => {
    const resolved = resolve(path, specifier, imports);
    found.push({ from: path, specifier, resolved, typeOnly, deferred });
  };
  for (const match of text.matchAll(statement)) add(match[2] ?? "", match[1] !== undefined, false);
  for (const match of text.matchAll(sideEffect)) add(match[1] ?? "", false, false);
  for (const match of text.matchAll(dynamic)) add(match[2] ?? "", match[1] !== undefined, true);
  for (const match of text.matchAll(worker)) add(`${match[1] ?? ""}.ts`, false, true);
  return found;
}

/** Tests, contracts and what they start: no part of the program. */
export function isForTests(path: string): boolean {
  return /\.(?:test|contract|fixture)\.ts$/.test(path);
}

/** Blanks comments that stand on lines of their own; oxfmt leaves no code after one. */
export function withoutComments(text: string): string {
  return text.replace(/^\s*\/\*[\s\S]*?\*\//gm, "").replace(/^\s*\/\/.*$/gm, "");
}

/** The folder under src/ that a file belongs to. */
export function roomOf(path: string): string | undefined {
  return /^src\/([^/]+)\//.exec(path)?.[1];
}

function resolve(
  from: string,
  specifier: string,
  imports: Readonly<Record<string, string>>,
): string | undefined {
  if (specifier.startsWith(".")) return posix.join(posix.dirname(from), specifier);
  if (!specifier.startsWith("#")) return undefined;
  const target = imports[specifier];
  if (target !== undefined) return posix.normalize(target);
  // "#image/entry" is not in the table, yet means a file in that room: keep the room visible.
  return posix.join("src", specifier.slice(1));
}
