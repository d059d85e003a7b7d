/**
 * Most of what a short command takes is scrypt, in a thread of its own. So it begins before the program
 * is loaded, wherever the command line and the environment alone say which repository will be opened
 * and by which password. This is a guess: a wrong one costs its half second and nothing else.
 */
import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { beginDerivation } from "#derivation";
import { configurationPlaces } from "./configuration-places.ts";
import { localFolder } from "./local-folder.ts";
import { longestPasswordFileBytes, passwordIn } from "./password-text.ts";
import { passwordVariables } from "./password-variables.ts";
import { repositoryVariables } from "./repository-variables.ts";
import type { Surroundings } from "./terminal.ts";

/** They open the copy that is named, by its usual password, whatever else they do. */
export const openingVerbs: ReadonlySet<string> = new Set([
  "capture",
  "diff",
  "expire",
  "export",
  "ls",
  "moments",
  "prune",
  "repair",
  "restore",
  "show",
  "snapshots",
  "status",
  "verify",
]);

/** Storage that does not answer must not keep the program from loading, which can be interrupted. */
const patienceMs = 50;

type CommandLine = {
  readonly argv: readonly string[];
  readonly environment: Surroundings["environment"];
  readonly workingFolder: string;
};

/** Returns when scrypt runs, or when nothing is to be begun. */
export async function deriveEarly(line: CommandLine): Promise<void> {
  await Promise.race([begin(line), patience()]);
}

async function begin(line: CommandLine): Promise<void> {
  const opening = await guessOpening(line);
  if (opening !== undefined) await beginDerivation(opening.folder, opening.password);
}

/** The repository that will be opened, and its password; undefined where that is not plain. */
export async function guessOpening(
  line: CommandLine,
): Promise<{ readonly folder: string; readonly password: string } | undefined> {
  const folder = guessFolder(line);
  const password = folder === undefined ? undefined : await guessPassword(line.environment);
  return folder === undefined || !isGiven(password) ? undefined : { folder, password };
}

async function patience(): Promise<void> {
  await new Promise((settle) => setTimeout(settle, patienceMs).unref());
}

function guessFolder({ argv, environment, workingFolder }: CommandLine): string | undefined {
  if (!openingVerbs.has(argv[0] ?? "")) return undefined;
  const dashes = argv.indexOf("--");
  const options = dashes < 0 ? argv : argv.slice(0, dashes);
  if (options.some((word) => word === "--help" || word === "-h")) return undefined;
  const at = options.findIndex((word) => word === "--copy" || word.startsWith("--copy="));
  const typed = options[at] === "--copy" ? options[at + 1] : options[at]?.slice("--copy=".length);
  if (typed !== undefined) return localFolder(typed, workingFolder);
  // A configuration's only copy goes before the environment.
  const isConfigured =
    options.some((word) => word.startsWith("--config")) ||
    configurationPlaces.some((place) => existsSync(resolve(workingFolder, place)));
  if (isConfigured && !options.includes("--no-config")) return undefined;
  const named = repositoryVariables.map((name) => environment[name]).find(isGiven);
  return named === undefined ? undefined : localFolder(named, workingFolder);
}

async function guessPassword(
  environment: Surroundings["environment"],
): Promise<string | undefined> {
  for (const { name, kind } of passwordVariables) {
    const value = environment[name];
    if (!isGiven(value)) continue;
    if (kind === "password") return value;
    return await passwordInFile(value);
  }
  return undefined;
}

/** Undefined where there is none: whoever needs it says so. What is read from a pipe is gone for who reads it next. */
async function passwordInFile(path: string): Promise<string | undefined> {
  try {
    const stats = await stat(path);
    if (!stats.isFile() || stats.size > longestPasswordFileBytes) return undefined;
    return passwordIn(await readFile(path));
  } catch {
    return undefined;
  }
}

function isGiven(value: string | undefined): value is string {
  return value !== undefined && value !== "";
}
