/**
 * Makes a repository say what is there again. The order is such that a kill anywhere loses nothing:
 * what can be read of damaged packs is stored, read back and indexed → a new index for what the old
 * ones said wrongly or not at all → the old index files go → the damaged packs go. Until a file is
 * removed, what replaces it can be read.
 */
import { systemClock } from "#time";
import { BlobWriter } from "./blob-writer.ts";
import { openBlob } from "./blob-reader.ts";
import { openCompressor } from "./compression.ts";
import { allocateKnownBlobs } from "./known-blobs.ts";
import { type Lock, takeLock, underLock } from "./lock.ts";
import { noReadings, ReadingNotes } from "./pack-readings.ts";
import { PackSaver } from "./pack-saver.ts";
import type { FinishedPack } from "./packer.ts";
import type { IndexedPack } from "./parsed-index.ts";
import { readBackPack } from "./read-back-pack.ts";
import { removeFiles } from "./remove-files.ts";
import type { RepairOptions, RepairReport } from "./repair-report.ts";
import { dropLost, repairedTag } from "./repair-snapshots.ts";
import { planRepair, type RepairWork } from "./repair-work.ts";
import type { RepositoryCore } from "./repository-core.ts";
import type { Snapshot } from "./repository.ts";
import { selfCheckFailed } from "./repository-error.ts";
import { inFullIndexFiles, replaceIndex } from "./write-index.ts";

export async function repairRepository(
  core: RepositoryCore,
  options: RepairOptions,
): Promise<RepairReport> {
  const { dryRun = false, signal } = options;
  const lock = await takeLock(core.context, {
    exclusive: !dryRun,
    now: options.now ?? systemClock(),
    ...(signal === undefined ? {} : { signal }),
  });
  return underLock(lock, async () => {
    const work = await planRepair(core, options);
    const { plan } = work;
    const isWanted = plan.isNeeded || withoutTwin(work, options).length > 0;
    if (dryRun || !isWanted || !(await options.approve(plan)))
      return { plan, done: false, ...nothingDone };
    return await new Repair(core, { options, lock, work }).run();
  });
}

/** Incomplete snapshots that are to be written again, and were not by an earlier repair. */
function withoutTwin(
  { losses, snapshots }: RepairWork,
  { dropLost: isWanted }: RepairOptions,
): readonly Snapshot[] {
  if (isWanted !== true) return [];
  const incomplete = new Set(losses.incomplete);
  const twins = snapshots.filter(({ tags }) => tags.includes(repairedTag));
  const done = new Set(
    twins.filter((twin) => !incomplete.has(twin)).map(({ original }) => original),
  );
  return losses.incomplete.filter(({ id, original }) => !done.has(original ?? id));
}

const nothingDone = {
  newIndexes: 0,
  newPacks: 0,
  removedIndexes: 0,
  removedPacks: 0,
  repairedSnapshots: [],
};

class Repair {
  readonly #core: RepositoryCore;
  readonly #options: RepairOptions;
  readonly #lock: Lock;
  readonly #work: RepairWork;
  readonly #signal: AbortSignal;
  #newIndexes = 0;
  #newPacks = 0;

  constructor(
    core: RepositoryCore,
    {
      options,
      lock,
      work,
    }: { readonly options: RepairOptions; readonly lock: Lock; readonly work: RepairWork },
  ) {
    this.#core = core;
    this.#options = options;
    this.#lock = lock;
    this.#work = work;
    const { signal } = options;
    this.#signal = AbortSignal.any([lock.signal, ...(signal === undefined ? [] : [signal])]);
  }

