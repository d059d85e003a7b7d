import { withAlarmMoments } from "./alarm-moments.ts";
import { type Arguments, parseArguments } from "./arguments.ts";
import { CliError } from "./cli-error.ts";
import type { CommandSpec } from "./command.ts";
import { commonOptions } from "./command-options.ts";
import { findCommand, optionsOf } from "./command-table.ts";
import { type ExitCode, exitCodeOf, exitCodes, isInterruption } from "./exit-codes.ts";
import { commandHelp, overviewHelp } from "./help.ts";
import { Output } from "./output.ts";
import { passwordsFrom } from "./passwords.ts";
import type { Surroundings } from "./terminal.ts";
import { unknownCommand } from "./unknown-command.ts";
import { programVersion } from "./version.ts";

/** One run of the command line in given surroundings: everything but the process itself. */
export async function runCommandLine(
  argv: readonly string[],
  surroundings: Surroundings,
): Promise<ExitCode> {
  // Errors are JSON too when JSON was asked for, also the error that the options do not parse.
  const output = new Output(surroundings.terminal, {
    json: beforeDashes(argv).includes("--json"),
    quiet: beforeDashes(argv).some((word) => word === "--quiet" || word === "-q"),
  });
  try {
    return await dispatch(argv, { surroundings, output });
  } catch (error) {
    if (isInterruption(error) || surroundings.signal.aborted) {
      if (output.json)
        await output.document({
          type: "error",
          code: "cli.interrupted",
          message: "Interrupted",
          retryable: true,
          exitCode: exitCodes.interrupted,
        });
      else surroundings.terminal.say("restante: interrupted\n");
      return exitCodes.interrupted;
    }
    await output.error(error);
    return exitCodeOf(error);
  }
}

type Run = { readonly surroundings: Surroundings; readonly output: Output };

async function dispatch(argv: readonly string[], { surroundings, output }: Run): Promise<ExitCode> {
  const { verb, rest } = splitVerb(argv);
  const { terminal } = surroundings;
  if (rest.includes("--version") || rest.includes("-V")) {
    if (verb === undefined) {
      if (output.json)
        await output.document({
          type: "version",
          program: "restante",
          programVersion: programVersion(),
        });
      else await terminal.write(`restante ${programVersion()}\n`);
      return exitCodes.done;
    }
  }
  if (verb === undefined) {
    const typed = parseArguments(rest, { options: commonOptions, help: "restante help" });
    if (!typed.has("help"))
      throw new CliError("cli.usage", "Cannot run: no verb was given", {
        hint: "See `restante help`; `restante demo` shows it at work.",
      });
    await terminal.write(overviewHelp(programVersion()));
    return exitCodes.done;
  }
  const command = findCommand(verb);
  if (command === undefined) throw unknownCommand(verb);
  const typed = parseArguments(rest, {
    options: optionsOf(command),
    help: `restante help ${command.name}`,
  });
  if (typed.has("help")) {
    await terminal.write(commandHelp(command));
    return exitCodes.done;
  }
  requirePositionals(command, typed);
  const { run } = await command.load();
  return await run({
    arguments: await withAlarmMoments(typed, surroundings),
    surroundings,
    output,
    passwords: passwordsFrom(surroundings),
  });
}

function requirePositionals(command: CommandSpec, typed: Arguments): void {
  const { least, most } = command.positionals;
  const count = typed.positionals.length;
  const hint = `Usage: ${command.usage.map((form) => `restante ${command.name} ${form}`).join("  or  ")}`;
  if (count < least)
    throw new CliError(
      "cli.usage",
      `Cannot ${command.name}: ${count === 0 ? "nothing was named" : "too little was named"}`,
      { hint },
    );
  if (count > most)
    throw new CliError(
      "cli.usage",
      `Cannot ${command.name}: "${typed.positionals[most]}" is one too many`,
      { hint },
    );
}

/** The first word that is no option (nor the value of one); everything else stays in order. */
function splitVerb(argv: readonly string[]): {
  readonly verb: string | undefined;
  readonly rest: readonly string[];
} {
  const takesValue = new Set(
    commonOptions
      .filter((option) => option.value !== undefined)
      .map((option) => `--${option.name}`),
  );
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] as string;
    if (word === "--") break;
    if (takesValue.has(word)) index++;
    else if (!word.startsWith("-")) return { verb: word, rest: argv.toSpliced(index, 1) };
  }
  return { verb: undefined, rest: argv };
}

function beforeDashes(argv: readonly string[]): readonly string[] {
  const dashes = argv.indexOf("--");
  return dashes < 0 ? argv : argv.slice(0, dashes);
}
