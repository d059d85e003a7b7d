import type { CommandContext } from "../command.ts";
import { findCommand } from "../command-table.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { commandHelp, overviewHelp } from "../help.ts";
import { unknownCommand } from "../unknown-command.ts";
import { programVersion } from "../version.ts";

export async function run({ arguments: typed, surroundings }: CommandContext): Promise<ExitCode> {
  const [verb] = typed.positionals;
  if (verb === undefined) {
    await surroundings.terminal.write(overviewHelp(programVersion()));
    return exitCodes.done;
  }
  const command = findCommand(verb);
  if (command === undefined) throw unknownCommand(verb);
  await surroundings.terminal.write(commandHelp(command));
  return exitCodes.done;
}
