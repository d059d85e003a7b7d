/** How often deadlines are looked at, milliseconds. */
const tickMs = 250;
/** Shorter ones have a timer of their own. */
const leastMs = 5000;

/**
 * Many limits that are set and, nearly always, taken back before they are reached: with a timer of Node
 * for each of them, timers are a twentieth of what a delivery costs. A limit of five seconds and more is
 * told up to a quarter of a second late.
 */
export class Deadlines {
  readonly #nowMs: () => number;
  /** The list of all of them begins and ends here. */
  readonly #ring = new Deadline(Infinity, () => undefined);
  #ticking: NodeJS.Timeout | undefined;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Calls after that time, and not before, unless it is disposed of. */
  after(durationMs: number, call: () => void): Disposable {
    if (durationMs < leastMs) {
      const timer = setTimeout(call, durationMs);
      return { [Symbol.dispose]: () => clearTimeout(timer) };
    }
    const deadline = new Deadline(this.#nowMs() + durationMs, call);
    deadline.insertBefore(this.#ring);
    this.#ticking ??= setInterval(this.#look, tickMs);
    return deadline;
  }

  readonly #look = (): void => {
    const nowMs = this.#nowMs();
    const reached: Deadline[] = [];
    for (let one = this.#ring.next; one !== this.#ring; one = one.next)
      if (one.atMs <= nowMs) reached.push(one);
    // One of them may take another back.
    for (const one of reached) if (one.takeOut()) one.call();
    // Not sooner: for whoever is busy, one or another is nearly always pending.
    if (this.#ring.next !== this.#ring) return;
    clearInterval(this.#ticking);
    this.#ticking = undefined;
  };
}

/** In a ring, so that none is looked for when it is taken out. */
class Deadline implements Disposable {
  readonly atMs: number;
  readonly call: () => void;
  next: Deadline;
  #previous: Deadline;

  constructor(atMs: number, call: () => void) {
    this.atMs = atMs;
    this.call = call;
    this.next = this;
    this.#previous = this;
  }

  insertBefore(other: Deadline): void {
    this.next = other;
    this.#previous = other.#previous;
    other.#previous.next = this;
    other.#previous = this;
  }

  /** Whether it was still in. */
  takeOut(): boolean {
    if (this.next === this) return false;
    this.#previous.next = this.next;
    this.next.#previous = this.#previous;
    this.next = this;
    this.#previous = this;
    return true;
  }

  [Symbol.dispose](): void {
    this.takeOut();
  }
}
