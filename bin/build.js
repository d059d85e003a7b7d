/**
 * Builds dist/ from src/, for publishing: an installed package cannot run TypeScript, because
 * Node refuses to strip types under node_modules. All modules become a few files: finding and
 * linking 850 of them cost a command more time than most commands take (docs/decisions/0003).
 *
 * Everything lies in dist/cli/, the workers too, because a module names its worker by a URL beside
 * itself and any module may have gone into any of the files.
 */
import { cpSync, globSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { build } from "esbuild";

const root = dirname(import.meta.dirname);
const dist = join(root, "dist");
const workers = globSync("src/**/*-worker.ts", { cwd: root });
const names = new Set(workers.map((path) => basename(path)));
if (names.size < workers.length)
  throw new Error(`two workers have one name: ${workers.join(", ")}`);

rmSync(dist, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: ["src/cli/index.ts", ...workers],
  outdir: join(dist, "cli"),
  entryNames: "[name]",
  chunkNames: "[name]-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node24",
  // Native, or found at run time only where the machine needs it.
  external: ["seek-bzip", "sodium-native", "temporal-polyfill", "@stdlib/*"],
  // Some packages are CommonJS, and ask for Node's own modules by `require`.
  banner: {
    js: 'import { createRequire as requireOf } from "node:module"; const require = requireOf(import.meta.url);',
  },
  metafile: true,
});
writeFileSync(join(dist, "package.json"), `${JSON.stringify({ type: "module" }, null, 2)}\n`);
keepLicenses(metafile.inputs);

/** What was taken in from other packages stays under their licenses, which ask for their text beside it. */
function keepLicenses(inputs) {
  const packages = new Set(
    Object.keys(inputs)
      .map((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1])
      .filter((name) => name !== undefined),
  );
  mkdirSync(join(dist, "licenses"));
  for (const name of packages) {
    const [license] = globSync("LICENSE*", { cwd: join(root, "node_modules", name) });
    if (license === undefined) throw new Error(`no license text in package ${name}`);
    const kept = join(dist, "licenses", `${name.replace("/", "+")}.txt`);
    cpSync(join(root, "node_modules", name, license), kept);
  }
}
