import { createHash, randomBytes } from "node:crypto";
import { mkdir, open, readdir, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import {
  displayPath,
  isImageError,
  openDirectoryImage,
  type RawPath,
  rawPathFromText,
  rootPath,
} from "#image";
import { backUpToDisk, diskCopy, type TakeResult } from "#methods";
import { applyRestore, planRestore } from "#recovery";
import { initRepository, type Repository } from "#repository";
import { liveSource } from "#sources";
import { directoryStorage } from "#storage";
import type { Surroundings } from "../terminal.ts";
import type { Run } from "./figure.ts";
import { forgetPages } from "./page-cache.ts";
import type { ReadSample } from "./read-sample.ts";
import type { TimeBudget } from "./time-budget.ts";

/** What the rounds measured so far; each list grows by one a round. */
export type RoundRuns = {
  readonly capture: Run[];
  readonly stored: (Run & { readonly part: number })[];
  readonly scan: Run[];
  readonly open: Run[];
  readonly restore: Run[];
  /** Files that did not come back as they were read. */
  readonly differing: string[];
  /** What else should be known. */
  readonly remarks: Set<string>;
};

export type RoundOptions = {
  readonly sample: ReadSample;
  /** An empty folder of this round, absolute; it is gone afterwards. */
  readonly folder: string;
  readonly surroundings: Surroundings;
  readonly budget: TimeBudget;
  readonly onProgress: (state: RoundProgress) => void;
};

export type RoundProgress = {
  readonly label: string;
  readonly done: number;
  readonly total: number;
  readonly bytesDone: number;
};

type Places = { readonly repository: string; readonly cache: string; readonly password: string };

/** An unchanged capture that reads more than this share again measured something else. */
const mostReadShare = 0.01;

/**
 * One whole life of a copy of the sample: captured, captured again unchanged, opened anew, restored and
 * compared. Whatever is finished when time or the disk ends it has been added to the runs.
 */
export async function benchRound(runs: RoundRuns, options: RoundOptions): Promise<void> {
  const { folder } = options;
  await mkdir(folder, { mode: 0o700 });
  try {
    const places: Places = {
      repository: join(folder, "repository"),
      cache: join(folder, "cache"),
      password: randomBytes(32).toString("base64url"),
    };
    await captureTwice(runs, places, options);
    await forgetFiles(places.repository);
    const target = join(folder, "restored");
    await restoreSample(runs, { places, target, options });
    await compareSample(runs, target, options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function captureTwice(runs: RoundRuns, places: Places, options: RoundOptions): Promise<void> {
  const { budget, sample } = options;
  await using storage = directoryStorage(places.repository);
  const { signal } = budget;
  await initRepository(storage, { password: places.password, signal });
  await using repository = await openAt(storage, places, options);
  const first = await captureOnce(repository, options);
  runs.capture.push({ bytes: first.result.bytesRead, ms: first.ms });
  runs.stored.push({
    bytes: first.result.bytesRead,
    ms: first.ms,
    part: first.result.bytesStored,
  });
  // Files that were written a moment before they were read could change unseen, so they are read again.
  const again = await captureOnce(repository, options);
  const { bytesRead, bytesTotal } = again.result;
  if (bytesRead <= mostReadShare * sample.bytes)
    runs.scan.push({ bytes: bytesTotal, ms: again.ms });
  else runs.remarks.add("the unchanged store was read again, so looking it over was not measured");
}

function openAt(
  storage: ReturnType<typeof directoryStorage>,
  { password, cache }: Places,
  { surroundings, budget }: RoundOptions,
): Promise<Repository> {
  return surroundings.openRepository(storage, {
    password,
    cacheFolder: cache,
    signal: budget.signal,
  });
}

async function captureOnce(
  repository: Repository,
  { sample, surroundings, budget, onProgress }: RoundOptions,
): Promise<{ readonly result: TakeResult; readonly ms: number }> {
  const { clockMs, now } = surroundings;
  const { signal } = budget;
  const startedMs = clockMs();
  await using image = await liveSource({ clock: now }).stableImage({
    folder: sample.folder,
    group: "bench",
    signal,
  });
  const result = await backUpToDisk(image, {
    repository,
    path: sample.folder,
    group: "bench",
    hostname: hostname(),
    now,
    signal,
    onProgress: ({ filesDone, filesTotal, bytesDone }) => {
      budget.isOver();
      onProgress({ label: "capture", done: filesDone, total: filesTotal, bytesDone });
    },
  });
  return { result, ms: clockMs() - startedMs };
}

/** The copy's files are on stable storage: a restore reads them from the disk where the system forgets them. */
async function forgetFiles(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = await open(join(entry.parentPath, entry.name), "r");
    forgetPages(file.fd);
    await file.close();
  }
}

async function restoreSample(
  runs: RoundRuns,
  {
    places,
    target,
    options,
  }: { readonly places: Places; readonly target: string; readonly options: RoundOptions },
): Promise<void> {
  const { sample, surroundings, budget, onProgress } = options;
  const { clockMs, now } = surroundings;
  const { signal } = budget;
  const openingMs = clockMs();
  await using storage = directoryStorage(places.repository);
  await using repository = await openAt(storage, places, options);
  const copy = diskCopy(repository, { name: places.repository, reach: "at-hand" });
  const point = (await copy.moments("bench", signal)).at(-1);
  if (point === undefined) throw new Error("the moment that was just captured is not there");
  await using image = await copy.open(point, signal);
  runs.open.push({ bytes: sample.bytes, ms: clockMs() - openingMs });
  const clock = {
    now: () => Number(now() / 1_000_000n),
    unique: () => randomBytes(8).toString("hex"),
  };
  const startedMs = clockMs();
  const plan = await planRestore(image, {
    scope: rootPath,
    target: rawPathFromText(target),
    ...clock,
    signal,
  });
  const result = await applyRestore(image, plan, {
    ...clock,
    signal,
    onProgress: ({ done, total, bytes }) => {
      budget.isOver();
      onProgress({ label: "restore", done, total, bytesDone: bytes });
    },
  });
  for (const { path, message } of result.failures)
    runs.differing.push(`"${displayPath(path)}" was not restored: ${message}`);
  if (result.failures.length === 0)
    runs.restore.push({ bytes: result.bytes, ms: clockMs() - startedMs });
}

/** Every file that came back, against what was read from the store. */
async function compareSample(
  runs: RoundRuns,
  target: string,
  { sample, budget, onProgress }: RoundOptions,
): Promise<void> {
  await using restored = await openDirectoryImage(rawPathFromText(target));
  let done = 0;
  let bytesDone = 0;
  for (const [path, digest] of sample.files) {
    if (budget.isOver()) budget.signal.throwIfAborted();
    const hash = createHash("sha256");
    try {
      for await (const piece of restored.read(path)) {
        hash.update(piece);
        bytesDone += piece.length;
      }
    } catch (error) {
      if (!isImageError(error)) throw error;
      runs.differing.push(`${error.message}.`);
      continue;
    }
    if (hash.digest("hex") !== digest) runs.differing.push(differs(path));
    onProgress({ label: "compare", done: ++done, total: sample.files.size, bytesDone });
  }
}

function differs(path: RawPath): string {
  return `"${displayPath(path)}" came back with other bytes.`;
}
