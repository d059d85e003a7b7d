/** Who holds a lock, told so exactly that another process can know that it is dead. */
import { readFileSync, readlinkSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { systemErrorCode } from "#errors";

export type ProcessIdentity = {
  readonly hostname: string;
  readonly username: string;
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  /** This boot of this kernel; "" where unknown. */
  readonly bootId: string;
  /** The PID namespace: in another one the same number is another process. */
  readonly processNamespace: string;
  /** When the process started, in clock ticks since boot: a PID is used again, this is not. "" where unknown. */
  readonly processStart: string;
};

export function processIdentity(): ProcessIdentity {
  const { username, uid, gid } = ownUser();
  return {
    hostname: hostname(),
    username,
    pid: process.pid,
    uid,
    gid,
    bootId: attempt(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
    processNamespace: attempt(() => readlinkSync("/proc/self/ns/pid")),
    processStart: lookAt(process.pid)?.start ?? "",
  };
}

/**
 * Known only where the holder ran under this very kernel boot and PID namespace: "dead" is one that is no
 * process any more, since its PID is free, is another process's by now, or waits to be reaped. Equal host
 * names prove nothing: half of all containers are called "localhost".
 */
export function stateOfHolder(holder: ProcessIdentity): "alive" | "dead" | "unknown" {
  const own = processIdentity();
  if (own.bootId === "" || own.bootId !== holder.bootId) return "unknown";
  if (own.processNamespace === "" || own.processNamespace !== holder.processNamespace)
    return "unknown";
  if (holder.pid <= 0) return "unknown";
  const now = lookAt(holder.pid);
  if (
    now !== undefined &&
    (now.isDead || (holder.processStart !== "" && now.start !== holder.processStart))
  )
    return "dead";
  return holder.pid === own.pid || isThere(holder.pid) ? "alive" : "dead";
}

/** Whether there is a process of that number on a machine that is called so; undefined where this one is not. */
export function processIsThere(host: string, pid: number): boolean | undefined {
  return host !== hostname() || pid <= 0 ? undefined : isThere(pid);
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) !== "ESRCH";
  }
}

/** proc(5), /proc/pid/stat: the command in parentheses may hold anything, so fields count from its end. */
function lookAt(pid: number): { readonly isDead: boolean; readonly start: string } | undefined {
  const text = attempt(() => readFileSync(`/proc/${pid}/stat`, "latin1"));
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, start] = [fields[0], fields[19]];
  if (state === undefined || start === undefined || !/^\d+$/.test(start)) return undefined;
  return { isDead: state === "Z" || state === "X", start };
}

/** Who runs this process. */
export function ownUser(): { username: string; uid: number; gid: number } {
  try {
    const { username, uid, gid } = userInfo();
    return { username, uid, gid };
  } catch {
    // A container's user without an entry in /etc/passwd.
    return {
      username: String(process.getuid?.() ?? ""),
      uid: process.getuid?.() ?? 0,
      gid: process.getgid?.() ?? 0,
    };
  }
}

function attempt(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}
