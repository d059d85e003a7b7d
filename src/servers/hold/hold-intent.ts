/*
 * The note that a mail server was, or is about to be, stopped or quiesced: one file for each, written
 * durably before the command runs and removed after the one that undoes it succeeded. It is what makes
 * a run after a power cut or `kill -9` start or resume the server again.
 *
 *   offline-<16 hex digits>.json  { version, process, bootId, processStart, folder, action, start, startTimeoutMs, stoppedAt }
 *
 * `start` is the command that undoes; `action` says in which word, "start" where it is left out.
 */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { systemErrorCode } from "#errors";
import { syncFolder, writeDurably } from "#files";
import type { Command } from "./command.ts";
import { ServerError } from "../server-error.ts";

/** What undoes a stop, and what undoes a quiesce. */
export type UndoingAction = "start" | "resume";

export type HoldIntent = {
  readonly version: 1;
  readonly process: number;
  /** Tells a process from a later one with its number. */
  readonly bootId: string;
  readonly processStart: string;
  /** The mail store, for people. */
  readonly folder: string;
  /** Absent: "start". */
  readonly action?: UndoingAction;
  readonly start: Command;
  readonly startTimeoutMs: number;
  /** ISO 8601, for people. */
  readonly stoppedAt: string;
};

export type StoredIntent = { readonly file: string; readonly intent: HoldIntent };

export async function writeIntent(
  stateFolder: string,
  intent: Omit<HoldIntent, "version" | "process" | "bootId" | "processStart">,
): Promise<string> {
  const name = createHash("sha256")
    .update(JSON.stringify([intent.folder, intent.start]))
    .digest("hex")
    .slice(0, 16);
  const file = join(stateFolder, `offline-${name}.json`);
  const identity = await processIdentity(process.pid);
  const content: HoldIntent = { version: 1, process: process.pid, ...identity, ...intent };
  try {
    await mkdir(stateFolder, { recursive: true, mode: 0o700 });
    await writeDurably(file, Buffer.from(`${JSON.stringify(content)}\n`));
  } catch (error) {
    throw stateFailed("write", stateFolder, error);
  }
  return file;
}

export async function removeIntent(file: string): Promise<void> {
  try {
    await unlink(file);
    await syncFolder(join(file, ".."));
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw stateFailed("remove", file, error);
  }
}

/** All notes of a state folder; none when there is no folder. Throws `server.state-untrusted`. */
export async function readIntents(stateFolder: string): Promise<readonly StoredIntent[]> {
  const found: StoredIntent[] = [];
  try {
    for (const name of (await readdir(stateFolder)).sort()) {
      if (!/^offline-[0-9a-f]{16}\.json$/.test(name)) continue;
      const file = join(stateFolder, name);
      await checkTrust(stateFolder);
      await checkTrust(file);
      const intent = parseIntent(await readFile(file, "utf8"));
      if (intent === undefined) throw untrusted(file, "it is damaged");
      found.push({ file, intent });
    }
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return found;
    throw error instanceof ServerError ? error : stateFailed("read", stateFolder, error);
  }
  return found;
}

/** Whether the process that wrote the note still runs and will start its server itself. */
export async function isOwnerAlive(intent: HoldIntent): Promise<boolean> {
  const now = await processIdentity(intent.process);
  return (
    now.processStart !== "" &&
    now.bootId === intent.bootId &&
    now.processStart === intent.processStart
  );
}

/** The note holds a command that will be run: nobody else may be able to write it. */
async function checkTrust(path: string): Promise<void> {
  const { uid, mode } = await stat(path);
  if (uid !== process.geteuid?.() && uid !== 0)
    throw untrusted(path, "it belongs to somebody else");
  if ((mode & 0o022) !== 0) throw untrusted(path, "others may write to it");
}

function untrusted(path: string, state: string): ServerError {
  return new ServerError(
    "server.state-untrusted",
    `Cannot use the note of a stopped server "${path}": ${state}`,
    {
      hint: "Start the mail server by hand if it is down, then remove the file.",
    },
  );
}

function stateFailed(action: string, path: string, cause: unknown): ServerError {
  const state = systemErrorCode(cause) ?? String(cause);
  return new ServerError(
    "server.state-failed",
    `Cannot ${action} the note of a stopped server in "${path}": ${state}`,
    {
      hint: "Make the state folder writable and leave it some space; no server is stopped without that note.",
      cause,
    },
  );
}

function parseIntent(text: string): HoldIntent | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isIntent(value) ? value : undefined;
}

function isIntent(value: unknown): value is HoldIntent {
  if (typeof value !== "object" || value === null) return false;
  const fields = value as Partial<Record<keyof HoldIntent, unknown>>;
  const { version, process, bootId, processStart, folder } = fields;
  const { action, start, startTimeoutMs, stoppedAt } = fields;
  const isCommand =
    (typeof start === "string" && start !== "") ||
    (Array.isArray(start) &&
      start.every((part) => typeof part === "string") &&
      start[0] !== undefined);
  return (
    version === 1 &&
    isCommand &&
    (action === undefined || action === "start" || action === "resume") &&
    [process, startTimeoutMs].every((number) => Number.isSafeInteger(number)) &&
    [bootId, processStart, folder, stoppedAt].every((part) => typeof part === "string")
  );
}

/** proc(5): the boot, and field 22 of /proc/PID/stat, the time at which the process started. */
async function processIdentity(
  processId: number,
): Promise<{ bootId: string; processStart: string }> {
  const bootId = (await readText("/proc/sys/kernel/random/boot_id")).trim();
  const status = await readText(`/proc/${processId}/stat`);
  // The second field is the program's name in brackets, which may hold anything.
  const processStart = status.slice(status.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  return { bootId, processStart };
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "latin1");
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return "";
  }
}
