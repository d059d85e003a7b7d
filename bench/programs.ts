import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { BenchError } from "./bench-error.ts";
import type { Command } from "./measure.ts";

/** Where one round keeps one program's repository, cache and results; fresh for every round. */
export type Place = { readonly repository: string; readonly cache: string };

/** A program that captures and restores, so that it can be compared step by step. */
export interface BackupProgram {
  readonly name: ProgramName;
  readonly version: string;
  init(place: Place): Command;
  capture(place: Place, folder: string): Command;
  restore(place: Place, options: { readonly folder: string; readonly to: string }): Command;
  /** One file of the newest snapshot, to `to`. */
  dump(place: Place, options: { readonly path: string; readonly to: string }): Command;
  /** Reads every byte of the repository and checks it. */
  verify(place: Place): Command;
  /** Forgets all moments but the newest, without freeing anything. */
  forget(place: Place, folder: string): readonly Command[];
  prune(place: Place): Command;
  /** A process that derives the repository's key and does as little else as can be. */
  openKey(place: Place): Command;
  /** The same process without deriving a key; the difference is the derivation. */
  start(): Command;
}

export type ProgramName = "restic" | "restante";

const PASSWORD = "a password for measuring only";
const DERIVE_KEY = `
  const { readdirSync, readFileSync } = require("node:fs");
  const folder = process.argv[1] + "/keys/";
  const { N, r, p, salt } = JSON.parse(readFileSync(folder + readdirSync(folder)[0], "utf8"));
  const options = { N, r, p, maxmem: 256 * N * r };
  require("node:crypto").scryptSync("measuring", Buffer.from(salt, "base64"), 64, options);
`;
const ROOT = join(import.meta.dirname, "..");

/** What `<program> --version` says first, or undefined where it is not on PATH. */
export function versionOf(program: string, argument = "--version"): string | undefined {
  const done = spawnSync(program, [argument], { encoding: "utf8" });
  if (done.error !== undefined || done.status !== 0) return undefined;
  return `${done.stdout}${done.stderr}`.trim().split("\n")[0];
}

/** restic as installed, with its default settings and a cache of its own. */
export function findRestic(): BackupProgram | undefined {
  const version = versionOf("restic", "version");
  if (version === undefined) return undefined;
  const command = (place: Place, ...argv: readonly string[]): Command => ({
    program: "restic",
    arguments: ["--quiet", "--repo", place.repository, ...argv],
    environment: { RESTIC_PASSWORD: PASSWORD, XDG_CACHE_HOME: place.cache },
  });
  return {
    name: "restic",
    version,
    init: (place) => command(place, "init"),
    capture: (place, folder) => command(place, "backup", folder),
    restore: (place, { to }) => command(place, "restore", "latest", "--target", to),
    dump: (place, { path, to }) => ({ ...command(place, "dump", "latest", path), outputPath: to }),
    verify: (place) => command(place, "check", "--read-data"),
    forget: (place) => [command(place, "forget", "--keep-last", "1")],
    prune: (place) => command(place, "prune"),
    // Without the lock: restic waits 200 ms after writing one, which is no key derivation.
    openKey: (place) => command(place, "--no-lock", "cat", "config"),
    start: () => ({ program: "restic", arguments: ["version"] }),
  };
}

/** Restante as a whole process, by the Node of the npm package `node`. */
export function restante(build: {
  readonly door: string;
  readonly kind: BuildKind;
}): BackupProgram {
  const node = join(ROOT, "node_modules/.bin/node");
  const start = (...argv: readonly string[]): Command => ({
    program: node,
    arguments: [build.door, ...argv],
  });
  const command = (place: Place, ...argv: readonly string[]): Command => ({
    ...start(...argv, "--copy", place.repository, "--quiet"),
    environment: {
      RESTANTE_PASSWORD: PASSWORD,
      XDG_CACHE_HOME: place.cache,
      // What was read when, and who changed what: of this round alone.
      XDG_STATE_HOME: join(place.cache, "state"),
    },
  });
  return {
    name: "restante",
    version: `${versionOfRestante(node, build.door)} (${build.kind}), Node ${versionOf(node) ?? "?"}`,
    init: (place) => command(place, "init"),
    capture: (place, folder) => command(place, "capture", folder),
    restore: (place, { folder, to }) =>
      command(place, "restore", folder, "--at", "latest", "--to", to),
    dump: (place, { path, to }) => ({
      ...command(place, "show", path, "--at", "latest"),
      outputPath: to,
    }),
    verify: (place) => command(place, "verify", "--read-data"),
    // The newest has shrunk on purpose, which a person would have to release.
    forget: (place, folder) => [
      command(place, "expire", folder, "--release"),
      command(place, "expire", folder, "--keep", "last 1", "--yes"),
    ],
    prune: (place) => command(place, "prune"),
    // A verb would also load modules and read snapshots, which must not pass for key derivation: this
    // is the derivation as src/repository does it, by Node's own scrypt, and nothing else.
    openKey: (place) => ({ program: node, arguments: ["-e", DERIVE_KEY, place.repository] }),
    start: () => ({ program: node, arguments: ["-e", "0"] }),
  };
}

function versionOfRestante(node: string, door: string): string {
  const done = spawnSync(node, [door, "--version"], { encoding: "utf8" });
  return done.status === 0 ? (done.stdout.trim().split("\n")[0] ?? "?") : "?";
}

export type BuildKind = "dist" | "sources";

/**
 * The program as users run it: dist/ and bin/ copied apart, for bin/restante.js runs the sources of a
 * checkout. Without `installed`: dist/ when no source is newer, else the sources.
 */
export function prepareRestante(
  work: string,
  { installed }: { readonly installed: boolean },
): BackupProgram {
  const dist = join(ROOT, "dist");
  const built = existsSync(join(dist, "cli/index.js"));
  if (installed && !built) {
    throw new BenchError(
      "bench.not-built",
      `Cannot measure the built program: "${dist}" is absent`,
      {
        hint: "Run: npm run build",
      },
    );
  }
  if (!installed && !(built && newestIn(dist) >= newestIn(join(ROOT, "src")))) {
    return restante({ door: join(ROOT, "bin/restante.js"), kind: "sources" });
  }
  const place = join(work, "installed");
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true });
  for (const part of ["bin", "dist", "package.json"]) {
    cpSync(join(ROOT, part), join(place, part), { recursive: true });
  }
  symlinkSync(join(ROOT, "node_modules"), join(place, "node_modules"));
  return restante({ door: join(place, "bin/restante.js"), kind: "dist" });
}

function newestIn(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => !/\.test\.ts$|\.contract\.ts$/.test(name))
    .reduce((newest, name) => {
      const stats = statSync(join(folder, name));
      return stats.isFile() ? Math.max(newest, stats.mtimeMs) : newest;
    }, 0);
}
