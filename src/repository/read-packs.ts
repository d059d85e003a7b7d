/**
 * Whole packs from storage, several on their way, decrypted and hashed by threads; what was found
 * is noted pack by pack.
 */
import { availableParallelism } from "node:os";
import { StorageError } from "#storage";
import { systemClock } from "#time";
import type { BlobIndex } from "./blob-index.ts";
import { assertStillThere } from "./is-damage.ts";
import { blobDamaged } from "./missing-blob.ts";
import { isSoundPack, type PackCheck, packCheckTask } from "./pack-check.ts";
import { openPackCheckPool, type PackCheckPool } from "./pack-check-pool.ts";
import type { IndexedPackLayout } from "./pack-layout.ts";
import { noReadings, ReadingNotes } from "./pack-readings.ts";
import { inOrderOfAge, type PackAge, packsDue, rollingReport } from "./rolling.ts";
import type { VerifyFinding, VerifyOptions, RollingReport } from "./verify-report.ts";
import type { PackSizes } from "./verify-packs.ts";
import { blobIdKey, type VerifyRun } from "./verify-run.ts";

/** More in memory at once is not quicker. A single pack may be larger. */
const mostBytesInFlight = 64 * 1024 * 1024;
/** Below this starting threads takes longer than they save. */
const worthThreadsBytes = 32 * 1024 * 1024;

export type ReadPacksInput = {
  readonly index: BlobIndex;
  readonly layouts: ReadonlyMap<string, IndexedPackLayout>;
  readonly sizes: PackSizes;
  /** On `clockMs`, of the whole run. */
  readonly startedMs: number;
};

/** Reads what the options want read; undefined where they ask for no rolling report. */
export async function readPacks(
  run: VerifyRun,
  input: ReadPacksInput,
): Promise<RollingReport | undefined> {
  const { rolling, readings: keeper = noReadings } = run.options;
  const now = run.options.now ?? systemClock();
  const clockMs = clockOf(run.options);
  const notes = new ReadingNotes(
    { keeper, packs: input.layouts, now, clockMs },
    await keeper.load(),
  );
  const ages = agesOf(input, { notes, suspects: run.suspectPacks });
  const beganMs = clockMs();
  const reading = new PackReading(run, input, notes);
  const chosen = choose(run, { ages, nowNs: now(), previousNs: notes.previousNs });
  try {
    await reading.readAll(chosen);
  } finally {
    await notes.save();
  }
  if (rolling === undefined) return undefined;
  return rollingReport({
    ages: agesOf(input, { notes, suspects: new Set() }),
    rolling,
    nowNs: now(),
    previousNs: notes.previousNs,
    packsRead: reading.packsRead,
    bytesRead: run.bytesRead,
    tookMs: clockMs() - beganMs,
    structureMs: beganMs - input.startedMs,
    endedByBudget: reading.packsRead < chosen.length,
  });
}

export function clockOf({ clockMs }: VerifyOptions): () => number {
  return clockMs ?? (() => performance.now());
}

function agesOf(
  { layouts, sizes }: ReadPacksInput,
  { notes, suspects }: { readonly notes: ReadingNotes; readonly suspects: ReadonlySet<string> },
): readonly PackAge[] {
  // One that is missing cannot be read, and is told already.
  return [...layouts.keys()].flatMap((packId) => {
    const sizeBytes = sizes.get(packId);
    if (sizeBytes === undefined) return [];
    const isDamaged = notes.isDamaged(packId) || suspects.has(packId);
    const soundAtNs = suspects.has(packId) ? undefined : notes.soundAt(packId);
    return [{ packId, sizeBytes, soundAtNs, isDamaged }];
  });
}

/** What is known or suspected to be damaged is looked at in every run. */
function choose(
  { options: { readData, rolling } }: VerifyRun,
  {
    ages,
    nowNs,
    previousNs,
  }: {
    readonly ages: readonly PackAge[];
    readonly nowNs: bigint;
    readonly previousNs: bigint | undefined;
  },
): readonly PackAge[] {
  if (readData === true) return inOrderOfAge(ages);
  if (rolling === undefined) return ages.filter(({ isDamaged }) => isDamaged);
  return packsDue({ ages, withinMs: rolling.withinMs, nowNs, previousNs });
}

