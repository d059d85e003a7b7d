import type { Reply } from "../protocol/reply.ts";

/** What writes answers: to the end of what may be written now, and when there is room for more. */
export type ReplyWriter = {
  readonly write: (reply: Reply) => void;
  /** Undefined where there is room. Rejects where there will be none. */
  readonly room: () => Promise<void> | undefined;
};

type Due = { reply: Reply | undefined };

/** Answers in the order of what was asked, whenever each of them becomes known. */
export class ReplyQueue {
  readonly #writer: ReplyWriter;
  readonly #due: Due[] = [];
  #isBlocked = false;
  #failure: { readonly reason: unknown } | undefined;
  #waiting: (() => void)[] = [];

  constructor(writer: ReplyWriter) {
    this.#writer = writer;
  }

  /** Whether so many are due that no more should be asked for, or one could not be written: `room` says. */
  isFull(most: number): boolean {
    return this.#failure !== undefined || this.#count >= most;
  }

  /** An answer that is known. */
  say(reply: Reply): void {
    this.#due.push({ reply });
    this.#write();
  }

  /** One that is not yet. The promise should not reject. */
  add(answer: Promise<Reply>): void {
    const due: Due = { reply: undefined };
    this.#due.push(due);
    answer.then(
      (reply) => {
        due.reply = reply;
        this.#write();
      },
      (reason: unknown) => this.#fail(reason),
    );
  }

  /** Resolves when all that were added by now are written. Rejects when one could not be. */
  async sent(): Promise<void> {
    await this.room(1);
  }

  /** Resolves when fewer than so many are due. Rejects when one could not be written. */
  async room(most: number): Promise<void> {
    while (this.#count >= most && this.#failure === undefined)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.#failure !== undefined) throw this.#failure.reason;
  }

  /** What was written and not taken is due as well. */
  get #count(): number {
    return this.#due.length + (this.#isBlocked ? 1 : 0);
  }

  #write(): void {
    let isChanged = false;
    while (!this.#isBlocked && this.#failure === undefined) {
      const reply = this.#due[0]?.reply;
      if (reply === undefined) break;
      this.#due.shift();
      this.#writer.write(reply);
      isChanged = true;
      const room = this.#writer.room();
      if (room !== undefined) void this.#waitFor(room);
    }
    if (isChanged) this.#wake();
  }

  async #waitFor(room: Promise<void>): Promise<void> {
    this.#isBlocked = true;
    try {
      await room;
      this.#isBlocked = false;
      this.#wake();
      this.#write();
    } catch (reason) {
      this.#fail(reason);
    }
  }

  #fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#wake();
  }

  #wake(): void {
    if (this.#waiting.length === 0) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
