/** Lines of a log wait for one another this long, milliseconds. */
const waitMs = 20;
/** And no longer than until there are so many. */
const maxLines = 100;

/**
 * Lines of a log that come by the hundreds in a second, said a few at a time: to say one wakes whoever
 * takes them, and both of them work for it more than for the line.
 */
export class GatheredLines {
  readonly #write: (text: string) => void;
  #lines: string[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** Soon, in order with the others. */
  add(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length >= maxLines) return this.flush();
    this.#timer ??= setTimeout(() => this.flush(), waitMs);
  }

  /** At once, after those that wait. */
  say(line: string): void {
    this.#lines.push(line);
    this.flush();
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const lines = this.#lines;
    if (lines.length === 0) return;
    this.#lines = [];
    this.#write(`${lines.join("\n")}\n`);
  }
}
