import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { systemErrorCode } from "#errors";

/** The process that makes a snapshot, told from a later one with its number. */
export type Maker = {
  readonly process: number;
  /** Field 22 of /proc/PID/stat: when it started, in ticks since the boot. */
  readonly processStart: string;
  readonly bootId: string;
  readonly host: string;
  /** Process numbers mean something only within their namespace (containers). */
  readonly processNamespace: string;
};

export function currentMaker(): Maker {
  return {
    process: process.pid,
    processStart: processStartOf(process.pid),
    bootId: readText("/proc/sys/kernel/random/boot_id").trim(),
    host: hostname(),
    processNamespace: processNamespace(),
  };
}

/** "unknown" where another machine or container made it, and nobody here can tell whether it still runs. */
export function makerState(maker: Maker): "alive" | "dead" | "unknown" {
  const here = currentMaker();
  if (here.bootId === "" || maker.bootId === "") return "unknown";
  if (maker.bootId !== here.bootId) return maker.host === here.host ? "dead" : "unknown";
  if (maker.processNamespace !== here.processNamespace) return "unknown";
  const start = processStartOf(maker.process);
  return start !== "" && start === maker.processStart ? "alive" : "dead";
}

export function isMaker(value: unknown): value is Maker {
  if (typeof value !== "object" || value === null) return false;
  const maker = value as Partial<Record<keyof Maker, unknown>>;
  const texts = [maker.processStart, maker.bootId, maker.host, maker.processNamespace];
  return Number.isSafeInteger(maker.process) && texts.every((text) => typeof text === "string");
}

function processStartOf(processId: number): string {
  const status = readText(`/proc/${processId}/stat`);
  // The second field is the program's name in brackets, which may hold anything.
  const fields = status.slice(status.lastIndexOf(")") + 2).split(" ");
  // A zombie (state Z) has ended, though nobody has taken note yet.
  return fields[0] === "Z" || fields[0] === "X" ? "" : (fields[19] ?? "");
}

function processNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return "";
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return "";
  }
}
