/** A thread of a verification: hashes, decrypts and decompresses whole packs. */
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { openCompressor } from "./compression.ts";
import { type MasterKey, openSealer } from "./crypto.ts";
import { checkPack, type PackCheck, type PackCheckTask } from "./pack-check.ts";
import type { TaskReply } from "./task-threads.ts";

export type PackCheckWorkerData = { readonly masterKey: MasterKey };

export function servePackChecks(port: MessagePort, { masterKey }: PackCheckWorkerData): void {
  const opener = { sealer: openSealer(masterKey), compressor: openCompressor() };
  const answer = (task: PackCheckTask): TaskReply<PackCheck> => {
    try {
      return { kind: "done", result: checkPack(task, opener) };
    } catch (error) {
      return { kind: "failed", message: String(error) };
    }
  };
  port.on("message", (task: PackCheckTask) => {
    port.postMessage(answer(task));
    // Free at once: whole packs would pile up until somebody collects garbage.
    (task.bytes.buffer as ArrayBuffer).transfer(0);
  });
}

if (parentPort !== null) servePackChecks(parentPort, workerData as PackCheckWorkerData);