class PackReading {
  packsRead = 0;
  readonly #run: VerifyRun;
  readonly #input: ReadPacksInput;
  readonly #notes: ReadingNotes;

  constructor(run: VerifyRun, input: ReadPacksInput, notes: ReadingNotes) {
    this.#run = run;
    this.#input = input;
    this.#notes = notes;
  }

  async readAll(packs: readonly PackAge[]): Promise<void> {
    if (packs.length === 0) return;
    const { core, options } = this.#run;
    const bytes = packs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const threads = bytes < worthThreadsBytes ? 0 : Math.min(availableParallelism(), 4);
    await using pool = openPackCheckPool(core.masterKey, options.workers ?? threads);
    const inFlight = new Set<Promise<void>>();
    let bytesInFlight = 0;
    const beganMs = clockOf(options)();
    for (const pack of packs) {
      options.signal?.throwIfAborted();
      const { sizeBytes } = pack;
      while (
        inFlight.size >= pool.width ||
        (inFlight.size > 0 && bytesInFlight + sizeBytes > mostBytesInFlight)
      )
        await Promise.race(inFlight);
      if (this.#isOver(inFlight.size, beganMs)) break;
      bytesInFlight += sizeBytes;
      const work: Promise<void> = this.#readOne(pack, { pool, total: packs.length }).finally(() => {
        inFlight.delete(work);
        bytesInFlight -= sizeBytes;
      });
      // Awaited with the others: until then a failure is nobody's.
      work.catch(() => undefined);
      inFlight.add(work);
    }
    await Promise.all(inFlight);
  }

  /** Whether another pack would be done too late, if it takes as long as those before it. */
  #isOver(inFlight: number, beganMs: number): boolean {
    const { rolling } = this.#run.options;
    if (rolling?.budgetMs === undefined) return false;
    const nowMs = clockOf(this.#run.options)();
    const eachMs = this.packsRead === 0 ? 0 : (nowMs - beganMs) / this.packsRead;
    return nowMs + (inFlight + 1) * eachMs > this.#input.startedMs + rolling.budgetMs;
  }

  async #readOne(
    { packId }: PackAge,
    { pool, total }: { readonly pool: PackCheckPool; readonly total: number },
  ): Promise<void> {
    const { core, options, signal } = this.#run;
    const { index, layouts } = this.#input;
    const blobs = layouts.get(packId)?.blobs ?? [];
    let isSound = false;
    try {
      const bytes = await core.context.storage.load({ type: "data", name: packId }, signal);
      this.#run.bytesRead += bytes.length;
      const check = await pool.check(packCheckTask(index, { packId, blobs, bytes }));
      this.#tell(check, { packId, blobs });
      isSound = isSoundPack(check);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      await assertStillThere(core, options.signal);
      this.#run.findError(error, { code: "pack-damaged", severity: "error", file: packId });
      for (const blob of blobs) this.#run.badBlobs.add(blobIdKey(index.idOf(blob)));
    }
    await this.#notes.note(packId, isSound);
    this.packsRead++;
    options.onProgress?.({ done: this.packsRead, total, bytes: this.#run.bytesRead });
  }

  #tell(
    check: PackCheck,
    { packId, blobs }: { readonly packId: string; readonly blobs: readonly number[] },
  ): void {
    const { index } = this.#input;
    const name = packId.slice(0, 8);
    const tell = (
      code: VerifyFinding["code"],
      severity: VerifyFinding["severity"],
      message: string,
    ): void => this.#run.find({ code, severity, file: packId, message });
    if (!check.isNamedRight)
      tell("pack-damaged", "error", `Pack ${name}: its bytes do not match its name`);
    if (!check.hasHeader) tell("pack-damaged", "error", `Pack ${name}: its header cannot be read`);
    if (check.wrongInIndex > 0)
      tell("index-wrong", "error", `Pack ${name}: its header contradicts the index`);
    else if (check.hasHeader && check.notInIndex > 0)
      tell("index-wrong", "warning", `Pack ${name}: its header lists more blobs than the index`);
    for (const at of check.badBlobs) {
      const id = index.idOf(blobs[at] as number);
      this.#run.badBlobs.add(blobIdKey(id));
      tell("blob-damaged", "error", blobDamaged(id, packId).message);
    }
  }
}
