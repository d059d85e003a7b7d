import { parseRequirements } from "#planner";
import { safeText, tableText } from "../text.ts";
import type { InterviewAnswers } from "./interview-answers.ts";
import type { Question } from "./interview-question.ts";
import type { SiteFacts } from "./site-facts.ts";

export type SummaryOptions = {
  readonly facts: SiteFacts;
  /** Keys of what a person said. */
  readonly said: ReadonlySet<string>;
};

/** What was understood, as a table: number, what, answer, where it is from. */
export function summaryText(
  questions: readonly Question[],
  answers: InterviewAnswers,
  { facts, said }: SummaryOptions,
): string {
  const rows = questions.map((question, index) => [
    String(index + 1),
    safeText(question.label),
    safeText(question.shown(answers)),
    originOf(question, { facts, said }),
  ]);
  return tableText(rows, { right: [0] });
}

function originOf({ key, found }: Question, { facts, said }: SummaryOptions): string {
  if (said.has(key)) return "as you said";
  const fact = found?.(facts);
  if (fact === undefined) return found === undefined ? "usual" : "assumed";
  return fact.complete ? "found" : "found in part";
}

export type FileProblems = {
  /** Sentences, safe for a terminal. */
  readonly texts: readonly string[];
  readonly canBePlanned: boolean;
};

/** What the planner says of the file that the answers make: it reads the same text later. */
export function fileProblems(text: string): FileProblems {
  const { requirements, problems } = parseRequirements(text, { fileName: "the answers" });
  return {
    canBePlanned: requirements !== undefined,
    texts: problems.map(({ message, hint }) =>
      safeText(`${message}.${hint === undefined ? "" : ` ${hint}`}`),
    ),
  };
}
