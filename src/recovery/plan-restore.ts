import { existsSync } from "node:fs";
import {
  displayPath,
  type Image,
  isImageError,
  openDirectoryImage,
  rawParent,
  type RawName,
  type RawPath,
  rawPathToBytes,
} from "#image";
import { isMaildirFolder } from "#mail";
import { enclosingMailbox } from "./mailbox.ts";
import { bytesOfFiles } from "./new-files.ts";
import { listingNow, RestoreError } from "./restore-error.ts";
import {
  noCounts,
  countStep,
  type RestoreMode,
  type RestorePlan,
  type RestoreProgress,
  type RestoreStep,
} from "./restore-plan.ts";
import { foldersMadeBefore, isFolderIn } from "./staging.ts";
import { resolveTarget } from "./target-folders.ts";
import { TreePlanner } from "./plan-tree.ts";
import { undoFolderFor } from "./undo-folder.ts";

export type PlanRestoreOptions = {
  /** A folder or file of the image; "" is all of it. */
  readonly scope: RawPath;
  /** Absolute folder that takes the scope's place; for a file, the folder that it goes into. Need not exist. */
  readonly target: RawPath;
  /** Default "additive". */
  readonly mode?: RestoreMode;
  /** Exact only: an image with nothing in the scope may empty the target. */
  readonly allowEmpty?: boolean;
  /** Exact only: the mail server is stopped, so its own files (UID lists, indexes) are put back too. */
  readonly allowServerFiles?: boolean;
  /** Default: beside the target. On its filesystem. */
  readonly undoFolder?: RawPath;
  /** Milliseconds since 1970. Names files that need a fresh name and the undo folder. */
  readonly now: () => number;
  /** A string that no other call returns; part of fresh message names. */
  readonly unique: () => string;
  readonly onProgress?: (progress: RestoreProgress) => void;
  readonly signal?: AbortSignal;
};

/**
 * What a restore would do: compares the image with the target and writes nothing. Messages of a
 * living Maildir are matched by identity across the whole mailbox; everything else by path.
 */
export async function planRestore(image: Image, options: PlanRestoreOptions): Promise<RestorePlan> {
  const mode = options.mode ?? "additive";
  const { path: target, isThere } = resolveTarget(options.target);
  const scope = await findScope(image, options);
  const pastBase = scope.isFolder ? options.scope : rawParent(options.scope);
  const mailbox = await findMailboxes(image, { pastBase, target });
  const root = mailbox?.nowRoot ?? target;
  const base = target === root ? "" : target.slice(root === "/" ? 1 : root.length + 1);
  await using now = existsSync(rawPathToBytes(root))
    ? await listingNow(root, () => openDirectoryImage(root))
    : undefined;
  const planner = new TreePlanner(image, now, {
    mode,
    allowServerFiles: options.allowServerFiles === true && mode === "exact",
    pastBase,
    base: base as RawPath,
    only: scope.isFolder ? undefined : options.scope,
    owners: process.geteuid?.() === 0,
    madeBefore: now === undefined ? new Set() : foldersMadeBefore(root, options.now()),
    uniqueName: () => `${Math.floor(options.now() / 1000)}.${options.unique()}.restante`,
    onProgress: options.onProgress,
    signal: options.signal,
  });
  if (mode === "exact") await checkExact(image, { ...options, isFolder: scope.isFolder });
  const steps = await planner.plan({ isThere, entry: scope.entry, pastMailbox: mailbox?.pastRoot });
  return finish({
    planner,
    steps,
    plan: { mode, at: image.at, scope: options.scope, target, root },
    options,
  });
}

type Draft = Pick<RestorePlan, "mode" | "at" | "scope" | "target" | "root">;

