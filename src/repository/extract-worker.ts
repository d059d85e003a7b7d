/** A thread of a restore: verifies, decrypts, decompresses, writes and reads back. */
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import type { MasterKey } from "./crypto.ts";
import type { ExtractOutcome, ExtractTask } from "./extract-task.ts";
import { ExtractWriter } from "./extract-writer.ts";
import type { TaskReply } from "./task-threads.ts";

export type ExtractWorkerData = {
  readonly masterKey: MasterKey;
  readonly stop: Int32Array;
};

type ExtractReply = TaskReply<ExtractOutcome>;

export function serveExtract(port: MessagePort, { masterKey, stop }: ExtractWorkerData): void {
  const writer = new ExtractWriter(masterKey, stop);
  port.on("message", (task: ExtractTask) => {
    try {
      const result = writer.run(task);
      const reply: ExtractReply = { kind: "done", result };
      port.postMessage(reply, [result.sealed.buffer as ArrayBuffer]);
    } catch (error) {
      const reply: ExtractReply = { kind: "failed", message: String(error) };
      port.postMessage(reply);
    }
  });
}

if (parentPort !== null) {
  serveExtract(parentPort, workerData as ExtractWorkerData);
}
