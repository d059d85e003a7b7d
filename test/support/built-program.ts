/** A program of the tests' own that is started over and over, in one file: finding and linking the modules of the sources costs more than most of what it does. */
import {
  chmodSync,
  copyFileSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { build } from "esbuild";
import { projectRoot } from "./source-tree.ts";

export type BuiltProgram = {
  /** What to run, with this process's Node. */
  readonly path: string;
  /** The environment that it should have: ours, and a place to keep its compiled code in. */
  readonly environment: NodeJS.ProcessEnv;
};

const built = new Map<string, Promise<BuiltProgram>>();

/** `entry`: relative to the project root. Built once a process; gone with it. */
export async function builtProgram(entry: string): Promise<BuiltProgram> {
  const known = built.get(entry) ?? buildProgram(entry);
  built.set(entry, known);
  return await known;
}

/** As bin/build.js does what is published: workers lie beside whoever starts them, two folders below the package. */
async function buildProgram(entry: string): Promise<BuiltProgram> {
  const folder = mkdtempSync(join(tmpdir(), "restante-program-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const outdir = join(folder, "dist", "cli");
  mkdirSync(outdir, { recursive: true });
  // Some children are another user's.
  chmodSync(folder, 0o755);
  copyFileSync(join(projectRoot, "package.json"), join(folder, "package.json"));
  symlinkSync(join(projectRoot, "node_modules"), join(folder, "node_modules"));
  await build({
    absWorkingDir: projectRoot,
    entryPoints: [entry, ...globSync("src/**/*-worker.ts", { cwd: projectRoot })],
    outdir,
    entryNames: "[name]",
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node24",
    external: ["seek-bzip", "sodium-native", "temporal-polyfill", "@stdlib/*"],
    banner: {
      js: 'import { createRequire as requireOf } from "node:module"; const require = requireOf(import.meta.url);',
    },
  });
  return {
    path: join(outdir, basename(entry).replace(/\.ts$/, ".js")),
    environment: { ...process.env, NODE_COMPILE_CACHE: join(folder, "compiled") },
  };
}
