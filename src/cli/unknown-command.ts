import { CliError } from "./cli-error.ts";
import { commandNames } from "./command-table.ts";
import { closestWord } from "#errors";
import { safeText } from "./text.ts";

export function unknownCommand(verb: string): CliError {
  const near = closestWord(verb, commandNames());
  return new CliError("cli.unknown-command", `Cannot run "${safeText(verb)}": no such verb`, {
    hint:
      near === undefined
        ? "See `restante help`."
        : `Did you mean \`restante ${near}\`? See \`restante help\`.`,
  });
}
