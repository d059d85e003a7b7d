/** A program of the tests' own that is started over and over, in one file: finding and linking the modules of the sources costs more than most of what it does. */
import { chmodSync, cpSync, globSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { build } from "esbuild";
import { projectRoot } from "./source-tree.ts";

export type BuiltProgram = {
  /** What to run, with this process's Node. */
  readonly path: string;
  /** To be a part of its environment: where it keeps its compiled code. */
  readonly environment: Readonly<Record<string, string>>;
};

const built = new Map<string, Promise<BuiltProgram>>();

/** `entry`: relative to the project root. Built once a process; gone with it. */
export async function builtProgram(entry: string): Promise<BuiltProgram> {
  const known = built.get(entry) ?? buildProgram(entry);
  built.set(entry, known);
  return await known;
}

/** The program itself, as bin/restante.js of an installed package. */
export async function builtRestante(): Promise<BuiltProgram> {
  const { environment, path } = await builtProgram("src/cli/index.ts");
  return { environment, path: join(dirname(path), "../../bin/restante.js") };
}

/** As bin/build.js does what is published: workers lie beside whoever starts them, two folders below the package. */
async function buildProgram(entry: string): Promise<BuiltProgram> {
  const folder = mkdtempSync(join(tmpdir(), "restante-program-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  // Some children are another user's.
  chmodSync(folder, 0o755);
  const outdir = join(folder, "dist", "cli");
  for (const name of ["package.json", "bin"])
    cpSync(join(projectRoot, name), join(folder, name), { recursive: true });
  symlinkSync(join(projectRoot, "node_modules"), join(folder, "node_modules"));
  await build({
    absWorkingDir: projectRoot,
    entryPoints: [entry, ...globSync("src/**/*-worker.ts", { cwd: projectRoot })],
    outdir,
    entryNames: "[name]",
    chunkNames: "[name]-[hash]",
    bundle: true,
    splitting: true,
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
    environment: { NODE_COMPILE_CACHE: join(folder, "compiled") },
  };
}