  async run(): Promise<RepairReport> {
    const { plan, newIndex, removeIndexes, removePacks } = this.#work;
    await this.#saveBlobs();
    for (const packs of inFullIndexFiles(newIndex)) await this.#writeIndex(packs);
    await this.#remove("index", removeIndexes);
    await this.#remove("data", removePacks);
    await this.#forgetReadings();
    const repairedSnapshots = await this.#dropLost(withoutTwin(this.#work, this.#options));
    return {
      plan,
      done: true,
      newIndexes: this.#newIndexes,
      newPacks: this.#newPacks,
      removedIndexes: removeIndexes.length,
      removedPacks: removePacks.length,
      repairedSnapshots,
    };
  }

  async #saveBlobs(): Promise<void> {
    const { saves } = this.#work;
    if (saves.length === 0) return;
    await this.#write(async (writer, saver) => {
      for (const save of saves) await this.#saveFrom(save, { writer, saver });
    });
  }

  /** Packs are read back before an index names them: what they were made of is about to go. */
  async #write(work: (writer: BlobWriter, saver: PackSaver) => Promise<void>): Promise<void> {
    const { context, masterKey } = this.#core;
    const saver = new PackSaver({
      context,
      signal: this.#signal,
      confirmLock: () => this.#lock.confirm(),
      confirmPack: (pack) => this.#confirmPack(pack),
      onIndex: async () => void this.#newIndexes++,
    });
    const writer = new BlobWriter({
      masterKey,
      version: context.version,
      // What is given is wanted; nothing is claimed here.
      knownBlobs: allocateKnownBlobs(0),
      onPack: (pack) =>
        void saver.take(pack).then(() => writer.slabs.giveBack(pack.bytes.buffer as ArrayBuffer)),
    });
    await work(writer, saver);
    writer.flush();
    await saver.finish();
  }

  async #saveFrom(
    { packId, blobs }: IndexedPack,
    { writer, saver }: { readonly writer: BlobWriter; readonly saver: PackSaver },
  ): Promise<void> {
    const { storage, sealer } = this.#core.context;
    const compressor = openCompressor();
    for (const blob of blobs) {
      const { id, type, offset, lengthBytes, rawLengthBytes } = blob;
      const range = { offset, lengthBytes, signal: this.#signal };
      const sealed = await storage.load({ type: "data", name: packId }, range);
      const location = { packId, packNumber: 0, offset, lengthBytes, rawLengthBytes };
      writer.store(openBlob(sealed, { id, location, sealer, compressor }), { id, type });
      await saver.ready();
    }
  }

  async #confirmPack({ packId }: FinishedPack): Promise<void> {
    const { storage } = this.#core.context;
    if ((await readBackPack(storage, { packId, signal: this.#signal })) === undefined)
      throw selfCheckFailed("a pack that was stored");
    this.#newPacks++;
  }

  async #writeIndex(packs: readonly IndexedPack[]): Promise<void> {
    await this.#lock.confirm();
    await replaceIndex(this.#core, packs, this.#signal);
    this.#newIndexes++;
  }

  async #remove(type: "index" | "data", names: readonly string[]): Promise<void> {
    if (names.length > 0) await this.#lock.confirm();
    await removeFiles(this.#core.context.storage, { type, names, signal: this.#signal });
  }

  async #forgetReadings(): Promise<void> {
    const { readings: keeper = noReadings, now = systemClock() } = this.#options;
    const gone = new Set(this.#work.removePacks);
    if (gone.size === 0) return;
    const packs = { has: (packId: string): boolean => !gone.has(packId) };
    const clockMs = (): number => performance.now();
    const notes = new ReadingNotes({ keeper, packs, now, clockMs }, await keeper.load());
    notes.forget(gone);
    await notes.save();
  }

  async #dropLost(snapshots: readonly Snapshot[]): Promise<RepairReport["repairedSnapshots"]> {
    if (snapshots.length === 0) return [];
    const repaired: { original: string; id: string }[] = [];
    await dropLost(this.#core, {
      snapshots,
      write: (work) => this.#write(work),
      confirmLock: () => this.#lock.confirm(),
      onSnapshot: (original, id) => void repaired.push({ original, id }),
      signal: this.#signal,
    });
    return repaired;
  }
}
