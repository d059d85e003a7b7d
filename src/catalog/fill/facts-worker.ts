/** A thread that reads messages: identity, headers, text. */
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { messageFactsOf } from "../message-facts.ts";
import type { FactsReply, FactsTask, FactsWorkerData } from "./facts-pool.ts";

export function serveFacts(port: MessagePort, { textLimit }: FactsWorkerData): void {
  port.on("message", ({ messages }: FactsTask) => {
    let reply: FactsReply;
    try {
      reply = { facts: messages.map((bytes) => messageFactsOf(bytes, { textLimit })) };
    } catch (error) {
      reply = { failure: String(error) };
    }
    port.postMessage(reply);
  });
}

if (parentPort !== null) serveFacts(parentPort, workerData as FactsWorkerData);
