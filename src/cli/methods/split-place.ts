import { lstat, mkdir, rmdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { systemErrorCode } from "#errors";
import { displayPath, joinRawPath, type RawName, type RawPath, rawPathFromText } from "#image";
import { allProviders, type SnapshotProvider, type SnapshotProviderName } from "#snapshots";
import {
  commandValidator,
  cyrusValidator,
  dovecotValidator,
  holdServer,
  storeValidator,
  type Validator,
} from "#servers";
import { type HotSplitOptions, hotSplitSource, type Source, sweepHotSplits } from "#sources";
import { replicasMethodOf } from "#methods";
import type { HotSplitConfig } from "#policy";
import { CliError } from "../cli-error.ts";
import { safeText } from "../text.ts";

/** A folder in which frozen images may lie while they are used. One of replicas counts only with its mark. */
export type SplitPlace = { readonly within: string; readonly isMarked: boolean };

export type SplitSourceOptions = HotSplitConfig &
  Pick<HotSplitOptions, "onRejected"> & {
    /** Of this program: the note that a server was quiesced lies there. */
    readonly stateFolder: string;
    /** The store's name, for messages. */
    readonly shown: string;
    /** The first of those that serve equally well is taken. */
    readonly places: readonly SplitPlace[];
    /** Folders of all mail stores: nothing of ours is made within one. */
    readonly stores: readonly string[];
    readonly clock: () => bigint;
    readonly signal: AbortSignal;
    readonly onNote: (note: string) => void;
  };

/** No group's folder begins with a dot, so that a folder of replicas has room for it. */
const workName = ".splits";

const providerOf: Readonly<Record<string, SnapshotProviderName>> = {
  btrfs: "btrfs snapshot",
  reflink: "reflink copy",
  plain: "plain copy",
};

/**
 * A hot split of a store, with the provider that the configuration names or the best that suits, in the folder that suits
 * it: beside delta snapshots, so that they may keep what was frozen; else in the state folder; else beside
 * the store, where only its own filesystem will do.
 */
export async function splitSource(
  store: RawPath,
  options: SplitSourceOptions,
): Promise<AsyncDisposable & { readonly source: Source }> {
  const { shown, clock, signal, repeat, validate, onRejected } = options;
  const { provider, workFolder } = await choose(store, options);
  const source = hotSplitSource({
    provider,
    workFolder: rawPathFromText(workFolder),
    validators: validatorsOf(validate),
    ...holdOf(options),
    repeat,
    clock,
    ...(onRejected === undefined ? {} : { onRejected }),
  });
  signal.throwIfAborted();
  options.onNote(`a ${provider.name} in ${safeText(workFolder)} holds ${safeText(shown)} still`);
  return {
    source,
    // In a folder of ours it stays. Beside the store it goes, unless another run works in it, or something had to stay.
    [Symbol.asyncDispose]: async () => {
      if (workFolder === besideStore(store)) await removeEmpty(workFolder);
    },
  };
}

/** Quiesce before the store is frozen, and resume right after it. */
function holdOf(options: SplitSourceOptions): Pick<HotSplitOptions, "hold"> {
  const { quiesce, resume, stateFolder, clock } = options;
  if (quiesce === undefined || resume === undefined) return {};
  const commands = {
    hold: { command: quiesce.words, timeoutMs: quiesce.timeLimitMs },
    undo: { command: resume.words, timeoutMs: resume.timeLimitMs },
    action: "resume" as const,
  };
  return {
    hold: async (folder, signal) =>
      await holdServer(commands, { folder, stateFolder, clock, signal }),
  };
}

function validatorsOf(validate: HotSplitConfig["validate"]): readonly Validator[] {
  if (typeof validate === "object")
    return [commandValidator({ words: validate.words, timeoutMs: validate.timeLimitMs })];
  switch (validate) {
    case "dovecot":
      return [dovecotValidator()];
    case "cyrus":
      return [cyrusValidator()];
    case "reader":
    case "maildir":
      return [storeValidator()];
    case "none":
      return [];
  }
}

type Choice = { readonly provider: SnapshotProvider; readonly workFolder: string };

async function choose(store: RawPath, options: SplitSourceOptions): Promise<Choice> {
  const { snapshots, signal, shown } = options;
  const all = allProviders();
  const wanted =
    snapshots === undefined ? all : all.filter(({ name }) => name === providerOf[snapshots]);
  const folders = workFolders(store, options);
  for (const folder of folders) await sweep(folder, options);
  const reasons: string[] = [];
  for (const provider of wanted) {
    for (const folder of folders) {
      const made = await makeFolder(folder);
      const probe = joinRawPath(rawPathFromText(folder), "probe" as RawName);
      const { suits, why } = await provider.suits(store, probe, { signal });
      if (suits) return { provider, workFolder: folder };
      if (made) await removeEmpty(folder);
      reasons.push(`${provider.name} in "${safeText(folder)}": ${why.replace(/\.$/, "")}`);
    }
  }
  throw new CliError(
    "cli.no-split",
    `Cannot freeze "${safeText(shown)}" for a hot split snapshot: ${reasons.join("; ")}`,
    {
      hint: "Give it delta snapshots in a folder on the store's own filesystem, leave `snapshots` out of the configuration, or choose another data source.",
    },
  );
}

/** Beside the store is the last resort: a folder is made there that its owner did not ask for. */
function workFolders(store: RawPath, { places, stores }: SplitSourceOptions): readonly string[] {
  const folders = places.flatMap(({ within, isMarked }) => {
    if (isMarked && replicasMethodOf(rawPathFromText(within)) === undefined) return [];
    return [join(within, workName)];
  });
  const beside = besideStore(store);
  const isInside = stores.some((other) => beside.startsWith(`${other}/`));
  return [...new Set([...folders, ...(isInside ? [] : [beside])])];
}

function besideStore(store: RawPath): string {
  const path = displayPath(store);
  return join(dirname(path), `.${basename(path)}${workName}`);
}

/** What runs that were killed left behind, of any provider. */
async function sweep(
  folder: string,
  { signal, onNote }: Pick<SplitSourceOptions, "signal" | "onNote">,
): Promise<void> {
  if (!(await isThere(folder))) return;
  const { removed, kept } = await sweepHotSplits(rawPathFromText(folder), { signal });
  for (const path of removed)
    onNote(`a frozen image that a killed run left was removed: ${displayPath(path)}`);
  for (const { path, why } of kept) onNote(`${displayPath(path)} stays: ${why}`);
}

async function isThere(folder: string): Promise<boolean> {
  try {
    await lstat(folder);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return false;
    throw error;
  }
}

/** Whether it was made by this. What cannot be made is told by the provider that wants to use it. */
async function makeFolder(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { mode: 0o700 });
    return true;
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return false;
  }
}

async function removeEmpty(folder: string): Promise<void> {
  try {
    await rmdir(folder);
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
  }
}
