/*
 * Which process something belongs to, as a part of a file name, so that the next start can tell
 * what a killed one left from what another one is at:
 *
 *   MACHINE8.BOOT8.NAMESPACE.PID.START   hexadecimal and decimal digits
 */
import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { systemErrorCode } from "#errors";

const pattern = /^([0-9a-f]{8})\.([0-9a-f]{8})\.(\d+)\.(\d+)\.(\d+)$/;

export function processMark(): string {
  return [...placeOf(), process.pid, startOf(process.pid)].join(".");
}

/**
 * True only of a process that is surely no more: of this boot and this PID namespace, with a number
 * that is free or another's by now, or of an earlier boot of this machine.
 */
export function isSurelyDead(mark: string): boolean {
  const [, machine, boot, namespace, pid, start] = pattern.exec(mark) ?? [];
  const [ownMachine, ownBoot, ownNamespace] = placeOf();
  if (machine !== ownMachine) return false;
  // Without an identity of its own a machine proves nothing about another boot.
  if (boot !== ownBoot) return machineId() !== "";
  return namespace === ownNamespace && startOf(Number(pid)) !== start;
}

function placeOf(): readonly [machine: string, boot: string, namespace: string] {
  return [
    digest(`${machineId()} ${hostname()}`),
    digest(readText("/proc/sys/kernel/random/boot_id")),
    /\d+/.exec(attempt(() => readlinkSync("/proc/self/ns/pid")))?.[0] ?? "0",
  ];
}

function machineId(): string {
  return readText("/etc/machine-id").trim();
}

/** Field 22 of /proc/PID/stat (proc(5)); "0" where there is no such process, or it waits to be reaped. */
function startOf(pid: number): string {
  const status = readText(`/proc/${pid}/stat`);
  // The second field is the program's name in brackets, which may hold anything.
  const fields = status.slice(status.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" || fields[0] === "X" ? "0" : (fields[19] ?? "0");
}

function digest(text: string): string {
  return createHash("sha256").update(text.trim()).digest("hex").slice(0, 8);
}

function readText(file: string): string {
  return attempt(() => readFileSync(file, "latin1"));
}

function attempt(read: () => string): string {
  try {
    return read();
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return "";
  }
}
