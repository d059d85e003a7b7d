import { isRecoveryError } from "#errors";
import type { Journal } from "#journal";
import { planThinning } from "#methods";
import type { DaemonClock, DaemonGroup } from "./daemon-group.ts";
import type { DaemonRecords } from "./daemon-records.ts";

const everyNs = 3_600_000_000_000n;

/** Removes what of a group's journal its rules do not keep: when it starts, and every hour. */
export class JournalKeeper {
  readonly #group: Pick<DaemonGroup, "name" | "newestBase" | "keepChangesSince">;
  readonly #clock: DaemonClock;
  readonly #records: Pick<DaemonRecords, "holds">;
  #dueNs: bigint;
  #working: Promise<string | undefined> | undefined;

  constructor(
    group: Pick<DaemonGroup, "name" | "newestBase" | "keepChangesSince">,
    { clock, records }: { readonly clock: DaemonClock; readonly records: DaemonRecords },
  ) {
    this.#group = group;
    this.#clock = clock;
    this.#records = records;
    this.#dueNs = clock.now();
  }

  /** Begins to look where it is due. Resolves at once; `onTold` hears of what went wrong. */
  begin(
    journal: Journal,
    { signal, onTold }: { readonly signal: AbortSignal; readonly onTold: (told: string) => void },
  ): void {
    const nowNs = this.#clock.now();
    // A clock that was set back must not put it off for so long.
    if (this.#dueNs > nowNs + everyNs) this.#dueNs = nowNs + everyNs;
    if (this.#working !== undefined || nowNs < this.#dueNs) return;
    this.#dueNs = nowNs + everyNs;
    this.#working = this.#thin(journal, signal).finally(() => (this.#working = undefined));
    void this.#working.then((told) => {
      if (told !== undefined) onTold(told);
    });
  }

  /** Resolves when nothing is being removed any more. */
  async idle(): Promise<void> {
    await this.#working;
  }

  /** What failed, for a person: then nothing more is removed until the next time. Never rejects. */
  async #thin(journal: Journal, signal: AbortSignal): Promise<string | undefined> {
    const group = this.#group;
    const nowNs = this.#clock.now();
    try {
      const sinceNs = group.keepChangesSince(nowNs);
      if (sinceNs === undefined) return undefined;
      const plan = await planThinning(journal, {
        sinceNs,
        nowNs,
        baseBy: async (atNs) => await group.newestBase(signal, atNs),
        holds: async () => await this.#records.holds(),
        signal,
      });
      if ("keepFrom" in plan) await journal.removeBefore(plan.keepFrom, signal);
      return undefined;
    } catch (error) {
      if (signal.aborted) return undefined;
      const why = isRecoveryError(error) ? error.message : String(error);
      return `what its rules do not keep of the journal stays for now: ${why}`;
    }
  }
}
