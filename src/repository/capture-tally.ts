/** What a capture counted, and what it could not have as it was. */
import { type Consistency, type ImageProblem, type RawPath, displayPath } from "#image";
import type { StoredFile } from "./content-store.ts";
import { batchStatus } from "./file-batch.ts";

export type WalkCounts = {
  filesNew: number;
  filesChanged: number;
  filesUnmodified: number;
  filesRenamed: number;
  filesTotal: number;
  bytesTotal: number;
  dirsNew: number;
  dirsChanged: number;
  dirsUnmodified: number;
};

export class CaptureTally {
  readonly counts: WalkCounts = {
    filesNew: 0,
    filesChanged: 0,
    filesUnmodified: 0,
    filesRenamed: 0,
    filesTotal: 0,
    bytesTotal: 0,
    dirsNew: 0,
    dirsChanged: 0,
    dirsUnmodified: 0,
  };
  readonly problems: ImageProblem[] = [];
  /** Something that should be in the moment is missing or torn. */
  partial = false;
  readonly #consistency: Consistency;

  constructor(consistency: Consistency) {
    this.#consistency = consistency;
  }

  report(problem: ImageProblem): void {
    this.problems.push(problem);
    // On a store in use a message may be expunged meanwhile; everywhere else things stand still.
    const expected = problem.code === "vanished" && this.#consistency === "fuzzy";
    if (!expected) this.partial = true;
  }
}

export function missingFile(path: RawPath, result: StoredFile): ImageProblem {
  switch (result.status) {
    case batchStatus.vanished:
      return {
        path,
        code: "vanished",
        message: "It was removed between being listed and being read.",
      };
    case batchStatus.notAFile:
      return {
        path,
        code: "changed",
        message: "It was a file when it was listed and is something else now.",
      };
    default:
      return {
        path,
        code: "unreadable",
        message: `It cannot be read (${displayPath((result.reason ?? "?") as RawPath)}).`,
      };
  }
}
