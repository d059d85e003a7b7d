/** One writer at a time: two runs that each think a tape is theirs would write over each other's sets. */
import { randomUUID } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { link, readFile, rename, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { systemErrorCode } from "#errors";
import { syncFolder, writeDurably } from "#files";
import { tapeError } from "../tape-error.ts";

export interface WriterLock extends AsyncDisposable {
  /** Throws `methods.tape-lock-lost` unless the lock still stands. */
  confirm(): Promise<void>;
}

type Holder = {
  readonly token: string;
  readonly hostname: string;
  readonly pid: number;
  /** This boot of this kernel, and when the process started in it: a PID alone is used again. */
  readonly bootId: string;
  readonly processStart: string;
  /** In another PID namespace the same number is another process. */
  readonly processNamespace: string;
  readonly machineId: string;
  readonly since: string;
};

const lockName = "writer.lock";

/** Throws `methods.tape-locked` while another run that may be alive has it. */
export async function takeWriterLock(
  folder: string,
  { nowNs }: { readonly nowNs: bigint },
): Promise<WriterLock> {
  const path = join(folder, lockName);
  const own: Holder = {
    token: randomUUID(),
    hostname: hostname(),
    pid: process.pid,
    bootId: readWord("/proc/sys/kernel/random/boot_id"),
    processStart: processStart(process.pid),
    processNamespace: processNamespace(),
    machineId: readWord("/etc/machine-id"),
    since: new Date(Number(nowNs / 1_000_000n)).toISOString(),
  };
  for (let attempt = 1; ; attempt++) {
    try {
      await writeDurably(path, Buffer.from(JSON.stringify(own)), { exclusive: true });
      return lockOf(path, own);
    } catch (error) {
      if (systemErrorCode(error) !== "EEXIST") throw unusable(path, error);
    }
    const held = await readText(path);
    if (held === undefined) continue;
    const holder = parseHolder(held);
    if (attempt === 3 || holder === undefined || !isSurelyDead(holder)) throw locked(path, holder);
    await removeDead(path, held);
  }
}

function lockOf(path: string, own: Holder): WriterLock {
  const isOurs = async (): Promise<boolean> =>
    parseHolder((await readText(path)) ?? "")?.token === own.token;
  return {
    async confirm() {
      if (await isOurs()) return;
      throw tapeError(
        "methods.tape-lock-lost",
        `Cannot go on: the lock "${path}" is no longer this run's`,
        { hint: "Find out who removed it; run it again when no other run is at work." },
      );
    },
    async [Symbol.asyncDispose]() {
      if (await isOurs()) await rm(path, { force: true });
    },
  };
}

/** Two may see the same dead lock: it is taken away under another name, and looked at again there. */
async function removeDead(path: string, dead: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return;
    throw unusable(path, error);
  }
  const taken = await readText(aside);
  // Somebody else was quicker, and what was taken away is a living lock: it goes back.
  if (taken !== dead) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
  await syncFolder(join(path, ".."));
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw unusable(path, error);
  }
}

function parseHolder(text: string): Holder | undefined {
  try {
    const value = JSON.parse(text) as Partial<Record<keyof Holder, unknown>>;
    const { token, pid } = value;
    if (typeof token !== "string" || typeof pid !== "number") return undefined;
    const word = (key: keyof Holder): string => {
      const found = value[key];
      return typeof found === "string" ? found : "";
    };
    return {
      token,
      pid,
      hostname: word("hostname"),
      bootId: word("bootId"),
      processStart: word("processStart"),
      processNamespace: word("processNamespace"),
      machineId: word("machineId"),
      since: word("since"),
    };
  } catch {
    return undefined;
  }
}

/** Host names prove nothing: half of all containers are called "localhost". */
function isSurelyDead(holder: Holder): boolean {
  const boot = readWord("/proc/sys/kernel/random/boot_id");
  if (boot === "" || holder.bootId === "") return false;
  if (holder.bootId !== boot) {
    // The same machine, started anew since: no process of then is left.
    const machine = readWord("/etc/machine-id");
    return machine !== "" && holder.machineId === machine && holder.hostname === hostname();
  }
  if (holder.processNamespace === "" || holder.processNamespace !== processNamespace())
    return false;
  const start = processStart(holder.pid);
  return start === "" || (holder.processStart !== "" && start !== holder.processStart);
}

function readWord(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}

function processNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}

/** proc(5), /proc/pid/stat: start time in clock ticks; "" where there is no such process, or it waits to be reaped. */
function processStart(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? "" : (fields[19] ?? "");
  } catch {
    return "";
  }
}

function locked(path: string, holder: Holder | undefined): Error {
  const who =
    holder === undefined
      ? "somebody"
      : `process ${holder.pid} on host ${holder.hostname} (since ${holder.since})`;
  return tapeError(
    "methods.tape-locked",
    `Cannot write to tapes: ${who} holds the lock "${path}"`,
    {
      hint: "Wait for that run to end; if it is gone for good, remove the file.",
      retryable: true,
    },
  );
}

function unusable(path: string, cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : "the reason is unknown";
  return tapeError("methods.tape-state-unusable", `Cannot use the lock "${path}": ${reason}`, {
    hint: "Check the permissions of the state folder and the space on its disk.",
    cause,
  });
}
