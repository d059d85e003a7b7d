import type { Measurement } from "./measure.ts";

/** What a program did; `key` opens the repository's key and `start` only starts the program. */
export const steps = [
  "first",
  "unchanged",
  "changes",
  "restore",
  "one-message",
  "verify",
  "prune",
  "key",
  "start",
] as const;
export type Step = (typeof steps)[number];

/** One measured run of one program. */
export type Sample = Measurement & {
  readonly step: Step;
  readonly store: string;
  readonly program: string;
  readonly round: number;
  /** What lies in the repository afterwards, where that was counted. */
  readonly storedBytes?: number;
};

/** Collects the samples of a whole run, in the order they were taken. */
export class Recorder {
  readonly #samples: Sample[] = [];
  readonly #tools: Readonly<Record<string, string>>;

  constructor(tools: Readonly<Record<string, string>>) {
    this.#tools = tools;
  }

  get samples(): readonly Sample[] {
    return this.#samples;
  }

  isAbsent(tool: string): boolean {
    return this.#tools[tool] === "absent";
  }

  add(sample: Sample): void {
    this.#samples.push(sample);
    const seconds = (sample.wallMs / 1000).toFixed(2);
    const megabytes = Math.round(sample.peakMemoryKiB / 1024);
    process.stderr.write(
      `${sample.store} round ${sample.round + 1} ${sample.step} ${sample.program}: ${seconds} s, ${megabytes} MiB\n`,
    );
  }
}

export function median(values: readonly number[]): number | undefined {
  const ascending = values.toSorted((left, right) => left - right);
  const middle = Math.floor(ascending.length / 2);
  const [low, high] = [ascending[Math.ceil(ascending.length / 2) - 1], ascending[middle]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}
