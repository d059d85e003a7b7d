import { type Copy, snapshotsCopy } from "#copies";
import type { Repository } from "#repository";
import { momentGoneThere } from "../offsite-error.ts";

export type DuplicateCopyOptions = {
  /** Its name in the configuration, or its location. */
  readonly name: string;
};

/**
 * What was duplicated to a repository elsewhere, as a Copy. It needs nothing of the first site: the
 * repository, its password, and this.
 */
export function duplicateCopy(repository: Repository, { name }: DuplicateCopyOptions): Copy {
  return snapshotsCopy(repository, {
    name,
    method: "duplicate backup copy",
    reach: "near",
    momentGone: ({ id }) => momentGoneThere(id, name),
  });
}
