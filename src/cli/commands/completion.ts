import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { completedTargets } from "../completed-targets.ts";
import { completionScript, shells } from "../completion.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { openSite } from "../site.ts";
import { safeText } from "../text.ts";

export async function run(context: CommandContext): Promise<ExitCode> {
  const { arguments: typed, surroundings } = context;
  const [name = "", word = ""] = typed.positionals;
  if (name === "targets") {
    const site = await openSite(context);
    const lines = (await completedTargets(word, { site, surroundings })).map((one) => `${one}\n`);
    await surroundings.terminal.write(lines.join(""));
    return exitCodes.done;
  }
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
