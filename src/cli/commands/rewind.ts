import { alarmsIn } from "#records";
import { toRfc3339Nano } from "#time";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import type { ExitCode } from "../exit-codes.ts";
import { stateFolderOf } from "../holds-in-force.ts";
import { openSite } from "../site.ts";
import { safeText } from "../text.ts";
import { run as restore } from "./restore.ts";

/** A restore as of the last instant at which all was well. */
export async function run(context: CommandContext): Promise<ExitCode> {
  const { arguments: typed, output } = context;
  const before = typed.text("before")?.trim();
  if (before === undefined || before === "")
    throw new CliError("cli.usage", "Cannot rewind: --before was not given", {
      hint: "Say --before alarm-1; `restante hold list` shows the alarms.",
    });
  const id = /^(?:before:)?(alarm-\d{1,7})$/i.exec(before)?.[1]?.toLowerCase();
  if (id === undefined) {
    if (typed.positionals.length > 0)
      return await restore({ ...context, arguments: typed.with("at", before) });
    throw new CliError("cli.usage", `Cannot rewind before "${safeText(before)}": of what?`, {
      hint: "Name a target: restante rewind TARGET --before T.",
    });
  }
  const alarm = await alarmsIn(stateFolderOf(context)).get(id);
  output.note(`${alarm.id}: ${safeText(alarm.message)}`);
  const at = typed.with("at", toRfc3339Nano(alarm.before.atNs));
  const [target = await targetOf(alarm.group, context)] = typed.positionals;
  return await restore({ ...context, arguments: at.of([target]) });
}

/** Records have a group's tag; what is typed is its name. */
async function targetOf(tag: string, context: CommandContext): Promise<string> {
  const { groups } = await openSite(context);
  return groups.find((group) => group.tag === tag)?.name ?? tag;
}
