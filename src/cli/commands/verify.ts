import type { Rolling, RollingReport, VerifyFinding, VerifyReport } from "#repository";
import { formatBytes, formatDuration, parseDuration, toRfc3339Nano } from "#time";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { copyPlace, openCopy } from "../copy-access.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { kindAt, openAnyCopy, verifyReplicas } from "../methods/index.ts";
import { readingsOf } from "../pack-readings-file.ts";
import { repairText } from "../repair-text.ts";
import { openSite } from "../site.ts";
import { plural, safeText } from "../text.ts";
import { keepYoungGenerationSmall } from "../young-generation.ts";

export async function run(context: CommandContext): Promise<ExitCode> {
  keepYoungGenerationSmall();
  const { output, surroundings } = context;
  const readData = context.arguments.has("read-data");
  const rolling = typedRolling(context);
  const site = await openSite(context);
  const place = copyPlace(context, site);
  if (kindAt(place) === "replicas") {
    if (rolling !== undefined) throw notInParts(place.name);
    await using copy = await openAnyCopy(place, { context, site });
    if (copy.replicas !== undefined) return await verifyReplicas(copy.replicas, context);
  }
  await using opened = await openCopy(context, site, { verb: "verify" });
  const { repository } = opened;
  const progress = output.progress(surroundings.clockMs);
  const report = await repository.verify({
    readData,
    ...(rolling === undefined ? {} : { rolling }),
    readings: readingsOf(context, repository.id),
    now: surroundings.now,
    clockMs: surroundings.clockMs,
    signal: surroundings.signal,
    onProgress: ({ done, total, bytes }) =>
      progress.update({ label: "verify", unit: "packs", done, total, bytesDone: bytes }),
  });
  progress.finish();
  return await tell(report, { context, readData, rolling, folder: opened.place.folder });
}

function typedRolling({ arguments: typed }: CommandContext): Rolling | undefined {
  const [within, budget] = [typed.text("within"), typed.text("for")];
  if (within === undefined) {
    if (budget === undefined) return undefined;
    throw new CliError("cli.usage", "Cannot take --for alone: it limits what --within reads", {
      hint: `Say --within "30 days" too, or leave --for out.`,
    });
  }
  if (typed.has("read-data"))
    throw new CliError("cli.usage", "Cannot take --read-data and --within together", {
      hint: "--read-data reads everything now, --within a part each time.",
    });
  const [withinMs, budgetMs] = [positive("within", within), budget && positive("for", budget)];
  return { withinMs, ...(typeof budgetMs === "number" ? { budgetMs } : {}) };
}

function positive(option: string, text: string): number {
  const durationMs = parseDuration(text);
  if (durationMs > 0) return durationMs;
  throw new CliError("cli.usage", `Cannot take --${option} ${safeText(text)}: it is no time`, {
    hint: `Write it like "30 days" or "20 minutes".`,
  });
}

function notInParts(name: string): CliError {
  return new CliError(
    "cli.usage",
    `Cannot verify "${safeText(name)}" in parts: only repositories are read so`,
    { hint: "Leave --within out." },
  );
}

type Telling = {
  readonly context: CommandContext;
  readonly readData: boolean;
  readonly rolling: Rolling | undefined;
  readonly folder: string;
};

async function tell(report: VerifyReport, telling: Telling): Promise<ExitCode> {
  const { context, readData, rolling, folder } = telling;
  const { output } = context;
  const errors = report.findings.filter(({ severity }) => severity === "error").length;
  const warnings = report.findings.length - errors;
  for (const finding of report.findings) await tellFinding(finding, context);
  const repair = repairText(folder);
  const { findings: _findings, rolling: rolled, ...counts } = report;
  await output.document({
    type: "summary",
    verb: "verify",
    ok: errors === 0,
    readData,
    ...counts,
    errors,
    warnings,
    ...(errors === 0 ? {} : { repair }),
    ...(rolled === undefined ? {} : { rolling: rollingJson(rolled) }),
  });
  const looked = `${plural(report.snapshots, "moment")}, ${plural(report.packs, "pack")}, ${plural(report.blobs, "blob")}`;
  const depth =
    readData || rolling !== undefined
      ? `${formatBytes(report.bytesRead)} read and hashed`
      : "structure only; --read-data reads every byte";
  const verdict =
    errors === 0
      ? output.style("green", rolled === undefined || isAllRead(rolled) ? "whole" : "no damage met")
      : output.style("red", `${plural(errors, "error")}: not every moment can be recovered whole`);
  await output.text(
    `${verdict}${warnings === 0 ? "" : `, ${plural(warnings, "warning")}`} (${looked}; ${depth})\n`,
  );
  if (rolled !== undefined && rolling !== undefined)
    await output.text(rollingText(rolled, { rolling, nowNs: context.surroundings.now() }));
  if (errors > 0) await output.text(`See what can be saved: \`${repair} --dry-run\`\n`);
  return errors === 0 ? exitCodes.done : exitCodes.failed;
}

async function tellFinding(finding: VerifyFinding, { output }: CommandContext): Promise<void> {
  await output.document({ type: "finding", ...finding });
  const colour = finding.severity === "error" ? "red" : "yellow";
  await output.text(`${output.style(colour, finding.severity)}: ${safeText(finding.message)}\n`);
}

function isAllRead({ packsRead, packsTotal }: RollingReport): boolean {
  return packsRead >= packsTotal;
}

function rollingJson({ oldestNs, ...rest }: RollingReport): object {
  return { ...rest, ...(oldestNs === undefined ? {} : { oldest: toRfc3339Nano(oldestNs) }) };
}

function rollingText(
  report: RollingReport,
  { rolling, nowNs }: { readonly rolling: Rolling; readonly nowNs: bigint },
): string {
  const within = formatDuration(rolling.withinMs);
  const ended = report.endedByBudget ? ", then the time was over" : "";
  const read = `Read ${plural(report.packsRead, "pack")} of ${report.packsTotal}${ended}`;
  const oldest =
    report.oldestNs === undefined
      ? report.packsTotal === 0
        ? ""
        : `; ${report.neverReadPacks} of them never read and found sound`
      : `; the oldest reading is ${formatDuration(Number(nowNs - report.oldestNs) / 1e6)} old`;
  const overdue =
    report.overduePacks === 0
      ? `nothing is overdue (${within})`
      : `${plural(report.overduePacks, "pack")} overdue (${within}), ${formatBytes(report.overdueBytes)}`;
  return `${read}; ${overdue}${oldest}.\n${paceText(report, rolling)}`;
}

function paceText(
  { runsForAll, paceSuffices, bytesTotal }: RollingReport,
  { withinMs, budgetMs }: Rolling,
): string {
  if (runsForAll === undefined || budgetMs === undefined) return "";
  const runs = `${plural(runsForAll, "run")} of ${formatDuration(budgetMs)}`;
  const all = `At this speed ${formatBytes(bytesTotal)} take ${runs}`;
  const every = `run it every ${formatDuration(withinMs / runsForAll)} or more often`;
  if (paceSuffices === false)
    return `${all}: the pace does not suffice to read everything within ${formatDuration(withinMs)}; ${every}, or give it more time with --for.\n`;
  const verdict = paceSuffices === true ? ": the pace suffices" : "";
  return `${all}${verdict}; ${every}.\n`;
}
