import {
  type DataSourceId,
  type DisasterOptionId,
  type EvidenceGrade,
  evidenceGrades,
  type OperationalMethodId,
} from "../figure-1/index.ts";
import { type Available, available } from "../ranking/index.ts";

/** One sentence of the paper that asks for something, or states a property that a program can have. */
export type Statement = {
  /** "1.4.1", or "Figure 6". */
  readonly section: string;
  /** The paper's own words; “…” leaves something out. */
  readonly words: string;
  /** What does it here, or will do it. */
  readonly here: string;
  /** Modules and documents, from the project's root; a folder ends in a slash. */
  readonly places: readonly string[];
  /** Files, or folders of them, that show it. */
  readonly tests: readonly string[];
  readonly rests: Rests;
};

/** What a statement's state rests on: evidence of its own, boxes of Figure 1, or nothing yet. */
export type Rests = EvidenceGrade | "planned" | readonly BoxId[];

/** A box of Figure 1, as `available.ts` has it. */
export type BoxId =
  | `source:${DataSourceId}`
  | `method:${OperationalMethodId}`
  | `option:${DisasterOptionId}`;

export type Standing =
  | { readonly state: "works"; readonly grade: EvidenceGrade }
  | { readonly state: "planned" };

/** A statement that rests on boxes works when this version does all of them, as well as the least shown of them. */
export function standingOf(
  { rests }: Pick<Statement, "rests">,
  has: Available = available,
): Standing {
  if (rests === "planned") return { state: "planned" };
  if (typeof rests === "string") return { state: "works", grade: rests };
  const grades = rests.map((box) => boxGrade(box, has));
  if (grades.length === 0 || grades.includes(undefined)) return { state: "planned" };
  const order = Object.keys(evidenceGrades) as readonly EvidenceGrade[];
  const weakest = order.findLast((grade) => grades.includes(grade));
  return weakest === undefined ? { state: "planned" } : { state: "works", grade: weakest };
}

/** The evidence for a box of Figure 1; undefined where this version does not do it. */
export function boxGrade(box: BoxId, has: Available = available): EvidenceGrade | undefined {
  const [column = "", id = ""] = box.split(":");
  const graded: Readonly<Record<string, EvidenceGrade>> =
    column === "source" ? has.sources : column === "method" ? has.operational : has.disaster;
  return graded[id];
}
