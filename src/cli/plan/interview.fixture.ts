import { openRepository } from "#repository";
import { Arguments } from "../arguments.ts";
import type { CommandContext } from "../command.ts";
import { Output } from "../output.ts";
import type { Terminal } from "../terminal.ts";
import { fact } from "./site-fact.ts";
import type { SiteFacts } from "./site-facts.ts";

export type TestSitting = {
  readonly context: CommandContext;
  readonly questions: readonly string[];
  readonly messages: () => string;
  readonly output: () => string;
};

export type TestSittingOptions = {
  /** Left out: nobody is there. After the last one, the person presses ctrl-c. */
  readonly answers?: readonly string[];
  /** After the last answer: presses Enter for ever, up to this many times. */
  readonly enters?: number;
  readonly json?: boolean;
  readonly options?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly workingFolder?: string;
  readonly signal?: AbortSignal;
  readonly columns?: number;
  readonly now?: () => bigint;
};

/** A context with a person who gives these answers. */
export function testSitting(given: TestSittingOptions = {}): TestSitting {
  const { answers, enters = 0, json = false, columns } = given;
  const left = [...(answers ?? []), ...Array.from({ length: enters }, () => "")];
  const questions: string[] = [];
  let messages = "";
  let output = "";
  let ticksMs = 0;
  const terminal: Terminal = {
    outputIsTerminal: true,
    messagesIsTerminal: true,
    inputIsTerminal: answers !== undefined || enters > 0,
    columns,
    colour: false,
    write: async (text) => void (output += String(text)),
    say: (text) => void (messages += text),
    ask: async (question) => {
      questions.push(question);
      messages += question;
      const answer = left.shift();
      if (answer === undefined) throw new DOMException("Interrupted at a question", "AbortError");
      messages += `${answer}\n`;
      return answer;
    },
  };
  const context: CommandContext = {
    arguments: new Arguments(
      [],
      new Map(Object.entries(given.options ?? {}).map(([name, value]) => [name, [value]])),
    ),
    surroundings: {
      terminal,
      environment: { HOME: "/nonexistent", ...given.environment },
      hideFromChildren: () => undefined,
      program: "restante",
      workingFolder: given.workingFolder ?? "/",
      timeZone: "Europe/Berlin",
      now: given.now ?? (() => BigInt(Date.now()) * 1_000_000n),
      clockMs: () => (ticksMs += 1),
      signal: given.signal ?? new AbortController().signal,
      openRepository,
    },
    output: new Output(terminal, { json, quiet: false }),
    passwords: { password: async () => "" },
  };
  return { context, questions, messages: () => messages, output: () => output };
}

/** Of a site where nothing was found. */
export const bareFacts: SiteFacts = {
  name: fact("mx1", "the name of this machine"),
  has: [],
  currency: fact("EUR", "the usual one", false),
  timeZone: fact("Europe/Berlin", "of this machine"),
  measurements: fact([], "0 figures measured on this machine"),
  problems: [],
};
