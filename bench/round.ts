import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { BenchError } from "./bench-error.ts";
import { changeStore, thinStore } from "./change-store.ts";
import { measure, type Command } from "./measure.ts";
import type { BackupProgram, Place } from "./programs.ts";
import type { Recorder, Sample, Step } from "./samples.ts";
import { countStore, walkFiles, type Store } from "./store.ts";

export type RoundOptions = {
  readonly store: Store;
  /** In the order of this round. */
  readonly programs: readonly BackupProgram[];
  readonly steps: ReadonlySet<Step>;
  readonly round: number;
  readonly folder: string;
  readonly recorder: Recorder;
};

/**
 * One round: each step is done by every program before the next step begins, so that both see the same
 * store and the same noise. Repositories, caches and results are fresh and removed at the end.
 */
export async function measureRound(options: RoundOptions): Promise<void> {
  const { store, steps, folder } = options;
  rmSync(folder, { recursive: true, force: true });
  warm(store);
  for (const program of options.programs) {
    const place = placeOf(options, program);
    mkdirSync(place.cache, { recursive: true });
    await measure(program.init(place), folder);
  }
  await eachProgram(options, "first", (program, place) => program.capture(place, store.path));
  if (steps.has("key")) await measureKey(options);
  if (steps.has("unchanged")) {
    await eachProgram(options, "unchanged", (program, place) => program.capture(place, store.path));
  }
  if (steps.has("changes")) await measureChanges(options);
  if (steps.has("restore")) await measureRestore(options);
  if (steps.has("one-message")) await measureOneMessage(options);
  if (steps.has("verify"))
    await eachProgram(options, "verify", (program, place) => program.verify(place));
  if (steps.has("prune")) await measurePrune(options);
  rmSync(folder, { recursive: true, force: true });
}

async function eachProgram(
  options: RoundOptions,
  step: Step,
  makeCommand: (program: BackupProgram, place: Place) => Command,
): Promise<void> {
  for (const program of options.programs) {
    const place = placeOf(options, program);
    // What another program left unwritten must not be waited for by this one's fsync.
    spawnSync("sync");
    const result = await measure(makeCommand(program, place), options.folder);
    const sample: Sample = {
      step,
      store: options.store.name,
      program: program.name,
      round: options.round,
      ...result,
    };
    const stored = step === "first" ? { storedBytes: countStore(place.repository).bytes } : {};
    options.recorder.add({ ...sample, ...stored });
  }
}

/** These are subtracted from other figures, so each round takes the median of several. */
const KEY_REPETITIONS = 3;

async function measureKey(options: RoundOptions): Promise<void> {
  for (let repetition = 0; repetition < KEY_REPETITIONS; repetition += 1) {
    await eachProgram(options, "start", (program) => program.start());
    await eachProgram(options, "key", (program, place) => program.openKey(place));
  }
}

async function measureChanges(options: RoundOptions): Promise<void> {
  const changed = changeStore(options.store, options.round);
  try {
    await eachProgram(options, "changes", (program, place) =>
      program.capture(place, options.store.path),
    );
  } finally {
    changed.undo();
  }
  if (!options.steps.has("restore") && !options.steps.has("one-message")) return;
  // What is restored and read next is compared with the store, whose names are the old ones again.
  for (const program of options.programs) {
    await measure(program.capture(placeOf(options, program), options.store.path), options.folder);
  }
}

/** Two of five messages went since the first capture, which is forgotten: their bytes are to be freed. */
async function measurePrune(options: RoundOptions): Promise<void> {
  const { store, folder, programs } = options;
  const thinned = thinStore(store);
  try {
    for (const program of programs) {
      const place = placeOf(options, program);
      await measure(program.capture(place, store.path), folder);
      for (const command of program.forget(place, store.path)) await measure(command, folder);
    }
  } finally {
    thinned.undo();
  }
  await eachProgram(options, "prune", (program, place) => program.prune(place));
}

async function measureRestore(options: RoundOptions): Promise<void> {
  const { store, folder } = options;
  const wanted = digestOf(store.path);
  const target = (program: BackupProgram): string => join(folder, program.name, "restored");
  await eachProgram(options, "restore", (program, place) =>
    program.restore(place, { folder: store.path, to: target(program) }),
  );
  for (const program of options.programs) {
    if (digestOf(target(program)) !== wanted) {
      throw new BenchError(
        "bench.wrong-result",
        `Cannot compare restores of "${store.name}": what ${program.name} restored is not what it captured`,
      );
    }
    rmSync(target(program), { recursive: true, force: true });
  }
}

async function measureOneMessage(options: RoundOptions): Promise<void> {
  const { store, folder } = options;
  const paths = [...walkFiles(store.path)].filter(({ folder: at }) => at.endsWith("/cur"));
  const chosen = paths[Math.floor(paths.length * (0.3 + 0.1 * (options.round % 5)))];
  if (chosen === undefined) return;
  const path = join(chosen.folder, chosen.name);
  const target = (program: BackupProgram): string => join(folder, `${program.name}.eml`);
  await eachProgram(options, "one-message", (program, place) =>
    program.dump(place, { path, to: target(program) }),
  );
  for (const program of options.programs) {
    if (readFileSync(target(program)).equals(readFileSync(path))) continue;
    throw new BenchError(
      "bench.wrong-result",
      `Cannot compare reading "${path}": ${program.name} printed other bytes`,
    );
  }
}

function placeOf({ folder }: RoundOptions, program: BackupProgram): Place {
  const own = join(folder, program.name);
  return { repository: join(own, "repository"), cache: join(own, "cache") };
}

/** Reads every byte once, so that no program pays for the disk. */
function warm(store: Store): void {
  for (const { folder, name } of walkFiles(store.path)) readFileSync(join(folder, name));
}

/**
 * Of every file's name, size and modification time, wherever the tree begins (restic restores below
 * the absolute path), with the bytes of every hundredth file.
 */
function digestOf(root: string): string {
  const lines: string[] = [];
  for (const { folder, name } of walkFiles(root)) {
    const path = join(folder, name);
    const { size, mtimeMs } = lstatSync(path);
    const line = `${name}\0${size}\0${Math.round(mtimeMs)}`;
    const hash = createHash("sha256").update(line);
    const sampled = (hash.copy().digest()[0] ?? 0) < 3;
    lines.push(sampled ? hash.update(readFileSync(path)).digest("hex") : line);
  }
  return createHash("sha256").update(lines.sort().join("\n")).digest("hex");
}
