import { isRecoveryError } from "#errors";
import type { Journal } from "#journal";
import type { ContinuousCapture } from "#sources";
import { baseDue } from "./base-schedule.ts";
import { DaemonError } from "./daemon-error.ts";
import type { BaseMoment, DaemonClock, DaemonGroup } from "./daemon-group.ts";

/** After a base that could not be taken. */
const againMs = 10 * 60_000;

/** Sees to it that the journal of a group has a base that is not too old. */
export class BaseKeeper {
  readonly #group: DaemonGroup;
  readonly #clock: DaemonClock;
  #newest: BaseMoment;
  #dueNs: bigint;
  #working: Promise<string | undefined> | undefined;

  private constructor(group: DaemonGroup, clock: DaemonClock, newest: BaseMoment) {
    this.#group = group;
    this.#clock = clock;
    this.#newest = newest;
    this.#dueNs = this.#dueOf(newest);
  }

  /**
   * The newest that is there and that the journal goes on from; one that is taken now, where there is none:
   * a copy whose capture began before the journal did misses what happened in between.
   */
  static async begin(
    group: DaemonGroup,
    options: {
      readonly journal: Journal;
      readonly clock: DaemonClock;
      readonly onTaking: () => void;
      readonly signal: AbortSignal;
    },
  ): Promise<BaseKeeper> {
    const { journal, clock, onTaking, signal } = options;
    const span = (await journal.spans(signal)).at(-1);
    let newest = await group.newestBase(signal);
    if (newest === undefined || span === undefined || newest.fromNs < span.first.atNs) {
      onTaking();
      newest = await group.takeBase(signal);
    }
    return new BaseKeeper(group, clock, newest);
  }

  get newest(): BaseMoment {
    return this.#newest;
  }

  get dueNs(): bigint {
    return this.#dueNs;
  }

  get isWorking(): boolean {
    return this.#working !== undefined;
  }

  /** Says in the journal that what comes from here on can be replayed on the newest base. */
  async mark(journal: Journal): Promise<void> {
    const { id, fromNs } = this.#newest;
    await journal.append({ type: "mark", name: "base", id, fromNs }, this.#clock.now()).durable;
  }

  /** Begins to take the next one where it is due. Resolves at once; `onDone` hears what came of it. */
  begin(
    site: { readonly journal: Journal; readonly capture: ContinuousCapture },
    { signal, onDone }: { readonly signal: AbortSignal; readonly onDone: (told?: string) => void },
  ): void {
    if (this.#working !== undefined || this.#clock.now() < this.#dueNs) return;
    this.#working = this.#renew(site, signal).finally(() => (this.#working = undefined));
    this.#working.then(onDone, () => onDone());
  }

  /** Resolves when none is being taken any more. */
  async idle(): Promise<void> {
    await this.#working?.catch(() => undefined);
  }

  async #renew(
    { journal, capture }: { readonly journal: Journal; readonly capture: ContinuousCapture },
    signal: AbortSignal,
  ): Promise<string | undefined> {
    try {
      // Somebody else may have taken one meanwhile.
      const found = await this.#group.newestBase(signal);
      const isNewer = found !== undefined && found.atNs > this.#newest.atNs;
      const next = isNewer ? found : await this.#group.takeBase(signal);
      // Everything that the copy may have seen half done is in the journal before it counts.
      await capture.settle();
      this.#newest = next;
      this.#dueNs = this.#dueOf(next);
      await this.mark(journal);
      return undefined;
    } catch (error) {
      if (signal.aborted) return undefined;
      this.#dueNs = this.#clock.now() + BigInt(againMs) * 1_000_000n;
      // The journal goes on on the base before it: replay takes longer, nothing is lost.
      const why =
        isRecoveryError(error) || error instanceof DaemonError ? error.message : String(error);
      return `the next base could not be taken: ${why}`;
    }
  }

  #dueOf({ atNs: newestNs }: BaseMoment): bigint {
    const nowNs = this.#clock.now();
    const waitMs = baseDue({ everyMs: this.#group.baseEveryMs }, { newestNs, nowNs });
    return nowNs + BigInt(Math.ceil(waitMs)) * 1_000_000n;
  }
}
