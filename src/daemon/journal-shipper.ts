import { isRecoveryError } from "#errors";
import type { Journal } from "#journal";
import { backOffMs } from "./back-off.ts";
import type { DaemonClock, DaemonGroup } from "./daemon-group.ts";
import type { DaemonRecords } from "./daemon-records.ts";

const everyMs = 60_000;

/** How far a group's journal is in its copy. */
export type ShippedStatus = {
  /** When all that was finished was there last. */
  readonly atNs?: bigint;
  /** Since the daemon was started. */
  readonly segments: number;
  readonly storedBytes: number;
  /** Why the last attempt failed. */
  readonly failure?: string;
};

/** Brings what is finished of a group's journal into its copy, every minute; what fails is tried again. */
export class JournalShipper {
  readonly #group: Pick<DaemonGroup, "ship" | "keepChangesSince" | "baseEveryMs">;
  readonly #clock: DaemonClock;
  readonly #records: Pick<DaemonRecords, "holds">;
  #dueNs: bigint;
  #failures = 0;
  #isTaken = true;
  #status: ShippedStatus = { segments: 0, storedBytes: 0 };
  #working: Promise<string | undefined> | undefined;

  constructor(
    group: Pick<DaemonGroup, "ship" | "keepChangesSince" | "baseEveryMs">,
    { clock, records }: { readonly clock: DaemonClock; readonly records: DaemonRecords },
  ) {
    this.#group = group;
    this.#clock = clock;
    this.#records = records;
    this.#dueNs = clock.now();
  }

  /** Undefined where its copy takes none. */
  get status(): ShippedStatus | undefined {
    return this.#group.ship === undefined || !this.#isTaken ? undefined : this.#status;
  }

  get isWorking(): boolean {
    return this.#working !== undefined;
  }

  /** Begins where it is due. Resolves at once; `onTold` hears of what went wrong, once per reason. */
  begin(
    journal: Journal,
    { signal, onTold }: { readonly signal: AbortSignal; readonly onTold: (told: string) => void },
  ): void {
    const { ship } = this.#group;
    const nowNs = this.#clock.now();
    if (ship === undefined || this.#working !== undefined) return;
    // A clock that was set back must not put it off for so long.
    this.#dueNs = least(this.#dueNs, this.#after(nowNs, backOffMs(this.#failures + 20, 1)));
    if (nowNs < this.#dueNs) return;
    this.#working = this.#ship(ship, journal, signal).finally(() => (this.#working = undefined));
    void this.#working.then((told) => {
      if (told !== undefined) onTold(told);
    });
  }

  /** Resolves when nothing is being shipped any more. */
  async idle(): Promise<void> {
    await this.#working;
  }

  /** What failed, where it was something else before. Never rejects. */
  async #ship(
    ship: NonNullable<DaemonGroup["ship"]>,
    journal: Journal,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const before = this.#status;
    try {
      const keepSinceNs = await this.#keepSince();
      const shipped = await ship(journal, { keepSinceNs, signal });
      this.#failures = 0;
      this.#isTaken = shipped !== undefined;
      const { segments = 0, bytesStored = 0 } = shipped ?? {};
      this.#status = {
        atNs: this.#clock.now(),
        segments: before.segments + segments,
        storedBytes: before.storedBytes + bytesStored,
      };
      this.#dueNs = this.#after(this.#clock.now(), everyMs);
      return undefined;
    } catch (error) {
      if (signal.aborted) return undefined;
      const failure = isRecoveryError(error) ? error.message : String(error);
      this.#failures++;
      const waitMs = Math.max(everyMs, backOffMs(this.#failures, this.#clock.random()));
      this.#dueNs = this.#after(this.#clock.now(), waitMs);
      this.#status = { ...before, failure };
      return failure === before.failure
        ? undefined
        : `its journal is not in its copy yet, and is tried again: ${failure}`;
    }
  }

  /** Later than the journal itself lets go: a base may need what is before the oldest moment kept. */
  async #keepSince(): Promise<bigint | undefined> {
    const sinceNs = this.#group.keepChangesSince(this.#clock.now());
    if (sinceNs === undefined || (await this.#records.holds()).length > 0) return undefined;
    return sinceNs - BigInt(2 * this.#group.baseEveryMs) * 1_000_000n;
  }

  #after(ns: bigint, milliseconds: number): bigint {
    return ns + BigInt(milliseconds) * 1_000_000n;
  }
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
