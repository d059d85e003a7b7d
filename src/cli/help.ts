import type { OptionSpec } from "./arguments.ts";
import type { CommandSpec } from "./command.ts";
import { commonOptions } from "./command-options.ts";
import { commands } from "./command-table.ts";
import { exitCodes } from "./exit-codes.ts";
import { passwordVariables } from "./password-variables.ts";

const width = 96;

/** What `restante help` prints. */
export function overviewHelp(version: string): string {
  const widest = Math.max(...commands.map((command) => nameAndAliases(command).length));
  return [
    `restante ${version}: recovers email, any message, mailbox or whole server, as of any moment.`,
    "",
    "Usage: restante VERB [TARGET] [--at T] [OPTION…]",
    "",
    ...commands.map((command) => `  ${nameAndAliases(command).padEnd(widest)}  ${command.summary}`),
    "",
    "Options of every verb:",
    ...optionLines(commonOptions),
    "",
    ...wrapped(
      `The password of a repository comes from ${passwordVariables.map(({ name }) => name).join(", ")}, or is asked for on a terminal.`,
      "",
    ),
    "",
    "Exit codes:",
    ...exitCodeLines(),
    "",
    "`restante help VERB` says more. New here? `restante demo`.",
    "",
  ].join("\n");
}

/** What `restante help VERB` prints. */
export function commandHelp(command: CommandSpec): string {
  const own = command.options.length === 0 ? [] : ["", "Options:", ...optionLines(command.options)];
  return [
    `restante ${nameAndAliases(command)}: ${command.summary}`,
    "",
    ...command.usage.map(
      (form, index) => `${index === 0 ? "Usage:" : "      "} restante ${command.name} ${form}`,
    ),
    ...command.about.flatMap((paragraph) => ["", ...wrapped(paragraph, "")]),
    ...own,
    "",
    "Options of every verb:",
    ...optionLines(commonOptions),
    "",
    "Examples:",
    ...command.examples.flatMap(({ command: line, about }) => [`  # ${about}`, `  ${line}`]),
    "",
  ].join("\n");
}

function nameAndAliases(command: CommandSpec): string {
  return [command.name, ...(command.aliases ?? [])].join(", ");
}

function optionLines(options: readonly OptionSpec[]): string[] {
  const labels = options.map(({ name, short, value }) => {
    const long = value === undefined ? `--${name}` : `--${name} ${value}`;
    return short === undefined ? `    ${long}` : `-${short}, ${long}`;
  });
  const widest = Math.max(...labels.map((label) => label.length));
  return options.flatMap((option, index) => {
    const indent = " ".repeat(widest + 4);
    const [first = "", ...more] = wrapped(option.about, indent);
    return [`  ${(labels[index] as string).padEnd(widest)}  ${first.trimStart()}`, ...more];
  });
}

const exitCodeMeaning: Readonly<Record<keyof typeof exitCodes, string>> = {
  done: "done",
  failed: "failed",
  usage: "wrong usage or configuration",
  partial: "done in part: something could not be captured or restored",
  noRepository: "no repository there",
  locked: "the repository is locked by another run",
  wrongPassword: "wrong password",
  rpoMissed: "status: a group is later than its objective (RPO), or has no moment",
  nothingMatched: "nothing matched the target or the moment",
  refused: "refused by policy",
  interrupted: "interrupted",
};

function exitCodeLines(): string[] {
  return Object.entries(exitCodeMeaning).map(([name, meaning]) => {
    const code = exitCodes[name as keyof typeof exitCodes];
    return `  ${String(code).padStart(3)}  ${meaning}`;
  });
}

function wrapped(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(" ")) {
    if (line.length > indent.length && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent;
    }
    line += line.length > indent.length ? ` ${word}` : word;
  }
  return [...lines, line];
}
