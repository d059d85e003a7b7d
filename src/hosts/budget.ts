/** So much at once, and who comes first gets it first: requests in flight, bytes in memory. */
export class Budget {
  readonly #limit: number;
  readonly #waiting: { readonly amount: number; readonly go: () => void }[] = [];
  #used = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** What is larger than the whole budget goes alone. Dispose what is returned to give it back. */
  async take(wanted: number, signal?: AbortSignal): Promise<Disposable> {
    signal?.throwIfAborted();
    const amount = Math.min(wanted, this.#limit);
    if (this.#waiting.length > 0 || this.#used + amount > this.#limit)
      await this.#turn(amount, signal);
    else this.#used += amount;
    let isGiven = false;
    return {
      [Symbol.dispose]: () => {
        if (isGiven) return;
        isGiven = true;
        this.#used -= amount;
        this.#wake();
      },
    };
  }

  /** Resolves when the amount is ours. */
  #turn(amount: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter = {
        amount,
        go: () => {
          signal?.removeEventListener("abort", onAbort);
          resolve();
        },
      };
      const onAbort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        this.#wake();
        reject(signal?.reason as Error);
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#waiting.push(waiter);
    });
  }

  #wake(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.#used + next.amount > this.#limit) return;
      this.#waiting.shift();
      this.#used += next.amount;
      next.go();
    }
  }
}
