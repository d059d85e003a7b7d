import type { Entry, ImageMoment, RawPath } from "#image";
import type { NewFiles } from "./new-files.ts";

/** `additive` puts back what is missing and touches nothing else; `exact` makes the target what it was. */
export const restoreModes = ["additive", "exact"] as const;
export type RestoreMode = (typeof restoreModes)[number];

/** Paths: `from` within the image, `to` and `at` below the target's root. "" is the root itself. */
type Put = {
  readonly from: RawPath;
  readonly to: RawPath;
  readonly entry: Entry;
  /** What a person should know of it. */
  readonly note?: string;
};

export type RestoreStep =
  /** Not there: it is written. */
  | (Put & {
      readonly kind: "create";
      /** An earlier step's `to` that is the same file under another name (hard link). */
      readonly linkTo?: RawPath;
      /** A message of a living mailbox: a taken name is no conflict, it gets another one. */
      readonly isMessage?: true;
    })
  /** There with the same content under other attributes, flags or place. Additive keeps it as it is; exact puts `at` back to `to`. */
  | (Put & { readonly kind: "merge"; readonly at: RawPath; readonly isFinishing?: true })
  /** A message that is there under another name (flag change) or in another folder. Left alone. */
  | (Put & { readonly kind: "moved"; readonly at: RawPath })
  /** Something else has its name. Left alone. */
  | (Put & { readonly kind: "conflict" })
  /** Exact only: something else has its name and makes way, kept in the undo folder. */
  | (Put & { readonly kind: "replace"; readonly at: RawPath; readonly linkTo?: RawPath })
  /** Exact only: was not there at that moment; moved to the undo folder. */
  | {
      readonly kind: "delete";
      readonly to: RawPath;
      readonly entry: Entry;
      /** Entries within, itself included. */
      readonly entries: number;
      /** It stands where something else has to be put. */
      readonly isInTheWay?: true;
    }
  /** Cannot be put back. */
  | (Put & { readonly kind: "fail" });

export type RestoreCounts = {
  readonly created: number;
  /** Same content, other attributes: kept (additive) or put right (exact). */
  readonly merged: number;
  /** A message that is there under another name or in another folder. */
  readonly moved: number;
  /** There already, the same in everything. */
  readonly skipped: number;
  /** Something else is there: left alone. */
  readonly conflict: number;
  readonly replaced: number;
  readonly deleted: number;
  readonly failed: number;
};

export type RestorePlan = {
  readonly mode: RestoreMode;
  readonly at: ImageMoment;
  readonly scope: RawPath;
  /** The folder that takes the scope's place, absolute, without symbolic links. */
  readonly target: RawPath;
  /** The mailbox that the target lies in, or the target: paths of steps are below it. */
  readonly root: RawPath;
  /** In the order in which they are done; what is there already and the same is only counted. */
  readonly steps: readonly RestoreStep[];
  /** More that is created; `stepsOf` has them among the steps. */
  readonly newFiles: readonly NewFiles[];
  readonly counts: RestoreCounts;
  /** Bytes of file content to be written. */
  readonly bytes: number;
  /** Living mailboxes within the target, matched message by message; paths below `root`. */
  readonly mailboxes: readonly RawPath[];
  /** Where exact keeps what it removes; undefined where nothing is. */
  readonly undoFolder?: RawPath;
  /** One sentence each. */
  readonly warnings: readonly string[];
};

export type RestoreFailure = { readonly path: RawPath; readonly message: string };

export type RestoreResult = {
  readonly counts: RestoreCounts;
  /** Files written, and found equal by SHA-256 after reading them back. */
  readonly filesVerified: number;
  readonly bytes: number;
  readonly failures: readonly RestoreFailure[];
  /** Files that are there with all their bytes, and lack an owner, a time or an attribute. */
  readonly incomplete: readonly RestoreFailure[];
  readonly undoFolder?: RawPath;
};

export type RestoreProgress = {
  readonly phase: "compare" | "write" | "finish";
  readonly done: number;
  readonly total: number;
  readonly bytes: number;
};

export type MutableCounts = { -readonly [Key in keyof RestoreCounts]: number };

export function noCounts(): MutableCounts {
  return {
    created: 0,
    merged: 0,
    moved: 0,
    skipped: 0,
    conflict: 0,
    replaced: 0,
    deleted: 0,
    failed: 0,
  };
}

const countOf = {
  create: "created",
  merge: "merged",
  moved: "moved",
  conflict: "conflict",
  replace: "replaced",
  delete: "deleted",
  fail: "failed",
} as const;

export function countStep(counts: MutableCounts, step: RestoreStep): void {
  counts[countOf[step.kind]] += step.kind === "delete" ? step.entries : 1;
}
