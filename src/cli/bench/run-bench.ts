import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { isRecoveryError, systemErrorCode } from "#errors";
import type { Surroundings } from "../terminal.ts";
import { findStoreFacts, type StoreFacts } from "../doctor/store-facts.ts";
import type { ProgressState } from "../progress.ts";
import { type BenchPlan, requireRoomForSample } from "./bench-plan.ts";
import { readSample, type ReadSample } from "./read-sample.ts";
import { benchRound, type RoundRuns } from "./round.ts";
import { SampleChooser, type SampleFile } from "./sample.ts";
import { TimeBudget } from "./time-budget.ts";
import { measureVolume, type VolumeRates } from "./volume-rate.ts";

/** Everything that was measured, as it was measured. */
export type BenchResult = {
  readonly facts: StoreFacts;
  readonly chosen: { readonly files: number; readonly bytes: number };
  readonly sample: ReadSample;
  readonly disk: VolumeRates | undefined;
  readonly target: VolumeRates | undefined;
  /** No network is on the way to the target. */
  readonly isTargetHere: boolean;
  readonly rounds: RoundRuns;
  /** Phases that time did not suffice for, in words. */
  readonly cut: readonly string[];
  /** Phases that failed, with the reason. */
  readonly failed: readonly string[];
  readonly elapsedMs: number;
};

export type RunBenchOptions = {
  readonly surroundings: Surroundings;
  readonly onProgress: (state: ProgressState) => void;
};

/** Most files that are looked at; a store that has more is sampled from these. */
const mostFiles = 5_000_000;
/** Shares of the whole time that a phase may take, so that each gets its turn. */
const shares = { facts: 0.15, sample: 0.2, disk: 0.1, target: 0.15 } as const;

/**
 * Measures one phase after the other until its time is over. Writes into a fresh folder only, which is gone
 * when this returns or throws.
 */
export async function runBench(plan: BenchPlan, options: RunBenchOptions): Promise<BenchResult> {
  const { surroundings } = options;
  const { clockMs, signal } = surroundings;
  signal.throwIfAborted();
  const startedMs = clockMs();
  using budget = new TimeBudget({ totalMs: plan.totalMs, clockMs, signal });
  const phases: Phases = { cut: [], failed: [], budget };
  const { facts, files } = await lookOver(plan, options);
  const bytes = files.reduce((total, { takeBytes }) => total + takeBytes, 0);
  await requireRoomForSample(plan, bytes);
  const work = await mkdtemp(join(plan.workParent, "restante-bench-"));
  try {
    const bench: Bench = { plan, work, options, phases };
    const sample = await readStore(files, bench);
    if (sample.isCut) phases.cut.push("reading the sample: it is smaller than asked for");
    const disk = await phase("the disk", phases, () => volume(work, "disk", bench));
    const { target: at } = plan;
    const target =
      at === undefined
        ? undefined
        : await phase("the target", phases, () => measureTarget(at.folder, bench));
    const rounds = await runRounds(sample, bench);
    return {
      facts,
      chosen: { files: files.length, bytes },
      sample,
      disk,
      target,
      isTargetHere: at?.isHere === true,
      rounds,
      cut: phases.cut,
      failed: phases.failed,
      elapsedMs: clockMs() - startedMs,
    };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

type Phases = {
  readonly cut: string[];
  readonly failed: string[];
  readonly budget: TimeBudget;
};

type Bench = {
  readonly plan: BenchPlan;
  readonly work: string;
  readonly options: RunBenchOptions;
  readonly phases: Phases;
};

/** What is in the store, and the sample of it. */
async function lookOver(
  { store, sampleBytes, totalMs }: BenchPlan,
  { surroundings, onProgress }: RunBenchOptions,
): Promise<{ readonly facts: StoreFacts; readonly files: readonly SampleFile[] }> {
  const chooser = new SampleChooser({ sampleBytes });
  let done = 0;
  const facts = await findStoreFacts(store, {
    limits: { files: mostFiles, ms: totalMs * shares.facts },
    now: surroundings.now,
    signal: surroundings.signal,
    onFile: (path, entry) => {
      chooser.add(path, entry);
      onProgress({ label: "look over the store", unit: "files", done: ++done, total: 0 });
    },
  });
  return { facts, files: chooser.files() };
}

async function readStore(
  files: readonly SampleFile[],
  { plan, work, options, phases }: Bench,
): Promise<ReadSample> {
  const { budget } = phases;
  const { clockMs } = options.surroundings;
  return await readSample({
    store: plan.store,
    files,
    folder: join(work, "sample"),
    parts: plan.runs,
    budget,
    isOver: budget.share(shares.sample),
    clockMs,
    onProgress: (done) =>
      options.onProgress({
        label: "read the sample",
        unit: "files",
        done: done.files,
        total: files.length,
        bytesDone: done.bytes,
      }),
  });
}

async function volume(
  folder: string,
  name: "disk" | "target",
  { plan, options, phases }: Bench,
): Promise<VolumeRates> {
  const { budget } = phases;
  const rates = await measureVolume(folder, {
    fileBytes: plan.fileBytes,
    runs: plan.runs,
    isOver: budget.share(shares[name]),
    clockMs: options.surroundings.clockMs,
    onProgress: (bytesDone) =>
      options.onProgress({ label: name, unit: "files", done: 0, total: 0, bytesDone }),
  });
  budget.throwIfInterrupted();
  if (rates.read.length === 0) phases.cut.push(`the ${name}`);
  return rates;
}

async function measureTarget(target: string, bench: Bench): Promise<VolumeRates> {
  const folder = await mkdtemp(join(target, "restante-bench-"));
  try {
    return await volume(folder, "target", bench);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Rounds as the time allows; a further one is begun only where the last would fit once more. */
async function runRounds(sample: ReadSample, bench: Bench): Promise<RoundRuns> {
  const { plan, work, options, phases } = bench;
  const { surroundings, onProgress } = options;
  const { budget } = phases;
  const runs: RoundRuns = {
    capture: [],
    stored: [],
    scan: [],
    open: [],
    restore: [],
    differing: [],
    remarks: new Set(),
  };
  if (sample.bytes === 0) return runs;
  let longestMs = 0;
  for (let number = 1; number <= plan.runs && budget.remainingMs >= longestMs; number++) {
    const startedMs = surroundings.clockMs();
    const name = number === 1 ? "capture and restore" : `round ${number} of capture and restore`;
    const isDone = await phase(name, phases, async () => {
      await benchRound(runs, {
        sample,
        folder: join(work, `round-${number}`),
        surroundings,
        budget,
        onProgress: ({ label, done, total, bytesDone }) =>
          onProgress({ label, unit: "files", done, total, bytesDone, bytesTotal: sample.bytes }),
      });
      return true;
    });
    if (isDone !== true) break;
    longestMs = Math.max(longestMs, surroundings.clockMs() - startedMs);
  }
  return runs;
}

/** The others go on when one has no time left, or its disk fails; what is not the world's fault is ours. */
async function phase<T>(
  name: string,
  { cut, failed, budget }: Phases,
  work: () => Promise<T>,
): Promise<T | undefined> {
  if (budget.isOver()) {
    budget.throwIfInterrupted();
    cut.push(`${name}: no time was left`);
    return undefined;
  }
  try {
    return await work();
  } catch (error) {
    if (budget.isCutOff(error)) {
      cut.push(name);
      return undefined;
    }
    if (!isRecoveryError(error) && systemErrorCode(error) === undefined) throw error;
    failed.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}
