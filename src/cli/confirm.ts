import { CliError } from "./cli-error.ts";
import type { CommandContext } from "./command.ts";

/** Asks a person before something that matters; a script says --yes. */
export async function confirmed(
  question: string,
  { arguments: typed, output, surroundings }: CommandContext,
): Promise<boolean> {
  if (typed.has("yes")) return true;
  const { terminal, signal } = surroundings;
  if (!terminal.inputIsTerminal || output.json) {
    throw new CliError(
      "cli.refused",
      "Cannot go on: nobody is there to ask, and --yes was not given",
      {
        hint: "Look at it with --dry-run, then run it again with --yes.",
      },
    );
  }
  const answer = await terminal.ask(`${question} [y/N] `, { signal });
  if (/^y(es)?$/i.test(answer.trim())) return true;
  output.note("Nothing was changed.");
  return false;
}
