/** The thread that writes a catalog while others read mail for it. */
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import type { MomentFill } from "../catalog.ts";
import { Database } from "./database.ts";
import { SqliteFill } from "./sqlite-fill.ts";
import {
  carriedFailure,
  type WriterCall,
  type WriterCalls,
  type WriterData,
  type WriterReply,
} from "./writer-call.ts";

export function serveWriter(port: MessagePort, { location }: WriterData): void {
  const database = new Database(location);
  const fill = new SqliteFill(database, () => undefined);
  let moment: MomentFill | undefined;
  const begun = (): MomentFill => {
    if (moment === undefined) throw new Error("no moment was begun");
    return moment;
  };
  const calls: WriterCalls = {
    keepOnly: async (moments) => await fill.keepOnly(moments),
    beginMoment: async (facts) => {
      moment = await fill.beginMoment(facts);
      return { notes: moment.notes, last: moment.last };
    },
    openPlacements: async (mailbox) => await begun().openPlacements(mailbox),
    messagesOf: async (contents) => await begun().messagesOf(contents),
    addMessages: async (messages) => await begun().addMessages(messages),
    record: async (facts) => await begun().record(facts),
    finish: async (result) => await begun().finish(result),
    end: async () => {
      await fill[Symbol.asyncDispose]();
      database[Symbol.dispose]();
    },
  };
  let last: Promise<void> = Promise.resolve();
  port.on("message", ({ name, given }: WriterCall) => {
    const call = calls[name] as (given: unknown) => Promise<unknown>;
    last = last
      .then(async (): Promise<WriterReply> => ({ value: await call(given) }))
      .catch((error: unknown): WriterReply => ({ failure: carriedFailure(error) }))
      .then((reply) => port.postMessage(reply));
  });
}

if (parentPort !== null) serveWriter(parentPort, workerData as WriterData);
