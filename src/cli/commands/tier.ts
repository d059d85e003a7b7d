import { closestWord } from "#errors";
import { CliError } from "../cli-error.ts";
import type { Command, CommandContext } from "../command.ts";
import type { ExitCode } from "../exit-codes.ts";
import { safeText } from "../text.ts";

/** Words that may follow `tier`; anything else is the file of a list. */
const actions: Readonly<Record<string, () => Promise<{ readonly run: Command }>>> = {
  list: () => import("../tier/list.ts"),
  show: () => import("../tier/show.ts"),
  classify: () => import("../tier/classify.ts"),
};

export async function run(context: CommandContext): Promise<ExitCode> {
  const { positionals } = context.arguments;
  const [word = "list", ...more] = positionals;
  const known = Object.hasOwn(actions, word) ? actions[word] : undefined;
  if (context.arguments.has("save") && word !== "classify")
    throw new CliError("cli.usage", "Cannot save tiers: only a classification is saved", {
      hint: "restante tier classify FILE.csv --save FILE",
    });
  const most = word === "list" ? 1 : known === undefined ? 0 : 2;
  if (more.length > most) {
    const near = closestWord(word, Object.keys(actions));
    throw new CliError(
      "cli.usage",
      `Cannot list the tiers of "${safeText(more.at(-1) ?? "")}": a list has one file`,
      {
        hint:
          near === undefined || near === word
            ? "See `restante help tier`."
            : `Did you mean \`restante tier ${near}\`?`,
      },
    );
  }
  return await (await (known ?? (() => import("../tier/list.ts")))()).run(context);
}
