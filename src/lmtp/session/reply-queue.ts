import type { Reply } from "../protocol/reply.ts";

/** Answers in the order of what was asked, whenever each of them becomes known. */
export class ReplyQueue {
  readonly #write: (reply: Reply) => Promise<void>;
  #last: Promise<void> = Promise.resolve();
  #due = 0;
  #wake: (() => void) | undefined;

  constructor(write: (reply: Reply) => Promise<void>) {
    this.#write = write;
  }

  /** The promise must not reject. */
  add(answer: Promise<Reply>): void {
    this.#due += 1;
    const before = this.#last;
    const written = (async () => {
      try {
        await before;
        await this.#write(await answer);
      } finally {
        this.#due -= 1;
        this.#wake?.();
      }
    })();
    // Whoever waits for the end is told; until then nobody else has to be.
    written.catch(() => undefined);
    this.#last = written;
  }

  /** Resolves when all are written. Rejects when one could not be. */
  async sent(): Promise<void> {
    await this.#last;
  }

  /** Resolves when fewer than so many are due. */
  async room(most: number): Promise<void> {
    while (this.#due >= most) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = undefined;
    }
  }
}
