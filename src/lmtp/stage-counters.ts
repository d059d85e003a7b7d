import type { DeliveryReport } from "./stage-context.ts";

/** What the stage has done since it started, and what it is doing. */
export type StageStatus = {
  readonly sessions: { readonly now: number; readonly total: number; readonly refused: number };
  readonly serverConnections: { readonly open: number; readonly idle: number };
  /** Transactions that wait until one is free. */
  readonly waitingForConnection: number;
  readonly messages: {
    readonly total: number;
    /** The MTA went away before all of it was here. */
    readonly aborted: number;
    readonly passedThrough: number;
  };
  readonly recipients: {
    readonly delivered: number;
    /** The mail server refused, for now or for good. */
    readonly refused: number;
    /** No answer of the mail server: the MTA was told to come again. */
    readonly unanswered: number;
  };
  readonly receivedBytes: number;
  readonly isJournalWorking: boolean;
  /** Bytes of messages in memory. */
  readonly heldBytes: number;
  readonly peakHeldBytes: number;
};

export class StageCounters {
  sessions = 0;
  refusedSessions = 0;
  #messages = 0;
  #aborted = 0;
  #passedThrough = 0;
  #delivered = 0;
  #refused = 0;
  #unanswered = 0;
  #receivedBytes = 0;

  count({ results, sizeBytes, isAborted, isPassedThrough }: DeliveryReport): void {
    this.#messages += 1;
    this.#receivedBytes += sizeBytes;
    if (isAborted) this.#aborted += 1;
    if (isPassedThrough) this.#passedThrough += 1;
    for (const { reply, isServers } of results) {
      if (!isServers) this.#unanswered += 1;
      else if (reply.code < 300) this.#delivered += 1;
      else this.#refused += 1;
    }
  }

  status(
    now: Pick<
      StageStatus,
      | "serverConnections"
      | "waitingForConnection"
      | "isJournalWorking"
      | "heldBytes"
      | "peakHeldBytes"
    > & { readonly sessions: number },
  ): StageStatus {
    return {
      ...now,
      sessions: { now: now.sessions, total: this.sessions, refused: this.refusedSessions },
      messages: {
        total: this.#messages,
        aborted: this.#aborted,
        passedThrough: this.#passedThrough,
      },
      recipients: {
        delivered: this.#delivered,
        refused: this.#refused,
        unanswered: this.#unanswered,
      },
      receivedBytes: this.#receivedBytes,
    };
  }
}
