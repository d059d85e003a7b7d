import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { safeText } from "../text.ts";
import type { InterviewAnswers, Stated } from "./interview-answers.ts";
import { wrappedText } from "./interview-text.ts";
import type { Fact } from "./site-fact.ts";
import type { SiteFacts } from "./site-facts.ts";

/** One question, as data: what is asked, what Enter takes, and what an answer means. */
export type Question = {
  readonly key: string;
  /** In the table of what was understood. */
  readonly label: string;
  readonly asked: string;
  /** What "?" says, with the section of the paper. */
  readonly explained: string;
  /** Lines above the question: what may be chosen. */
  readonly choices?: (answers: InterviewAnswers) => readonly string[];
  /** Where the answer in brackets was found, if it was. */
  readonly found?: (facts: SiteFacts) => Fact<unknown> | undefined;
  /** What stands in for an answer that nobody gave and that was not found: "usual" where it is left out. */
  readonly otherwise?: string;
  /** The answer that holds now, as a person would type it. */
  readonly shown: (answers: InterviewAnswers) => string;
  readonly read: (typed: string, answers: InterviewAnswers) => Reading;
  /** Left out: always. */
  readonly isAsked?: (answers: InterviewAnswers) => boolean;
};

/** What an answer means, or why it means nothing, with an example. */
export type Reading = { readonly stated: Stated } | { readonly wrong: string };

/** How often the same question is answered before the interview gives up. */
const mostAttempts = 5;

export type AskedQuestion = {
  readonly question: Question;
  readonly answers: InterviewAnswers;
  readonly facts: SiteFacts;
  readonly number: number;
  /** Whether a person said before what stands in the brackets. */
  readonly isStated: boolean;
};

/**
 * Asks until the answer is understood: undefined where Enter took what stands in the brackets. Throws
 * `cli.usage` after the fifth answer that is not.
 */
export async function askQuestion(
  { terminal, signal }: CommandContext["surroundings"],
  asked: AskedQuestion,
): Promise<Stated | undefined> {
  const { question, answers, facts, number, isStated } = asked;
  const { columns } = terminal;
  terminal.say("\n");
  const basis = isStated ? undefined : basisOf(question, facts);
  for (const choice of question.choices?.(answers) ?? [])
    terminal.say(wrappedText(choice, { indent, columns }));
  if (basis !== undefined) terminal.say(wrappedText(`(${basis})`, { indent, columns }));
  return await askText(
    { terminal, signal },
    {
      question: `${String(number).padStart(2)}. ${question.asked} [${question.shown(answers)}]`,
      explained: question.explained,
      read: (typed) => {
        if (typed === "") return { value: undefined };
        const reading = question.read(typed, answers);
        return "wrong" in reading ? reading : { value: reading.stated };
      },
    },
  );
}

export type AskedText<Value> = {
  readonly question: string;
  /** What "?" says, where there is more to say than what a wrong answer is told. */
  readonly explained?: string;
  /** Gets the answer without blanks around it. */
  readonly read: (typed: string) => { readonly value: Value } | { readonly wrong: string };
};

/** Asks until the answer is understood. Throws `cli.usage` after the fifth that is not. */
export async function askText<Value>(
  { terminal, signal }: Pick<CommandContext["surroundings"], "terminal" | "signal">,
  { question, explained, read }: AskedText<Value>,
): Promise<Value> {
  const { columns } = terminal;
  for (let attempt = 1; attempt <= mostAttempts;) {
    const typed = (await terminal.ask(`${safeText(question)} `, { signal })).trim();
    if (typed === "?" && explained !== undefined) {
      terminal.say(wrappedText(safeText(explained), { indent, columns }));
      continue;
    }
    const reading = read(typed);
    if ("value" in reading) return reading.value;
    terminal.say(wrappedText(safeText(reading.wrong), { indent, columns }));
    attempt++;
  }
  throw new CliError(
    "cli.usage",
    `Cannot go on with "${safeText(question.trim())}": ${mostAttempts} answers were not understood`,
    { hint: "Write the requirements into a file: requirements.example.yaml is one to start from." },
  );
}

/** Below the number of a question. */
const indent = "    ";

function basisOf({ found, otherwise }: Question, facts: SiteFacts): string | undefined {
  const fact = found?.(facts);
  if (fact === undefined) return otherwise;
  return fact.complete ? fact.basis : `${fact.basis}; please check`;
}
