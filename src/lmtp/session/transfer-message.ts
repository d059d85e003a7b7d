import type { MessageDelivery } from "../delivery/message-delivery.ts";
import type { DataStart, Transaction } from "../delivery/transaction.ts";
import type { Connection } from "../network/connection.ts";
import type { ClientInput } from "../protocol/client-input.ts";
import type { Command } from "../protocol/command.ts";
import type { Peer } from "../protocol/peer.ts";
import { isPositive, reply } from "../protocol/reply.ts";
import type { StageContext } from "../stage-context.ts";
import type { ReplyQueue } from "./reply-queue.ts";

export type TransferOptions = {
  readonly context: StageContext;
  readonly connection: Connection;
  readonly input: ClientInput;
  readonly replies: ReplyQueue;
  readonly peer: Peer;
  /** Absent where the client has not said MAIL, or it was refused. */
  readonly transaction: Transaction | undefined;
  /** The next command between two chunks; undefined at the end. */
  readonly nextCommand: () => Promise<Command | undefined>;
};

/**
 * Where the transaction stands: `answered`, the mail server's answers have ended it; `ended`, nothing
 * more comes of it, and the mail server is still to be told; `close`, so is the connection.
 */
export type TransferEnd = "answered" | "ended" | "close";

/** A message from DATA to its dot, or from the first BDAT to the last, and the answers to it. */
export async function transferMessage(
  command: Extract<Command, { verb: "DATA" | "BDAT" }>,
  options: TransferOptions,
): Promise<TransferEnd> {
  const { context, replies, transaction } = options;
  const startedMs = context.clock.nowMs();
  const start: DataStart =
    transaction === undefined
      ? { kind: "no", reply: reply(503, "5.5.1 MAIL and RCPT first") }
      : await transaction.start(command.verb === "DATA" ? "data" : "chunks");
  if (start.kind === "no") {
    // The bytes of a chunk follow whatever is answered.
    const isComplete = command.verb === "DATA" || (await takeChunk(command, options));
    replies.say(start.reply);
    return isComplete ? "ended" : "close";
  }
  const { delivery } = start;
  try {
    if (command.verb === "DATA") replies.say(start.reply);
    const end =
      command.verb === "DATA"
        ? await takeData(delivery, options)
        : await takeChunks(command, { ...options, delivery });
    if (end === "complete") return await answer(delivery, { ...options, startedMs });
    report(delivery, { ...options, startedMs, isAborted: true, results: [] });
    return end;
  } finally {
    // Does nothing where the message was completed.
    delivery.abandon();
  }
}

async function takeData(
  delivery: MessageDelivery,
  { input, connection, context }: TransferOptions,
): Promise<"complete" | "close"> {
  for (;;) {
    const part = input.data();
    if (part === undefined) {
      const bytes = await connection.read(context.limits.blockMs);
      if (bytes === undefined) return "close";
      input.push(bytes);
      continue;
    }
    await delivery.write(part.bytes, part);
    if (part.isLast) return "complete";
  }
}

async function takeChunks(
  first: Extract<Command, { verb: "BDAT" }>,
  options: TransferOptions & { readonly delivery: MessageDelivery },
): Promise<"complete" | "ended" | "close"> {
  const { delivery, replies, nextCommand } = options;
  let command: Command | undefined = first;
  for (;;) {
    switch (command?.verb) {
      case undefined:
        return "close";
      case "BDAT":
        if (!(await takeChunk(command, options))) return "close";
        if (command.isLast) return "complete";
        replies.say(delivery.failure ?? reply(250, `2.0.0 ${command.sizeBytes} octets`));
        if (delivery.failure !== undefined) return "ended";
        break;
      case "RSET":
        replies.say(reply(250, "2.0.0 OK"));
        return "ended";
      case "NOOP":
        replies.say(reply(250, "2.0.0 OK"));
        break;
      case "QUIT":
        replies.say(reply(221, "2.0.0 Bye"));
        return "close";
      default:
        replies.say(reply(503, "5.5.1 BDAT is under way"));
    }
    command = await nextCommand();
  }
}

/** So many bytes, to the delivery where there is one; false when the client was gone before. */
async function takeChunk(
  { sizeBytes, isLast }: Extract<Command, { verb: "BDAT" }>,
  options: TransferOptions & { readonly delivery?: MessageDelivery },
): Promise<boolean> {
  const { input, connection, context, delivery } = options;
  let missing = sizeBytes;
  while (missing > 0) {
    const bytes = input.bytes(missing);
    if (bytes === undefined) {
      const more = await connection.read(context.limits.blockMs);
      if (more === undefined) return false;
      input.push(more);
      continue;
    }
    missing -= bytes.length;
    await delivery?.write(bytes, { isLast: isLast && missing === 0 });
  }
  return true;
}

type Started = TransferOptions & { readonly startedMs: number };

async function answer(delivery: MessageDelivery, options: Started): Promise<TransferEnd> {
  const { replies, connection } = options;
  const pending = await delivery.finish(() => connection.isGone);
  for (const result of pending) replies.add(result.then(({ reply: said }) => said));
  const results = await Promise.all(pending);
  delivery.ended();
  report(delivery, { ...options, results, isAborted: false });
  const isTaken = results.every(({ reply: said }) => isPositive(said));
  return isTaken || delivery.endsTransaction ? "answered" : "ended";
}

function report(
  delivery: MessageDelivery,
  options: Started & {
    readonly results: Awaited<Awaited<ReturnType<MessageDelivery["finish"]>>[number]>[];
    readonly isAborted: boolean;
  },
): void {
  const { context, peer, startedMs, results, isAborted } = options;
  context.onDelivery({
    id: delivery.id,
    peer,
    sender: delivery.sender,
    sizeBytes: delivery.sizeBytes,
    durationMs: context.clock.nowMs() - startedMs,
    results,
    isPassedThrough: delivery.isPassedThrough,
    isAborted,
  });
}
