/** What a duplication refuses, and how that is told. */
import { quoted } from "#errors";
import type { DuplicateLoss } from "./duplicate-result.ts";
import type { RepositoryCore } from "./repository-core.ts";
import { RepositoryError } from "./repository-error.ts";
import type { Snapshot } from "./repository.ts";

/** Throws where nothing can be written. */
export function refuseTarget({ context }: RepositoryCore): void {
  if (context.version !== 1) return;
  throw new RepositoryError(
    "repository.unsupported",
    `Cannot duplicate to repository "${context.storage.location}": it is of version 1, which is only read`,
    { hint: "Upgrade it with `restic migrate upgrade_repo_v2`, or make another." },
  );
}

export function samePlace({ context }: RepositoryCore): RepositoryError {
  return new RepositoryError(
    "repository.same-place",
    `Cannot duplicate to repository "${context.storage.location}": it is the one that is copied from`,
    {
      hint: "Name a repository that lies elsewhere: one that goes with the first protects nothing.",
    },
  );
}

export function momentGone(id: string, { context }: RepositoryCore): RepositoryError {
  return new RepositoryError(
    "repository.moment-gone",
    `Cannot duplicate moment ${id.slice(0, 8)} of "${context.storage.location}": it was removed meanwhile`,
    { hint: "List the moments again; the others were not affected." },
  );
}

export function momentDamaged(
  { id }: Snapshot,
  {
    lossCount,
    first,
    from,
  }: {
    readonly lossCount: number;
    readonly first: DuplicateLoss | undefined;
    readonly from: RepositoryCore;
  },
): RepositoryError {
  const example = first === undefined ? "" : `, such as ${quoted(first.path)}: ${first.reason}`;
  const names = lossCount === 1 ? "name" : "names";
  return new RepositoryError(
    "repository.moment-damaged",
    `Cannot duplicate moment ${id.slice(0, 8)} of "${from.context.storage.location}": ${lossCount} ${names} in it would not come back whole${example}`,
    {
      hint: "The other moments were not affected. `restante verify --read-data` on both repositories says which packs are damaged.",
    },
  );
}
