import { closestWord } from "#errors";
import { CliError } from "../cli-error.ts";
import type { Command, CommandContext } from "../command.ts";
import type { ExitCode } from "../exit-codes.ts";
import { safeText } from "../text.ts";

/** Words that may follow `plan`; anything else is the file of a plan. */
const actions: Readonly<Record<string, () => Promise<{ readonly run: Command }>>> = {
  figures: () => import("../plan/figures.ts"),
  why: () => import("../plan/why.ts"),
  check: () => import("../plan/check.ts"),
  runbook: () => import("../plan/runbook.ts"),
};

export async function run(context: CommandContext): Promise<ExitCode> {
  const [word = "", ...more] = context.arguments.positionals;
  const action = Object.hasOwn(actions, word) ? actions[word] : undefined;
  if (action !== undefined) return await (await action()).run(context);
  if (more.length > 0) {
    const near = closestWord(word, Object.keys(actions));
    throw new CliError(
      "cli.usage",
      `Cannot plan "${safeText(more[0] ?? "")}": a plan has one file`,
      {
        hint:
          near === undefined
            ? "See `restante help plan`."
            : `Did you mean \`restante plan ${near}\`?`,
      },
    );
  }
  return await (await import("../plan/make.ts")).run(context);
}
