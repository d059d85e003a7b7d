/*
 * daemon-status.json   what the daemon says of itself, written anew every few seconds, for its owner alone;
 *                      a rename puts it in place whole. Instants are nanoseconds since 1970 UTC, as text.
 */
import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { quoted, systemErrorCode } from "#errors";
import { isSurelyDead, processMark, writeDurably } from "#files";
import type { MirrorStatus } from "#journal";
import { DaemonError } from "./daemon-error.ts";
import type { StageStatus } from "./daemon-group.ts";

export const statusFileName = "daemon-status.json";
const statusVersion = 1;
const longestBytes = 4 * 1024 * 1024;

export const groupPhases = [
  "starting",
  "taking-base",
  "following",
  "held",
  "waiting",
  "stopped",
] as const;
export type GroupPhase = (typeof groupPhases)[number];

export type GroupStatus = {
  readonly group: string;
  readonly shown: string;
  readonly folder: string;
  readonly journal: string;
  readonly phase: GroupPhase;
  /** One sentence, where there is something to say: why it waits, what is held. */
  readonly note?: string;
  /** How changes are noticed, and how late that may be. */
  readonly hints?: { readonly way: string; readonly why: string; readonly lateMs: number };
  /** Age of the oldest change that was noticed and is not durable yet. */
  readonly lagMs?: number;
  readonly lastDurableNs?: bigint;
  readonly lastSequence?: number;
  /** A scan of the whole store was last complete then: up to there nothing is unseen. */
  readonly reconciledNs?: bigint;
  readonly changes?: number;
  readonly storedBytes?: number;
  /** Since it was started: spans in which changes may have gone unseen. */
  readonly gaps: number;
  readonly base?: { readonly id: string; readonly atNs: bigint };
  readonly nextBaseNs?: bigint;
  /** IDs, oldest first. */
  readonly alarms: readonly string[];
  readonly failures: number;
  readonly stage?: StageStatus;
  /** How far the mirror of the journal is behind. */
  readonly mirror?: MirrorStatus;
};

export type DaemonStatus = {
  readonly state: "running" | "stopped";
  readonly pid: number;
  readonly startedNs: bigint;
  readonly writtenNs: bigint;
  readonly groups: readonly GroupStatus[];
};

export async function writeDaemonStatus(stateFolder: string, status: DaemonStatus): Promise<void> {
  const document = { format: statusVersion, owner: processMark(), ...status };
  const path = join(stateFolder, statusFileName);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeDurably(path, Buffer.from(`${JSON.stringify(document, instantsAsText)}\n`));
}

function instantsAsText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}

/**
 * What a daemon of this state folder said last; undefined where there never was one. `stopped` where its
 * process is no more, whatever it wrote before. Throws `daemon.bad-status`.
 */
export async function readDaemonStatus(stateFolder: string): Promise<DaemonStatus | undefined> {
  const path = join(stateFolder, statusFileName);
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
  const status =
    bytes.length > longestBytes ? undefined : parseDaemonStatus(bytes.toString("utf8"));
  if (status === undefined)
    throw new DaemonError(
      "daemon.bad-status",
      `Cannot read ${quoted(path)}: it is no status of this version`,
      { hint: "A daemon that runs writes it anew; remove it if there is none." },
    );
  return status;
}

/** Undefined where the text is none. */
export function parseDaemonStatus(text: string): DaemonStatus | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text, (key, field: unknown) =>
      key.endsWith("Ns") && typeof field === "string" && /^-?\d{1,30}$/.test(field)
        ? BigInt(field)
        : field,
    );
  } catch {
    return undefined;
  }
  const fields = value as Readonly<Record<string, unknown>> | null;
  if (typeof fields !== "object" || fields?.["format"] !== statusVersion) return undefined;
  const { owner, groups, pid, startedNs, writtenNs, state } = fields;
  if (typeof owner !== "string" || !Array.isArray(groups) || typeof pid !== "number")
    return undefined;
  if (typeof startedNs !== "bigint" || typeof writtenNs !== "bigint") return undefined;
  if (!groups.every(isGroupStatus)) return undefined;
  const isRunning = state === "running" && !isSurelyDead(owner);
  return { state: isRunning ? "running" : "stopped", pid, startedNs, writtenNs, groups };
}

function isGroupStatus(value: unknown): value is GroupStatus {
  const fields = value as Readonly<Record<string, unknown>> | null;
  return (
    typeof fields === "object" &&
    ["group", "shown", "folder", "journal"].every((key) => typeof fields?.[key] === "string") &&
    groupPhases.some((phase) => phase === fields?.["phase"]) &&
    typeof fields?.["gaps"] === "number" &&
    typeof fields["failures"] === "number" &&
    Array.isArray(fields["alarms"])
  );
}
