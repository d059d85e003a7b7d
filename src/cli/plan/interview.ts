import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { safeText } from "../text.ts";
import { answersOf, type InterviewAnswers, newLine, type Stated } from "./interview-answers.ts";
import { interviewFile } from "./interview-file.ts";
import { lineNameProblem, lineQuestions, readPatterns } from "./interview-line-questions.ts";
import { askQuestion, askText, type Question } from "./interview-question.ts";
import { equipmentQuestion, serverQuestions } from "./interview-server-questions.ts";
import { fileProblems, summaryText } from "./interview-summary.ts";
import { wrappedText } from "./interview-text.ts";
import { factsText, findSiteFacts, type SiteFacts } from "./site-facts.ts";

export { findSiteFacts };

export type InterviewOptions = {
  /** Looks at a folder that was named in place of the one that was found. Default: findSiteFacts(). */
  readonly lookAgain?: (folder: string) => Promise<SiteFacts>;
};

/** Lines of business that one sitting takes; a file may have more. */
const mostLines = 20;

/**
 * Asks a person on a terminal what a plan needs, and returns a requirements file (YAML) that the planner
 * reads. Writes nothing. Throws `cli.usage` where nobody is there to ask or five answers to one question
 * were not understood, AbortError where it is interrupted or the person does not want to go on.
 */
export async function interview(
  context: CommandContext,
  facts: SiteFacts,
  options: InterviewOptions = {},
): Promise<string> {
  requirePerson(context);
  const sitting = new Sitting(context, facts, options);
  return await sitting.hold();
}

/** Throws `cli.usage` where nobody can be asked. For who would look around in vain before the interview. */
export function requirePerson({ surroundings, output }: CommandContext): void {
  const { terminal, program } = surroundings;
  if (terminal.inputIsTerminal && !output.json) return;
  throw new CliError("cli.usage", "Cannot ask what is needed: nobody is there to answer", {
    hint: `Name a file: \`${program} plan requirements.yaml\`; requirements.example.yaml is one to start from.`,
  });
}

/** What a person wants with the answers as they stand. */
type Wish = "go on" | "end" | { readonly question: Question; readonly number: number };

/** One interview from the first question to the last. */
class Sitting {
  readonly #context: CommandContext;
  readonly #lookAgain: (folder: string) => Promise<SiteFacts>;
  #facts: SiteFacts;
  #stated: Stated = {};
  /** Keys of questions that a person answered. */
  readonly #said = new Set<string>();

  constructor(context: CommandContext, facts: SiteFacts, options: InterviewOptions) {
    this.#context = context;
    this.#facts = facts;
    this.#lookAgain = options.lookAgain ?? ((folder) => findSiteFacts(context, { folder }));
  }

  async hold(): Promise<string> {
    this.#introduce();
    await this.#askAll();
    await this.#addLines();
    return await this.#settle();
  }

  get #answers(): InterviewAnswers {
    return answersOf(this.#stated, this.#facts);
  }

