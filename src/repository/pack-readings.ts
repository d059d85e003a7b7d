/**
 * When each pack was last read whole, and whether it was sound then. Losing it only means reading
 * again, so it lies outside the repository, with whoever verifies.
 */

export type PackReading = {
  /** Nanoseconds since 1970 UTC. */
  readonly atNs: bigint;
  readonly isSound: boolean;
};

/** Keeps the readings of one repository, by the pack's ID. Neither call throws: what is not kept is read again. */
export interface PackReadings {
  load(): Promise<ReadonlyMap<string, PackReading>>;
  /** Replaces what was kept. */
  save(readings: ReadonlyMap<string, PackReading>): Promise<void>;
}

export const noReadings: PackReadings = {
  load: async () => new Map(),
  save: async () => undefined,
};

/** A kill loses this much reading, at most. */
const saveEveryMs = 30_000;

export type ReadingNotesOptions = {
  readonly keeper: PackReadings;
  /** Packs that are there; the others are forgotten. */
  readonly packs: { has(packId: string): boolean };
  readonly now: () => bigint;
  readonly clockMs: () => number;
};

/** The readings during one run, kept now and then. */
export class ReadingNotes {
  readonly #options: ReadingNotesOptions;
  readonly #readings: Map<string, PackReading>;
  readonly #forgotten = new Set<string>();
  #savedMs: number;
  #saving: Promise<void> = Promise.resolve();
  #isChanged: boolean;
  /** When anything was last read before this run. */
  readonly previousNs: bigint | undefined;

  constructor(options: ReadingNotesOptions, kept: ReadonlyMap<string, PackReading>) {
    this.#options = options;
    this.#readings = usable(kept, options);
    this.#isChanged = this.#readings.size < kept.size;
    this.#savedMs = options.clockMs();
    this.previousNs = latest(this.#readings);
  }

  /** The last reading that found the pack sound; undefined: it has to be read. */
  soundAt(packId: string): bigint | undefined {
    const reading = this.#readings.get(packId);
    return reading?.isSound === true ? reading.atNs : undefined;
  }

  isDamaged(packId: string): boolean {
    return this.#readings.get(packId)?.isSound === false;
  }

  damaged(): readonly string[] {
    return [...this.#readings].filter(([, { isSound }]) => !isSound).map(([packId]) => packId);
  }

  /** Damage is kept at once, soundness when it is time. */
  async note(packId: string, isSound: boolean): Promise<void> {
    const isNews = isSound === this.isDamaged(packId) || !isSound;
    this.#readings.set(packId, { atNs: this.#options.now(), isSound });
    this.#isChanged = true;
    if (isNews || this.#options.clockMs() - this.#savedMs >= saveEveryMs) await this.save();
  }

  forget(packIds: Iterable<string>): void {
    for (const packId of packIds) {
      this.#forgotten.add(packId);
      this.#isChanged = this.#readings.delete(packId) || this.#isChanged;
    }
  }

  async save(): Promise<void> {
    const before = this.#saving;
    this.#saving = (async () => {
      await before;
      if (!this.#isChanged) return;
      this.#isChanged = false;
      this.#savedMs = this.#options.clockMs();
      await this.#takeOver();
      await this.#options.keeper.save(this.#readings);
    })();
    await this.#saving;
  }

  /** Another run may have read packs meanwhile: the later reading counts. */
  async #takeOver(): Promise<void> {
    for (const [packId, reading] of usable(await this.#options.keeper.load(), this.#options)) {
      const ours = this.#readings.get(packId);
      const isLater = ours === undefined || reading.atNs > ours.atNs;
      const isWorse = reading.atNs === ours?.atNs && !reading.isSound;
      if (this.#forgotten.has(packId) || !(isLater || isWorse)) continue;
      this.#readings.set(packId, reading);
    }
  }
}

/** Of packs that are there, and not of a time that is yet to come: then the clock was wrong once. */
function usable(
  kept: ReadonlyMap<string, PackReading>,
  { packs, now }: ReadingNotesOptions,
): Map<string, PackReading> {
  const nowNs = now();
  const readings = new Map<string, PackReading>();
  for (const [packId, reading] of kept) {
    if (!packs.has(packId)) continue;
    if (reading.atNs <= nowNs) readings.set(packId, reading);
    // Damage stays known, whatever the clock said.
    else if (!reading.isSound) readings.set(packId, { atNs: nowNs, isSound: false });
  }
  return readings;
}

function latest(readings: ReadonlyMap<string, PackReading>): bigint | undefined {
  let latestNs: bigint | undefined;
  for (const { atNs } of readings.values())
    if (latestNs === undefined || atNs > latestNs) latestNs = atNs;
  return latestNs;
}
