import type { RecoveryPoint } from "#copies";
import {
  figureCellsJson,
  figuresReport,
  type FiguresReportOptions,
  type MeasuredResult,
  type Measurement,
  measureMoments,
  paperParameters,
  type Quantity,
  type Requirements,
  siteSituation,
  type Situation,
} from "#planner";
import { formatBytes, toRfc3339Nano } from "#time";
import type { CommandContext } from "../command.ts";
import { openCopy } from "../copy-access.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { stateFolder } from "../folders.ts";
import { jsonText } from "../output.ts";
import {
  readRequirements,
  recordedMeasurements,
  requirementsPath,
  undescribedSite,
} from "../plan/read-requirements.ts";
import { showReport } from "../plan/show-report.ts";
import { mailOf } from "../record-storage.ts";
import { measuredResults } from "../result-cells.ts";
import { readResults } from "../results.ts";
import { openSite, type Site } from "../site.ts";
import { plural, safeText } from "../text.ts";

/** `restante figures [REQUIREMENTS]`: Figures 6 and 7 for this installation. */
export async function run(context: CommandContext): Promise<ExitCode> {
  const options = await figureOptions(context);
  if (options.results.length === 0)
    context.output.note(
      "Nothing was measured yet: captures and restores measure themselves, and --copy shows the RPO of a copy.",
    );
  // A bare array, for spreadsheets and jq.
  if (context.output.json)
    await context.surroundings.terminal.write(`${jsonText(figureCellsJson(options))}\n`);
  await showReport(figuresReport(options), context);
  return exitCodes.done;
}

type Options = FiguresReportOptions & { readonly results: readonly MeasuredResult[] };

async function figureOptions(context: CommandContext): Promise<Options> {
  const { surroundings } = context;
  const isMeasured = !context.arguments.has("no-measured");
  const path = await requirementsPath(context.arguments.positionals[0], context);
  const site = await openSite(context);
  const points = isMeasured && context.arguments.has("copy") ? await pointsOf(context, site) : [];
  const moments = measureMoments(points, surroundings.now());
  const measurements = isMeasured
    ? [
        ...(await recordedMeasurements(context)),
        ...moments.measurements,
        ...mailMeasured(points, surroundings.now()),
      ]
    : [];
  const requirements =
    path === undefined
      ? withLogsInProportion(await undescribedSite(context, { measurements }))
      : await readRequirements(path, context, { measurements });
  const situation = siteSituation(requirements);
  const recorded = isMeasured ? await recordedResults(context, situation) : [];
  return {
    situation,
    of: path === undefined ? nameOf(site) : requirements.server.name,
    results: [...inBothCases(moments.results, situation), ...recorded],
  };
}

async function pointsOf(context: CommandContext, site: Site): Promise<readonly RecoveryPoint[]> {
  await using opened = await openCopy(context, site);
  return await opened.copy.moments(undefined, context.surroundings.signal);
}

/** How much mail there is, as the newest moments of a copy have it. */
function mailMeasured(points: readonly RecoveryPoint[], nowNs: bigint): readonly Measurement[] {
  const past = points.filter(({ atNs }) => atNs <= nowNs);
  const mail = mailOf(past);
  if (mail === undefined || mail === 0) return [];
  const newestNs = past.reduce((newest, { atNs }) => (atNs > newest ? atNs : newest), 0n);
  const about = `${formatBytes(mail)} of mail in the newest of ${plural(past.length, "moment")}`;
  const at = toRfc3339Nano(newestNs);
  return [{ parameter: "mail", low: mail, high: mail, kind: "moments", at, about }];
}

async function recordedResults(
  { surroundings, output }: CommandContext,
  situation: Situation,
): Promise<readonly MeasuredResult[]> {
  const folder = stateFolder(surroundings.environment, { isRoot: process.geteuid?.() === 0 });
  const { results, problems } = await readResults(folder);
  for (const problem of problems) output.warning(safeText(problem));
  return inBothCases(measuredResults(results), situation);
}

/** Where nothing is ever rolled forward, both cases are one (§4.1), so what was measured stands for both. */
function inBothCases(
  results: readonly MeasuredResult[],
  { rollsForward }: Situation,
): readonly MeasuredResult[] {
  if (rollsForward) return results;
  return results.flatMap((result) =>
    (["logs survive", "logs lost"] as const).map((logs) => ({ ...result, case: logs })),
  );
}

/** New mail a day that nobody told or measured is assumed in the paper's proportion to the mail that there is. */
function withLogsInProportion(requirements: Requirements): Requirements {
  const { parameters } = requirements;
  const { mail, logs_per_day: logs } = parameters;
  if (mail.origin !== "measured" || logs.origin === "measured") return requirements;
  const paper = paperParameters();
  const share = paper.logs_per_day.high / paper.mail.high;
  const scaled: Quantity = {
    low: mail.low * share,
    high: mail.high * share,
    unit: "bytes",
    origin: "assumed",
    basis: `in proportion to the mail, as the paper has ${formatBytes(paper.logs_per_day.high)} a day for ${formatBytes(paper.mail.high)}`,
    instead: logs,
  };
  return { ...requirements, parameters: { ...parameters, logs_per_day: scaled } };
}

/** Whose figures they are, where no requirements say so. */
function nameOf({ config }: Site): Requirements["server"]["name"] {
  const names = config?.servers.map(({ name }) => name) ?? [];
  return names.length === 0 ? "this installation" : names.join(", ");
}
