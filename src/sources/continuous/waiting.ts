/** Sleeps until a time, or until somebody calls. */
export class Alarm {
  #wake: (() => void) | undefined;
  #isCalled = false;

  call(): void {
    this.#isCalled = true;
    this.#wake?.();
  }

  /** At once where it was called since the last sleep. */
  async sleep(ms: number): Promise<void> {
    if (!this.#isCalled && ms > 0)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(ms, 2 ** 31 - 1));
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    this.#wake = undefined;
    this.#isCalled = false;
  }
}
