/** What the tests of this folder share. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Image,
  type MemoryNodes,
  memoryImage,
  rawPathFromText,
  type RawPath,
  rawPathToBytes,
  rootPath,
  writeMemoryNodes,
} from "#image";
import { applyRestore } from "./apply-restore.ts";
import { planRestore, type PlanRestoreOptions } from "./plan-restore.ts";
import type { RestorePlan, RestoreResult } from "./restore-plan.ts";

export type Ground = Disposable & {
  /** A folder of its own, removed afterwards. */
  readonly folder: string;
  /** Below it: not there yet. */
  readonly target: RawPath;
};

/** A filesystem in memory where there is one: a restore syncs what it writes. */
const scratch = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

export function ground(parent: string = scratch): Ground {
  const folder = mkdtempSync(join(parent, "restante-recovery-"));
  return {
    folder,
    target: rawPathFromText(join(folder, "target")),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export const clock = { now: (): number => Date.UTC(2026, 10, 23, 14, 3, 7) };

export function uniqueNumbers(): () => string {
  let number = 0;
  return () => `M${++number}`;
}

export async function plan(
  image: Image,
  target: RawPath,
  options: Partial<PlanRestoreOptions> = {},
): Promise<RestorePlan> {
  return await planRestore(image, {
    scope: rootPath,
    target,
    ...clock,
    unique: uniqueNumbers(),
    ...options,
  });
}

export async function restore(
  image: Image,
  target: RawPath,
  options: Partial<PlanRestoreOptions> = {},
): Promise<RestoreResult> {
  const made = await plan(image, target, options);
  return await applyRestore(image, made, { ...clock, unique: uniqueNumbers() });
}

/** Puts files into a folder as they are "now". */
export async function lay(folder: RawPath, nodes: MemoryNodes): Promise<void> {
  mkdirSync(rawPathToBytes(folder), { recursive: true });
  await writeMemoryNodes(folder, nodes);
}

/** Every path below a folder with what is there: a file's text, a link's target after "→", "/" for a folder. */
export function contentOf(folder: RawPath): Record<string, string> {
  const found: Record<string, string> = {};
  const stack = [""];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    const absolute = at === "" ? folder : `${folder}/${at}`;
    for (const name of readdirSync(Buffer.from(absolute, "latin1"), { encoding: "latin1" })) {
      const path = at === "" ? name : `${at}/${name}`;
      const bytes = Buffer.from(`${folder}/${path}`, "latin1");
      const stats = lstatSync(bytes);
      if (stats.isDirectory()) {
        found[path] = "/";
        stack.push(path);
      } else if (stats.isSymbolicLink())
        found[path] = `→${readlinkSync(bytes, { encoding: "latin1" })}`;
      else found[path] = readFileSync(bytes, "latin1");
    }
  }
  return found;
}

/** The files only, sorted: path → text. */
export function filesOf(folder: RawPath): Record<string, string> {
  const entries = Object.entries(contentOf(folder)).filter(([, text]) => text !== "/");
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** A message with a text of its own. */
export function mail(subject: string, body = "Hello"): string {
  return `From: a@example.org\nTo: b@example.org\nSubject: ${subject}\n\n${body}\n`;
}

/** What every mailbox has, so that a folder is a Maildir also without mail. */
export const emptyMaildir: MemoryNodes = {
  cur: { type: "directory", mode: 0o700 },
  new: { type: "directory", mode: 0o700 },
  tmp: { type: "directory", mode: 0o700 },
};

export function maildir(nodes: MemoryNodes): MemoryNodes {
  return { ...emptyMaildir, ...nodes };
}

export function imageOf(nodes: MemoryNodes): Image {
  return memoryImage(nodes);
}
