import { spawnSync } from "node:child_process";
import { availableParallelism, cpus, release, totalmem } from "node:os";

export type MachineFacts = {
  readonly cores: number;
  readonly processor: string;
  readonly memoryBytes: number;
  readonly kernel: string;
  /** Of the work folder. */
  readonly filesystem: string;
  readonly node: string;
};

export function describeMachine(work: string): MachineFacts {
  const found = spawnSync("stat", ["-f", "-c", "%T", work], { encoding: "utf8" });
  return {
    cores: availableParallelism(),
    processor: cpus()[0]?.model ?? "unknown",
    memoryBytes: totalmem(),
    kernel: release(),
    filesystem: found.status === 0 ? found.stdout.trim() : "unknown",
    node: process.version,
  };
}