  /** All that is asked of what is known now, in order. */
  #questions(): readonly Question[] {
    const answers = this.#answers;
    return [
      ...serverQuestions,
      ...answers.lines.flatMap((_, index) => lineQuestions(answers, index)),
      equipmentQuestion,
    ].filter(({ isAsked }) => isAsked?.(answers) ?? true);
  }

  #introduce(): void {
    const { program } = this.#context.surroundings;
    this.#say(
      "A few questions about the mail server and about what the business needs. Enter takes the answer in brackets, ? explains the question, ctrl-c ends it. Nothing is changed on this machine.",
    );
    if (!this.#isSaved) this.#say(`To keep the answers: ${program} plan --save requirements.yaml`);
    this.#tellFacts();
    const { measurements } = this.#facts;
    if (measurements.value.length > 0)
      this.#say(`${measurements.basis}: they take the place of what is assumed.`);
  }

  get #isSaved(): boolean {
    return this.#context.arguments.has("save");
  }

  #tellFacts(): void {
    this.#say(factsText(this.#facts));
    for (const problem of this.#facts.problems)
      this.#say(`Could not look at everything: ${problem}`);
  }

  async #askAll(): Promise<void> {
    const asked = new Set<string>();
    // Answers decide what else is asked: look for the next one each time.
    for (;;) {
      const next = this.#questions().find(({ key }) => !asked.has(key));
      if (next === undefined) return;
      asked.add(next.key);
      await this.#ask(next, asked.size);
    }
  }

  async #ask(question: Question, number: number): Promise<void> {
    const { surroundings } = this.#context;
    const stated = await askQuestion(surroundings, {
      question,
      answers: this.#answers,
      facts: this.#facts,
      number,
      isStated: this.#said.has(question.key),
    });
    if (stated === undefined) return;
    const before = this.#answers.path;
    this.#stated = { ...this.#stated, ...stated };
    this.#said.add(question.key);
    if (stated.path === undefined || stated.path === before) return;
    this.#say(`Looking at ${safeText(stated.path)} …`);
    this.#facts = await this.#lookAgain(stated.path);
    this.#tellFacts();
  }

  async #addLines(): Promise<void> {
    for (let added = 1; added < mostLines; added++) {
      const { lines } = this.#answers;
      const shown = lines.map(({ name }) => safeText(name)).join(", ");
      const isWanted = await this.#askYesNo(
        `Lines of business: ${shown}. Add another one with needs of its own?`,
        { usual: false },
      );
      if (!isWanted) return;
      await this.#addLine();
    }
  }

  async #addLine(): Promise<void> {
    const { surroundings } = this.#context;
    const name = await askText(surroundings, {
      question: "What is it called?",
      read: (typed) => {
        const wrong = lineNameProblem(typed, this.#answers);
        return wrong === undefined ? { value: typed } : { wrong };
      },
    });
    const mailboxes = await askText(surroundings, {
      question: "Which mailboxes are theirs? (patterns with commas, like *@sales.example.org)",
      read: readPatterns,
    });
    const { lines } = this.#answers;
    const everyone = lines.at(-1);
    if (everyone === undefined) throw new RangeError("there is no line of business");
    const line = { ...newLine(name, everyone), mailboxes };
    // Everyone stays last: the first line that matches a mailbox takes it.
    this.#stated = { ...this.#stated, lines: [...lines.slice(0, -1), line, everyone] };
    const asked = new Set<string>();
    for (;;) {
      const answers = this.#answers;
      const next = lineQuestions(answers, answers.lines.length - 2).find(
        ({ key, isAsked }) => !asked.has(key) && (isAsked?.(answers) ?? true),
      );
      if (next === undefined) return;
      asked.add(next.key);
      await this.#ask(next, asked.size);
    }
  }

  /** Shows what was understood until a person goes on with it, or does not. */
  async #settle(): Promise<string> {
    const { terminal } = this.#context.surroundings;
    for (;;) {
      const questions = this.#questions();
      const answers = this.#answers;
      const text = interviewFile(answers);
      const { texts, canBePlanned } = fileProblems(text);
      terminal.say("\nThis is what I understood:\n\n");
      terminal.say(summaryText(questions, answers, { facts: this.#facts, said: this.#said }));
      terminal.say("\n");
      this.#say(
        `Amounts are in ${safeText(answers.currency)}, times in ${safeText(answers.timeZone)}; copies would lie in ${safeText(answers.copyPath)}.`,
      );
      for (const one of texts) this.#say(`! ${one}`);
      const wish = await this.#askWish(questions, canBePlanned);
      if (wish === "end") {
        this.#say("Nothing was written.");
        throw new DOMException("The person did not want to go on", "AbortError");
      }
      if (wish === "go on") return text;
      await this.#ask(wish.question, wish.number);
    }
  }

  async #askWish(questions: readonly Question[], canBePlanned: boolean): Promise<Wish> {
    const example = `Write yes, no, or a number from 1 to ${questions.length} to change that answer.`;
    return await askText<Wish>(this.#context.surroundings, {
      question: canBePlanned
        ? "Go on with this? (yes, no, or the number of an answer to change) [yes]"
        : "This contradicts itself. Which answer is to be changed? (a number, or no to end)",
      read: (typed) => {
        if (/^no?$/i.test(typed)) return { value: "end" };
        if (/^(?:y(?:es)?)?$/i.test(typed))
          return canBePlanned ? { value: "go on" } : { wrong: example };
        const question = /^\d{1,4}$/.test(typed) ? questions[Number(typed) - 1] : undefined;
        if (question === undefined) return { wrong: example };
        return { value: { question, number: Number(typed) } };
      },
    });
  }

  async #askYesNo(question: string, { usual }: { readonly usual: boolean }): Promise<boolean> {
    return await askText(this.#context.surroundings, {
      question: `${question} [${usual ? "yes" : "no"}]`,
      read: (typed) => {
        if (typed === "") return { value: usual };
        if (/^y(?:es)?$/i.test(typed)) return { value: true };
        return /^no?$/i.test(typed) ? { value: false } : { wrong: "Write yes or no." };
      },
    });
  }

  #say(text: string): void {
    const { terminal } = this.#context.surroundings;
    terminal.say(wrappedText(text, { indent: "", columns: terminal.columns }));
  }
}
