import { chapter1 } from "./chapter-1.ts";
import { chapter2Disaster } from "./chapter-2-disaster.ts";
import { chapter2Sources } from "./chapter-2-sources.ts";
import { chapter3Cdp } from "./chapter-3-cdp.ts";
import { chapter3Clones } from "./chapter-3-clones.ts";
import { chapter3Deltas } from "./chapter-3-deltas.ts";
import { chapter3Disk } from "./chapter-3-disk.ts";
import { chapter3Tape } from "./chapter-3-tape.ts";
import { chapter4, figure6Statements, figure7Statements } from "./chapter-4.ts";
import { figure1Statements } from "./figure-1-boxes.ts";
import { requirementsStatements } from "./requirements-statements.ts";
import type { Statement } from "./statement.ts";

/** Chapters and their parts, in the paper's order. */
export const parts: readonly Part[] = [
  { title: "1. Introduction", statements: chapter1 },
  { title: "1.4. Defining requirements", statements: requirementsStatements },
  { title: "2. Methods of protection: sources of data", statements: chapter2Sources },
  { title: "Figure 1: Choosing a Solution", statements: figure1Statements },
  { title: "2.2. Disaster recovery options", statements: chapter2Disaster },
  { title: "3.1. Backup copy on tape", statements: chapter3Tape },
  { title: "3.2. Backup copy on disk", statements: chapter3Disk },
  { title: "3.3. Rotation of clones", statements: chapter3Clones },
  { title: "3.4. Rotation of delta snapshots", statements: chapter3Deltas },
  { title: "3.5. Continuous data protection", statements: chapter3Cdp },
  { title: "4. Comparison of best practices", statements: chapter4 },
  { title: "Figure 6: Operational recovery tiers", statements: figure6Statements },
  { title: "Figure 7: Disaster recovery tiers", statements: figure7Statements },
];

export type Part = { readonly title: string; readonly statements: readonly Statement[] };

/** Every statement of the paper, in its order. */
export const statements: readonly Statement[] = parts.flatMap((part) => part.statements);
