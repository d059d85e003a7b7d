import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { completionScript, shells } from "../completion.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { safeText } from "../text.ts";

export async function run({ arguments: typed, surroundings }: CommandContext): Promise<ExitCode> {
  const [name = ""] = typed.positionals;
  const shell = shells.find((known) => known === name);
  if (shell === undefined) {
    throw new CliError(
      "cli.usage",
      `Cannot write a completion script for "${safeText(name)}": no such shell here`,
      {
        hint: `Choose one of ${shells.join(", ")}.`,
      },
    );
  }
  await surroundings.terminal.write(completionScript(shell));
  return exitCodes.done;
}