function finish(input: {
  readonly planner: TreePlanner;
  readonly steps: readonly RestoreStep[];
  readonly plan: Draft;
  readonly options: PlanRestoreOptions;
}): RestorePlan {
  const { planner, steps, plan, options } = input;
  const counts = { ...noCounts(), skipped: planner.skipped };
  let bytes = 0;
  let removes = false;
  for (const step of steps) {
    countStep(counts, step);
    if (
      (step.kind === "create" || step.kind === "replace") &&
      step.entry.type === "file" &&
      step.linkTo === undefined
    ) {
      bytes += step.entry.sizeBytes;
    }
    removes ||= step.kind === "delete" || step.kind === "replace";
  }
  for (const files of planner.newFiles) {
    counts.created += files.rows.length;
    bytes += bytesOfFiles(files);
  }
  const undoFolder =
    options.undoFolder ?? (removes ? undoFolderFor(plan.root, options.now()) : undefined);
  return {
    ...plan,
    steps,
    newFiles: planner.newFiles,
    counts,
    bytes,
    mailboxes: planner.mailboxes,
    ...(removes && undoFolder !== undefined ? { undoFolder } : {}),
    warnings: planner.warnings,
  };
}

async function findScope(image: Image, { scope, signal }: PlanRestoreOptions) {
  if (scope === "") return { isFolder: true, entry: undefined };
  const name = scope.slice(scope.lastIndexOf("/") + 1) as RawName;
  try {
    const listing = await image.list(rawParent(scope), signal);
    const index = listing.indexOf(name);
    if (index >= 0) {
      const entry = listing.entry(index);
      return { isFolder: entry.type === "directory", entry };
    }
  } catch (error) {
    if (!isImageError(error) || error.code === "image.unlistable") throw error;
  }
  throw new RestoreError(
    "restore.scope-not-found",
    `Cannot restore "${displayPath(scope)}": it is not in the image of that moment`,
    {
      hint: "List that moment to see what it holds, or choose another one.",
    },
  );
}

/** Where the target lies in a living mailbox, and the scope in one of the past: the roots of both. */
async function findMailboxes(
  image: Image,
  { pastBase, target }: { readonly pastBase: RawPath; readonly target: RawPath },
): Promise<{ readonly pastRoot: RawPath; readonly nowRoot: RawPath } | undefined> {
  const nowRoot = await enclosingMailbox(
    target,
    async (path) => isFolderIn(path, "cur") && isFolderIn(path, "new"),
  );
  if (nowRoot === undefined) return undefined;
  const pastRoot = await enclosingMailbox(pastBase, async (path) => {
    try {
      return isMaildirFolder(await image.list(path));
    } catch (error) {
      if (isImageError(error) && error.code !== "image.unlistable") return false;
      throw error;
    }
  });
  return pastRoot === undefined ? undefined : { pastRoot, nowRoot };
}

/** Nothing may be removed on the word of an image that is empty or has holes. */
async function checkExact(
  image: Image,
  {
    scope,
    isFolder: isWhole,
    allowEmpty,
    signal,
  }: PlanRestoreOptions & { readonly isFolder: boolean },
): Promise<void> {
  if (isWhole && allowEmpty !== true && (await image.list(scope, signal)).length === 0) {
    throw new RestoreError(
      "restore.image-empty",
      `Cannot make the target exact: "${displayPath(scope)}" was empty at that moment`,
      {
        hint: "Check the moment; if it was meant to be empty, say so explicitly.",
      },
    );
  }
  const isWithin = (path: RawPath): boolean =>
    scope === "" ||
    path === scope ||
    path.startsWith(`${scope}/`) ||
    scope.startsWith(`${path}/`) ||
    path === "";
  const hole = image.problems.find(({ code, path }) => code !== "unsupported" && isWithin(path));
  if (hole === undefined) return;
  throw new RestoreError(
    "restore.image-incomplete",
    `Cannot make the target exact: the image of that moment lacks "${displayPath(hole.path)}" (${hole.code})`,
    { hint: "Restore what is missing (additive), or choose a moment that was captured whole." },
  );
}
