import { realpathSync } from "node:fs";
import { isRecoveryError, systemErrorCode } from "#errors";
import {
  isWithin,
  type ClockNs,
  type ImageProblem,
  joinRawPath,
  rawParent,
  type RawPath,
  rawPathToBytes,
  rootPath,
} from "#image";
import {
  ensureFree,
  locateSnapshot,
  makeContainer,
  nameContainer,
  notOurs,
  proveContainer,
  resolveDestination,
  unusable,
} from "./container.ts";
import { currentMaker } from "./maker.ts";
import { openFolder } from "./open-folder.ts";
import { takeApart } from "./remove-snapshot.ts";
import { folderArgument, runProgram } from "./run-program.ts";
import { destinationError, quotePath, SnapshotError } from "./snapshot-error.ts";
import {
  damaged,
  frozenName,
  type SnapshotRecord,
  type TakenFacts,
  writeRecord,
} from "./snapshot-record.ts";
import type { SnapshotProviderName, Suitability, Taken } from "./snapshot-provider.ts";
import { resolveStore, type StoreIdentity } from "./store-identity.ts";

/** Nobody but its maker, and those who may pass through but not look. */
export const closedMode = 0o700;
export const passableMode = 0o711;
/** Problems that a record keeps, beside those of folders, which it keeps all. */
const keptProblems = 10_000;

export type Draft = Pick<SnapshotRecord, "version" | "provider" | "maker" | "root">;

export type BuildOptions = {
  readonly provider: SnapshotProviderName;
  /** Of the finished folder. */
  readonly mode: number;
};

/**
 * Makes a folder with a record, lets it be filled and gives it its name. When that fails nothing
 * is left, or something that `sweepSnapshots` knows.
 */
export async function buildSnapshot(
  destination: RawPath,
  options: BuildOptions,
  fill: (folder: RawPath, draft: Draft) => Promise<SnapshotRecord>,
): Promise<SnapshotRecord> {
  ensureFree(destination);
  const { provider, mode } = options;
  const draft: Draft = { version: 1, provider, maker: currentMaker(), root: frozenName };
  const folder = await makeContainer(rawParent(destination), { ...draft, state: "taking" });
  try {
    const record = await fill(folder, draft);
    await writeRecord(folder, record);
    nameContainer(folder, destination, mode);
    return record;
  } catch (error) {
    await discard(folder);
    throw destinationError(destination, error);
  }
}

/** What cannot be removed now is removed by the next sweep: the error that led here says more. */
async function discard(folder: RawPath): Promise<void> {
  try {
    await takeApart(folder);
  } catch (error) {
    if (!isRecoveryError(error) && systemErrorCode(error) === undefined) throw error;
  }
}

/** Everything in the filesystem that a folder lies on is on disk when this returns: sync(1), syncfs(2). */
export async function syncFilesystem(folder: RawPath, signal?: AbortSignal): Promise<void> {
  using open = openFolder(folder);
  await runProgram("sync", ["-f", folderArgument(0)], { folders: [open], signal });
}

export type Site = { readonly store: StoreIdentity; readonly destination: RawPath };

/** Store and destination, resolved and apart. Throws what is wrong with them. */
export function resolveSite(folder: RawPath, destination: RawPath): Site {
  const store = resolveStore(folder);
  const path = resolveDestination(destination);
  ensureFree(path);
  if (isWithin(path, store.root)) throw unusable(path, "it lies within the mail store");
  return { store, destination: path };
}

/** The site, or why it is none, for a provider that is only asked whether it suits. */
export function siteOrReason(folder: RawPath, destination: RawPath): Site | Suitability {
  try {
    return resolveSite(folder, destination);
  } catch (error) {
    if (!isRecoveryError(error)) throw error;
    return { suits: false, why: `${error.message}.` };
  }
}

export function unsuitable(site: Site, why: string, provider: SnapshotProviderName): SnapshotError {
  return new SnapshotError(
    "snapshots.unsuitable",
    `Cannot make a ${provider} of ${quotePath(site.store.root)}: ${why.replace(/\.$/, "")}`,
    { hint: "Choose another provider or destination; `restante doctor` says which suit." },
  );
}

/** A recorder of the first and last look, which a clock that jumps back does not turn around. */
export function startInterval(clock: ClockNs): () => { fromNs: bigint; toNs: bigint } {
  const fromNs = clock();
  return () => {
    const now = clock();
    return { fromNs, toNs: now > fromNs ? now : fromNs };
  };
}

/** All problems of folders, since those must not pass for empty ones, and a bounded number of others. */
export function boundProblems(problems: readonly ImageProblem[]): readonly ImageProblem[] {
  const others = problems.filter(({ code }) => code !== "unlistable");
  if (others.length <= keptProblems) return problems;
  const more: ImageProblem = {
    path: rootPath,
    code: "unreadable",
    message: `${others.length - keptProblems} more files could not be had as they were.`,
  };
  const folders = problems.filter(({ code }) => code === "unlistable");
  return [...folders, ...others.slice(0, keptProblems), more];
}

/** What is known of a frozen store. Throws unless it is one, made by this provider where one is named. */
export function readSnapshot(
  destination: RawPath,
  provider?: SnapshotProviderName,
): { readonly record: SnapshotRecord; readonly taken: Taken } {
  const path = locateSnapshot(destination);
  const record = proveContainer(path, provider);
  if (record.state === "writable")
    throw notOurs(path, "it is a writable copy, and may have been written to");
  if (record.taken === undefined) throw damaged(path, "it was never finished");
  const taken = describeTaken(path, record, record.taken);
  let real: string | undefined;
  try {
    real = realpathSync.native(rawPathToBytes(taken.path), { encoding: "latin1" });
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
  }
  if (real !== taken.path) throw damaged(path, "the frozen store is not in its place");
  return { record, taken };
}

export function describeTaken(
  destination: RawPath,
  record: SnapshotRecord,
  facts: TakenFacts,
): Taken {
  return {
    provider: record.provider,
    destination,
    path: joinRawPath(destination, record.root),
    ...facts,
  };
}
