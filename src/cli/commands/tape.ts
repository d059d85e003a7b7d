import { closestWord } from "#errors";
import { CliError } from "../cli-error.ts";
import type { Command, CommandContext } from "../command.ts";
import type { ExitCode } from "../exit-codes.ts";
import { tapeActions } from "../tape-command.ts";
import { safeText } from "../text.ts";

type Action = {
  /** Words after it. */
  readonly least: number;
  readonly most: number;
  readonly usage: string;
  readonly load: () => Promise<{ readonly run: Command }>;
};

const actions: Readonly<Record<(typeof tapeActions)[number], Action>> = {
  list: { least: 0, most: 0, usage: "list", load: () => import("../tape/list.ts") },
  due: { least: 0, most: 0, usage: "due", load: () => import("../tape/due.ts") },
  rebuild: { least: 0, most: 0, usage: "rebuild", load: () => import("../tape/rebuild.ts") },
  label: { least: 1, most: 1, usage: "label BARCODE", load: () => import("../tape/label.ts") },
  retire: {
    least: 1,
    most: 1,
    usage: "retire BARCODE --reason TEXT",
    load: () => import("../tape/retire.ts"),
  },
  move: {
    least: 2,
    most: 2,
    usage: "move BARCODE ejected|in-transit|vault|recalled|onsite --who W --where P",
    load: () => import("../tape/move.ts"),
  },
  pull: { least: 0, most: 1, usage: "pull [TARGET] --at T", load: () => import("../tape/pull.ts") },
  verify: {
    least: 0,
    most: 1,
    usage: "verify [TARGET] [--at T]",
    load: () => import("../tape/verify.ts"),
  },
  spool: {
    least: 0,
    most: 1,
    usage: "spool [TARGET] --copy REPO [--at T]",
    load: () => import("../tape/spool.ts"),
  },
};

export async function run(context: CommandContext): Promise<ExitCode> {
  const [word = "list", ...more] = context.arguments.positionals;
  const name = tapeActions.find((action) => action === word);
  if (name === undefined) {
    const near = closestWord(word, tapeActions);
    throw new CliError("cli.usage", `Cannot do "${safeText(word)}" with tapes: no such word`, {
      hint:
        near === undefined
          ? "See `restante help tape`."
          : `Did you mean \`restante tape ${near}\`?`,
    });
  }
  const { least, most, usage, load } = actions[name];
  if (more.length < least || more.length > most) {
    const what =
      more.length < least ? "too little was named" : `"${safeText(more.at(-1) ?? "")}" is too much`;
    throw new CliError("cli.usage", `Cannot ${name} tapes: ${what}`, {
      hint: `Usage: restante tape ${usage}`,
    });
  }
  return await (await load()).run(context);
}
