import { setImmediate } from "node:timers/promises";

/** Long enough that a turn costs nothing beside it, short enough that nobody waits for it. */
const turnMs = 2;

/**
 * Lets other work of this thread have its turn while a long walk of synchronous calls goes on: the
 * key is derived, the lock is written and settles meanwhile. Work that awaits only promises that are
 * settled never gives way by itself. `if (turns.isDue) await turns.give();`
 */
export class Turns {
  #sinceMs: number = performance.now();

  get isDue(): boolean {
    return performance.now() - this.#sinceMs >= turnMs;
  }

  async give(): Promise<void> {
    await setImmediate();
    this.#sinceMs = performance.now();
  }
}
