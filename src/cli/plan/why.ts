import { siteSituation, why } from "#planner";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { readRequirements, requirementsPath, undescribedSite } from "./read-requirements.ts";
import { showReport } from "./show-report.ts";

/** `restante plan why TOPIC [FILE]`: where a number, a verdict or a ranking comes from. */
export async function run(context: CommandContext): Promise<ExitCode> {
  const [, topic, file] = context.arguments.positionals;
  if (topic === undefined)
    throw new CliError("cli.usage", "Cannot say why: no topic was named", {
      hint: 'Name a number (tape_rate), a box (deltas), a pair ("deltas ship-tapes"), a server (cyrus), a row of the figures (Clone) or a combination.',
    });
  const path = await requirementsPath(file, context);
  const requirements =
    path === undefined ? await undescribedSite(context) : await readRequirements(path, context);
  const report = why(topic, { requirements, situation: siteSituation(requirements) });
  await context.output.document({ type: "why", topic, report });
  await showReport(report, context);
  return exitCodes.done;
}
