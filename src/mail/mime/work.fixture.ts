/**
 * Counts work instead of time, so that a test can tell linear from quadratic on any machine: how often
 * each block of the project's code ran (V8's precise coverage), and how many bytes and characters
 * searches and conversions of the standard library went over.
 */
import { Session } from "node:inspector";

type Counted = { readonly searched: () => number; readonly restore: () => void };

/** Code that was compiled before this is counted less exactly: import what is measured afterwards. */
export class WorkCounter implements Disposable {
  readonly #session = new Session();

  constructor() {
    this.#session.connect();
    this.#post("Profiler.enable");
    this.#post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  count(run: () => void): number {
    this.#blocks();
    const counted = countSearches();
    try {
      run();
    } finally {
      counted.restore();
    }
    return this.#blocks() + counted.searched() / 8;
  }

  /** How often blocks ran since the last call, which resets the counts. */
  #blocks(): number {
    let total = 0;
    const { result } = this.#post("Profiler.takePreciseCoverage") as {
      readonly result: readonly {
        readonly url: string;
        readonly functions: readonly { readonly ranges: readonly { readonly count: number }[] }[];
      }[];
    };
    for (const { url, functions } of result) {
      if (!/\/src\/mail\/(?:mime|message|cut)\/(?!.*\.(?:test|fixture)\.ts$)/.test(url)) continue;
      for (const { ranges } of functions) for (const { count } of ranges) total += count;
    }
    return total;
  }

  #post(method: string, parameters: object = {}): unknown {
    let answer: unknown;
    // Within one process the session answers before `post` returns.
    this.#session.post(method, parameters, (error, result) => {
      if (error !== null) throw new Error(`${method}: ${String(error)}`);
      answer = result;
    });
    return answer;
  }

  [Symbol.dispose](): void {
    this.#session.disconnect();
  }
}

function countSearches(): Counted {
  let searched = 0;
  const restores: (() => void)[] = [];
  const patch = <Key extends string>(
    prototype: Record<Key, unknown>,
    name: Key,
    cost: (self: { readonly length: number }, from: unknown, result: unknown) => number,
  ): void => {
    const original = prototype[name] as (...parameters: unknown[]) => unknown;
    prototype[name] = function (this: { readonly length: number }, ...parameters: unknown[]) {
      const result = original.apply(this, parameters);
      searched += cost(this, parameters[1], result);
      return result;
    };
    restores.push(() => void (prototype[name] = original));
  };
  const forwards = (self: { readonly length: number }, from: unknown, result: unknown): number => {
    const start = typeof from === "number" ? from : 0;
    return Math.max(0, (result as number) < 0 ? self.length - start : (result as number) - start);
  };
  const produced = (_self: unknown, _from: unknown, result: unknown): number =>
    (result as string).length;
  const buffer = Buffer.prototype as unknown as Record<string, unknown>;
  const string = String.prototype as unknown as Record<string, unknown>;
  patch(buffer, "indexOf", forwards);
  patch(buffer, "toString", produced);
  patch(string, "indexOf", forwards);
  patch(string, "replace", (self) => self.length);
  patch(string, "replaceAll", (self) => self.length);
  return {
    searched: () => searched,
    restore: () => {
      for (const restore of restores) restore();
    },
  };
}
