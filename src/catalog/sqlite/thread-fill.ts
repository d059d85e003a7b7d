import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type {
  CatalogFill,
  LastSighting,
  MailboxFacts,
  MailboxKey,
  MessageNumber,
  MomentFacts,
  MomentFill,
  NewMessage,
  PlacementFacts,
} from "../catalog.ts";
import {
  type BegunMoment,
  failureOf,
  type WriterCall,
  type WriterCalls,
  type WriterData,
  writerFailed,
  type WriterReply,
} from "./writer-call.ts";

/** A fill whose writing is done by a thread of its own: half of a first fill's work. */
export class ThreadFill implements CatalogFill {
  readonly #writer: Writer;
  readonly #giveBack: () => void;

  constructor(location: string, giveBack: () => void) {
    this.#writer = new Writer({ location });
    this.#giveBack = giveBack;
  }

  async keepOnly(moments: readonly MomentFacts[]): Promise<{ readonly forgotten: number }> {
    return await this.#writer.call("keepOnly", moments);
  }

  async beginMoment(moment: MomentFacts): Promise<MomentFill> {
    return new ThreadMomentFill(this.#writer, await this.#writer.call("beginMoment", moment));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#writer.end();
    } finally {
      this.#giveBack();
    }
  }
}

class ThreadMomentFill implements MomentFill {
  readonly notes: ReadonlyMap<string, string>;
  readonly last: readonly LastSighting[];
  readonly #writer: Writer;

  constructor(writer: Writer, { notes, last }: BegunMoment) {
    this.#writer = writer;
    this.notes = notes;
    this.last = last;
  }

  async openPlacements(mailbox: MailboxKey): Promise<readonly PlacementFacts[]> {
    return await this.#writer.call("openPlacements", mailbox);
  }

  async messagesOf(contents: readonly string[]): Promise<ReadonlyMap<string, MessageNumber>> {
    return await this.#writer.call("messagesOf", contents);
  }

  async addMessages(messages: readonly NewMessage[]): Promise<readonly MessageNumber[]> {
    const given = new Set(messages.flatMap(({ words }) => words?.buffer ?? []));
    return await this.#writer.call("addMessages", messages, [...given]);
  }

  async record(facts: MailboxFacts): Promise<boolean> {
    return await this.#writer.call("record", facts);
  }

  async finish(result: Parameters<MomentFill["finish"]>[0]): Promise<void> {
    await this.#writer.call("finish", result);
  }
}

type Waiting = {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
};
type Given<Name extends keyof WriterCalls> = Parameters<WriterCalls[Name]>[0];
type Answer<Name extends keyof WriterCalls> = Awaited<ReturnType<WriterCalls[Name]>>;

class Writer {
  readonly #worker: Worker;
  readonly #waiting: Waiting[] = [];
  #failure: Error | undefined;

  constructor(workerData: WriterData) {
    // As source or as compiled.
    const url = new URL(`./catalog-writer-worker${extname(import.meta.url)}`, import.meta.url);
    this.#worker = new Worker(url, { workerData });
    this.#worker.on("message", (reply: WriterReply) => {
      const waiting = this.#waiting.shift();
      if ("failure" in reply) waiting?.reject(failureOf(reply.failure));
      else waiting?.resolve(reply.value);
    });
    this.#worker.on("error", (error: unknown) => this.#fail(writerFailed(String(error), error)));
    this.#worker.on("exit", (code) => this.#fail(writerFailed(`it ended with code ${code}`)));
  }

  call<Name extends keyof WriterCalls>(
    name: Name,
    given: Given<Name>,
    givenAway: readonly ArrayBuffer[] = [],
  ): Promise<Answer<Name>> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve: resolve as (value: unknown) => void, reject });
      const call: WriterCall = { name, given };
      this.#worker.postMessage(call, givenAway);
    });
  }

  async end(): Promise<void> {
    try {
      if (this.#failure === undefined) await this.call("end", undefined);
    } finally {
      await this.#worker.terminate();
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#failure);
  }
}
