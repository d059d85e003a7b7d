import { makePlan, runbook } from "#planner";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { chosenIds } from "./chosen-ids.ts";
import { readRequirements, requirementsPath } from "./read-requirements.ts";
import { showReport } from "./show-report.ts";

/** `restante plan runbook FILE`: who does what in which order for each kind of loss. */
export async function run(context: CommandContext): Promise<ExitCode> {
  const path = await requirementsPath(context.arguments.positionals[1], context);
  if (path === undefined)
    throw new CliError("cli.usage", "Cannot write a runbook: no requirements were named", {
      hint: "Name the file that the plan was made from: restante plan runbook requirements.yaml",
    });
  const requirements = await readRequirements(path, context);
  const plan = makePlan(requirements, {
    choose: chosenIds(context),
    availableOnly: context.arguments.has("runs-here"),
  });
  const report = runbook(plan);
  await context.output.document({ type: "runbook", report });
  await showReport(report, context);
  return plan.lines.some(({ chosen }) => chosen === undefined)
    ? exitCodes.nothingMatched
    : exitCodes.done;
}
