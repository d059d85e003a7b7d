import {
  figureCellsJson,
  figuresReport,
  paperParameters,
  paperSituation,
  siteSituation,
  type FiguresReportOptions,
} from "#planner";
import type { CommandContext } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { jsonText } from "../output.ts";
import { momentsMeasured, readRequirements, requirementsPath } from "./read-requirements.ts";
import { showReport } from "./show-report.ts";

/** `restante plan figures [FILE]`: Figures 6 and 7 for the paper's own site, or for yours. */
export async function run(context: CommandContext): Promise<ExitCode> {
  const options = await figureOptions(context);
  // A bare array, for spreadsheets and jq.
  if (context.output.json)
    await context.surroundings.terminal.write(`${jsonText(figureCellsJson(options))}\n`);
  await showReport(figuresReport(options), context);
  return exitCodes.done;
}

async function figureOptions(context: CommandContext): Promise<FiguresReportOptions> {
  const path = await requirementsPath(context.arguments.positionals[1], context);
  const { results } = await momentsMeasured(context);
  if (path === undefined)
    return { situation: paperSituation(paperParameters()), of: "the paper's own site", results };
  const requirements = await readRequirements(path, context);
  return { situation: siteSituation(requirements), of: requirements.server.name, results };
}
