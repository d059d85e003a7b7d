/** Why a prune does not begin, or does not go on. */
import { isRecoveryError } from "#errors";
import { RepositoryError } from "./repository-error.ts";

export function damagedSnapshots(location: string, names: readonly string[]): RepositoryError {
  return new RepositoryError(
    "repository.prune-unsure",
    `Cannot prune repository "${location}": what ${names.length === 1 ? "a moment needs" : `${names.length} moments need`} is not known, since ${names.length === 1 ? "its snapshot file is" : "their snapshot files are"} damaged (${shown(names)})`,
    {
      hint: "Take the file from another copy of the repository; or, if that moment is given up, remove it from the folder snapshots. Nothing was changed.",
    },
  );
}

export function noMoments(location: string): RepositoryError {
  return new RepositoryError(
    "repository.prune-unsure",
    `Cannot prune repository "${location}": there are no moments, so everything in it would go`,
    {
      hint: "Look whether its folder snapshots is what it should be. Where all moments were meant to be forgotten, say so with --no-moments-left. Nothing was changed.",
    },
  );
}

export function lostTree(
  location: string,
  { treeId, cause }: { readonly treeId: string; readonly cause?: unknown },
): RepositoryError {
  return new RepositoryError(
    "repository.prune-unsure",
    `Cannot prune repository "${location}": the tree ${treeId.slice(0, 8)} of a folder cannot be read, so what lies below it is not known`,
    {
      hint: "`restante verify` names the moment and the folder, `restante repair` brings back what can be. A moment that is given up can be removed. Nothing was changed.",
      ...(isRecoveryError(cause) ? { cause } : {}),
    },
  );
}

export function changedMeanwhile(location: string, what: string): RepositoryError {
  return new RepositoryError(
    "repository.changed",
    `Cannot go on pruning repository "${location}": ${what} although the repository is locked`,
    {
      hint: "Look for a program that ignores locks, or for a lock that was removed by force; then run it again. Nothing that a moment needs was removed.",
      retryable: true,
    },
  );
}

export function notArrived(location: string, packId: string): RepositoryError {
  return new RepositoryError(
    "repository.not-arrived",
    `Cannot go on pruning repository "${location}": pack ${packId.slice(0, 8)} reads back otherwise than it was written`,
    {
      hint: "Test the disk and the memory of the machine that it lies on; then run it again. Nothing that a moment needs was removed.",
      retryable: true,
    },
  );
}

function shown(names: readonly string[]): string {
  const first = names.slice(0, 3).map((name) => name.slice(0, 8));
  return names.length > first.length ? `${first.join(", ")} and more` : first.join(", ");
}
