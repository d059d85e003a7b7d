/**
 * Builds dist/ from src/, for publishing: an installed package cannot run TypeScript, because
 * Node refuses to strip types under node_modules. dist/package.json repeats the root's "imports"
 * with the built files, so that `#image` means the same room on both sides.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const root = dirname(import.meta.dirname);
const dist = join(root, "dist");
const { imports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const compiler = join(
  dirname(createRequire(import.meta.url).resolve("typescript/package.json")),
  "bin",
  "tsc",
);

rmSync(dist, { recursive: true, force: true });
const compiled = spawnSync(
  process.execPath,
  [compiler, "--project", join(root, "tsconfig.build.json")],
  { stdio: "inherit" },
);
if (compiled.error !== undefined) throw compiled.error;
if (compiled.status === 0) {
  const built = Object.fromEntries(
    Object.entries(imports).map(([name, source]) => [name, builtPath(source)]),
  );
  const scope = { type: "module", imports: built };
  writeFileSync(join(dist, "package.json"), `${JSON.stringify(scope, null, 2)}\n`);
}
process.exitCode = compiled.status ?? 1;

/** "./src/image/index.ts" → "./image/index.js": relative to dist/package.json. */
function builtPath(source) {
  const match = /^\.\/src\/(.+)\.ts$/.exec(source);
  if (match === null) throw new Error(`package.json "imports": not a source of ours: ${source}`);
  return `./${match[1]}.js`;
}
