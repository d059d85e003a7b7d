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
  let hasEnded = false;
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
      hasEnded = true;
      await fill[Symbol.asyncDispose]();
      database[Symbol.dispose]();
    },
  };
  let waiting = 0;
  let failure: unknown;
  const answer = async ({ name, given }: WriterCall): Promise<WriterReply> => {
    // What an open transaction had written may be gone with it.
    if (failure !== undefined && name !== "end") return { failure: carriedFailure(failure) };
    try {
      const call = calls[name] as (given: unknown) => Promise<unknown>;
      return { value: await call(given) };
    } catch (error) {
      return { failure: carriedFailure(error) };
    }
  };
  /** Until the next call comes. */
  const mergeMeanwhile = (): void => {
    if (waiting > 0 || hasEnded || failure !== undefined) return;
    try {
      if (fill.mergeSome()) setImmediate(mergeMeanwhile);
    } catch (error) {
      failure = error;
    }
  };
  let last: Promise<void> = Promise.resolve();
  port.on("message", (call: WriterCall) => {
    waiting++;
    last = last.then(async () => {
      port.postMessage(await answer(call));
      waiting--;
      if (call.name === "addMessages") setImmediate(mergeMeanwhile);
    });
  });
}

if (parentPort !== null) serveWriter(parentPort, workerData as WriterData);
