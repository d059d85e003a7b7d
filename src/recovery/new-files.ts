/**
 * The files of new folders, of which nothing is to be said but that they are written: nearly all of a
 * restore. A plan keeps them as rows of the image's listings, and makes a step of one when it is asked
 * for: as objects, 100,000 of them took 100 MB.
 */
import { joinRawPath, type Listing, type RawPath } from "#image";
import type { CreateStep } from "./restore-files.ts";
import type { RestorePlan, RestoreStep } from "./restore-plan.ts";

/** Fewer are steps: a listing has its own weight. */
export const fewestNewFiles = 8;

export type NewFiles = {
  /** The folder within the image. */
  readonly from: RawPath;
  /** The new folder, below the plan's root. */
  readonly to: RawPath;
  readonly listing: Listing;
  /** Positions in the listing, ascending. */
  readonly rows: Uint32Array;
  /** How many of the plan's steps go before them. */
  readonly after: number;
};

type Planned = Pick<RestorePlan, "steps" | "newFiles">;

/** All that a plan does, in its order. */
export function* stepsOf({ steps, newFiles }: Planned): Generator<RestoreStep, void, undefined> {
  let given = 0;
  for (const files of newFiles) {
    while (given < files.after) yield steps[given++] as RestoreStep;
    yield* filesOf(files);
  }
  while (given < steps.length) yield steps[given++] as RestoreStep;
}

export function countSteps({ steps, newFiles }: Planned): number {
  return newFiles.reduce((sum, { rows }) => sum + rows.length, steps.length);
}

export function* filesOf({
  from,
  to,
  listing,
  rows,
}: NewFiles): Generator<CreateStep, void, undefined> {
  for (const row of rows) {
    const entry = listing.entry(row);
    yield {
      kind: "create",
      from: joinRawPath(from, entry.name),
      to: joinRawPath(to, entry.name),
      entry,
    };
  }
}

export function bytesOfFiles({ listing, rows }: NewFiles): number {
  return rows.reduce((sum, row) => sum + (listing.sizes[row] as number), 0);
}
