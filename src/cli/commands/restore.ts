import { displayPath, type RawPath } from "#image";
import {
  applyRestore,
  type RestoreCounts,
  type RestoreFailure,
  type RestorePlan,
  type RestoreResult,
} from "#recovery";
import { formatBytes, formatDuration } from "#time";
import { requireArrived } from "../arrived/require-arrived.ts";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { confirmed } from "../confirm.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { isOfServer } from "../living/is-of-server.ts";
import { livingPlace } from "../living/living-place.ts";
import { pathJson } from "../message-summary.ts";
import {
  type MomentView,
  openMoment,
  readingView,
  tellOthers,
  viewMomentJson,
} from "../moment-view.ts";
import {
  isOtherMachine,
  planJobs,
  restoreClock,
  type RestoreJob,
  restoreJobs,
  restoreMode,
} from "../restore-jobs.ts";
import { phaseClock, type PhaseClock, type PhaseTime, totalMs } from "../phase-clock.ts";
import { recordMeasurements, restoreMeasurements } from "../run-measurements.ts";
import { keepResult, restoreResult } from "../run-results.ts";
import { scopesOf } from "../scope.ts";
import { countText, plural, safeText } from "../text.ts";
import { asJob } from "../undo-files-job.ts";
import { keepYoungGenerationSmall } from "../young-generation.ts";

/** Steps of the preview that want a look are shown one by one up to here. */
const shownSteps = 20;

export async function run(context: CommandContext): Promise<ExitCode> {
  keepYoungGenerationSmall();
  const { surroundings } = context;
  const startedMs = surroundings.clockMs();
  const clock = phaseClock(surroundings.clockMs);
  restoreMode(context);
  const [typed = ""] = context.arguments.positionals;
  requireArrived(context.arguments);
  if (context.arguments.has("arrived")) {
    const { restoreArrived } = await import("../arrived/restore-arrived.ts");
    return await restoreArrived(typed, context);
  }
  clock.begin("find");
  await using view = await openMoment(typed, context, { clock });
  return await readingView(
    view,
    context,
    async () => await restore(view, { context, clock, startedMs }),
  );
}

type Restoring = {
  readonly context: CommandContext;
  readonly clock: PhaseClock;
  readonly startedMs: number;
};

async function restore(
  view: MomentView,
  { context, clock, startedMs }: Restoring,
): Promise<ExitCode> {
  const { output } = context;
  const scopes = await scopesOf(view);
  const place = await livingPlace({
    context,
    site: view.site,
    store: view.target.store,
    isOfServer: await isOfServer(scopes, view, context),
  });
  if (place !== undefined) {
    // Loaded only where a server is talked to.
    const { restoreMessages } = await import("../living/restore-messages.ts");
    return await restoreMessages(scopes, { view, context, place, startedMs });
  }
  refuseMessageOptions(context);
  const jobs = await restoreJobs(scopes, { view, context });
  clock.begin("compare");
  const plans = await planJobs(view.image, jobs, context);
  clock.pause();
  const inPlace = !context.arguments.has("to");
  for (const [index, plan] of plans.entries())
    await showPlan(jobs[index] as RestoreJob, plan, context);
  if (inPlace && isOtherMachine(view))
    output.warning(
      `this moment is of the machine ${safeText(view.chosen.point.hostname)}, and this is another one`,
    );
  const total = sum(plans.map(({ counts }) => counts));
  if (context.arguments.has("dry-run")) {
    await summary({ context, view, plans, results: [], jobIds: [], startedMs });
    await output.text("Nothing was changed. Run again without --dry-run.\n");
    return exitCodes.done;
  }
  const changes = total.created + total.merged + total.replaced + total.deleted;
  if (
    changes > 0 &&
    (inPlace || total.deleted + total.replaced > 0) &&
    !(await confirmed(questionOf(total, inPlace), context))
  )
    return exitCodes.refused;
  clock.begin("restore and verify");
  const { results, jobIds } = await apply(view, { jobs, plans, context });
  clock.pause();
  const finished = { context, view, plans, results, jobIds, startedMs };
  const { failed, missing } = await showResults(finished);
  if (failed + missing > 0) tellOthers(view, output);
  await record(results, { view, context, phases: clock.phases() });
  return failed + missing > 0 ? exitCodes.partial : exitCodes.done;
}

/** Files come back with the flags in their names. */
function refuseMessageOptions({ arguments: typed }: CommandContext): void {
  const stray = ["flags", "even-moved", "compare-all"].find((name) => typed.has(name));
  if (stray === undefined) return;
  throw new CliError("cli.usage", `Cannot use --${stray}: files are restored, not messages`, {
    hint: "Name a running server: --to imaps://HOST, --to imap where the configuration knows it, or --to doveadm.",
  });
}

/** What a restore says of this site's speed, and the RTO that it showed; without the time that a person took to answer. */
async function record(
  results: readonly RestoreResult[],
  {
    view,
    context,
    phases,
  }: {
    readonly view: MomentView;
    readonly context: CommandContext;
    readonly phases: readonly PhaseTime[];
  },
): Promise<void> {
  const counts = sum(results.map((result) => result.counts));
  const run = {
    momentId: view.chosen.point.id,
    bytes: results.reduce((total, { bytes }) => total + bytes, 0),
    files: results.reduce((total, { filesVerified }) => total + filesVerified, 0),
    skipped: counts.skipped + counts.moved + counts.merged,
    failed: counts.failed + results.reduce((total, { failures }) => total + failures.length, 0),
  };
  const now = context.surroundings.now();
  // Mail comes back at the rate of comparing and writing; to open the copy has a parameter of its own.
  const elapsedMs = totalMs(phases, ["compare", "restore and verify"]);
  await recordMeasurements(context, restoreMeasurements({ ...run, elapsedMs }, now));
  const { method } = view.opened.copy;
  await keepResult(context, async () => restoreResult({ ...run, method, phases }, now));
}

function questionOf(
  { created, merged, deleted, replaced }: RestoreCounts,
  inPlace: boolean,
): string {
  const place = inPlace ? "on the living store" : "there";
  const removes =
    deleted + replaced === 0
      ? "nothing will be deleted"
      : `${countText(deleted + replaced)} will be taken away`;
  return `Create ${countText(created)} and merge ${countText(merged)} ${place}; ${removes}. Go on?`;
}

type Work = {
  readonly jobs: readonly RestoreJob[];
  readonly plans: readonly RestorePlan[];
  readonly context: CommandContext;
};

async function apply(
  view: MomentView,
  { jobs, plans, context }: Work,
): Promise<Pick<Finished, "results" | "jobIds">> {
  const { image } = view;
  const { output, surroundings } = context;
  const progress = output.progress(surroundings.clockMs);
  const made = new Set<string>();
  for (const { into } of jobs) {
    if (into === undefined || made.has(into.path)) continue;
    into.make();
    made.add(into.path);
  }
  // A folder that was made a moment ago is not what was planned for.
  const current = made.size === 0 ? plans : await planJobs(image, jobs, context);
  const results: RestoreResult[] = [];
  const jobIds: string[] = [];
  for (const [index, plan] of current.entries()) {
    const work = async (onCreated?: (path: RawPath) => void): Promise<RestoreResult> =>
      await applyRestore(image, plan, {
        ...restoreClock(context),
        signal: surroundings.signal,
        ...(onCreated === undefined ? {} : { onCreated }),
        onProgress: ({ phase, done, total, bytes }) =>
          progress.update({
            label: phase,
            unit: "entries",
            done,
            total,
            bytesDone: bytes,
            bytesTotal: plan.bytes,
          }),
      });
    if (!isJob(plan, context)) {
      results.push(await work());
      continue;
    }
    const { shown } = jobs[index] as RestoreJob;
    const { result, jobId } = await asJob(plan, { shown, view, context }, work);
    results.push(result);
    if (jobId !== undefined) jobIds.push(jobId);
  }
  progress.finish();
  return { results, jobIds };
}

/** What is written to a new place is undone by removing that; on the living store, and where something is taken away, it wants a record. */
function isJob(plan: RestorePlan, { arguments: typed }: CommandContext): boolean {
  const { counts, steps, newFiles } = plan;
  const takesAway = counts.deleted + counts.replaced > 0;
  const changes = steps.some(
    ({ kind }) => kind !== "moved" && kind !== "conflict" && kind !== "fail",
  );
  return takesAway || ((changes || newFiles.length > 0) && !typed.has("to"));
}

async function showPlan(
  { shown }: RestoreJob,
  plan: RestorePlan,
  { output }: CommandContext,
): Promise<void> {
  await output.document({ type: "plan", scope: shown, ...planJson(plan) });
  await output.text(
    `${safeText(shown)} to ${displayPath(plan.target)}\n  ${countsText(plan.counts)}      ${removalText(plan)}\n`,
  );
  const remarkable = plan.steps.filter(
    ({ kind }) => kind === "conflict" || kind === "fail" || kind === "delete" || kind === "replace",
  );
  for (const step of remarkable.slice(0, shownSteps)) {
    const note = "note" in step && step.note !== undefined ? `: ${safeText(step.note)}` : "";
    await output.text(`  ${step.kind} ${displayPath(step.to)}${note}\n`);
  }
  if (remarkable.length > shownSteps)
    await output.text(
      `  … and ${countText(remarkable.length - shownSteps)} more; --json has them all\n`,
    );
  for (const warning of plan.warnings) output.warning(safeText(warning));
}

/** As in the preview of the design: what happens to each, in one line. */
export function countsText(counts: RestoreCounts): string {
  const { created, merged, moved, skipped, conflict, failed } = counts;
  const always: readonly [string, number][] = [
    ["created", created],
    ["merged", merged],
    ["moved", moved],
    ["skipped", skipped],
    ["conflict", conflict],
    ["failed", failed],
  ];
  return always.map(([name, count]) => `${name} ${countText(count)}`).join("   ");
}

function removalText({ counts, undoFolder }: RestorePlan): string {
  if (counts.deleted + counts.replaced === 0) return "nothing will be deleted";
  const kept = undoFolder === undefined ? "" : `, kept in ${displayPath(undoFolder)}`;
  return `deleted ${countText(counts.deleted)}, replaced ${countText(counts.replaced)}${kept}`;
}

function planJson({
  mode,
  target,
  root,
  counts,
  bytes,
  undoFolder,
  warnings,
  steps,
}: RestorePlan): object {
  const remarkable = steps.filter(({ kind }) => kind !== "create" && kind !== "moved");
  return {
    mode,
    target: pathJson(target),
    root: pathJson(root),
    counts,
    bytes,
    ...(undoFolder === undefined ? {} : { undoFolder: pathJson(undoFolder) }),
    warnings,
    steps: remarkable.map((step) => ({
      kind: step.kind,
      to: pathJson(step.to),
      ...("note" in step && step.note !== undefined ? { note: step.note } : {}),
    })),
  };
}

type Finished = {
  readonly context: CommandContext;
  readonly view: MomentView;
  readonly plans: readonly RestorePlan[];
  readonly results: readonly RestoreResult[];
  /** Records by which it can be undone. */
  readonly jobIds: readonly string[];
  readonly startedMs: number;
};

async function showResults(
  finished: Finished,
): Promise<{ readonly failed: number; readonly missing: number }> {
  const { context, results, startedMs } = finished;
  const { output, surroundings } = context;
  const failures = results.flatMap((result) => result.failures);
  const incomplete = results.flatMap((result) => result.incomplete);
  for (const failure of failures)
    await output.document({ type: "failure", ...failureJson(failure) });
  for (const failure of incomplete)
    await output.document({ type: "incomplete", ...failureJson(failure) });
  sayFailures(failures, { output, what: "could not be restored" });
  sayFailures(incomplete, { output, what: "restored without an owner, a time or an attribute" });
  await summary(finished);
  const verified = results.reduce((count, result) => count + result.filesVerified, 0);
  const bytes = results.reduce((count, result) => count + result.bytes, 0);
  const counts = sum(results.map((result) => result.counts));
  await output.text(
    `Restored in ${formatDuration(surroundings.clockMs() - startedMs)}: ${countsText(counts)}\n`,
  );
  await output.text(
    `${plural(verified, "file")} written, ${formatBytes(bytes)}, each read back and found equal by hash\n`,
  );
  for (const { undoFolder } of results)
    if (undoFolder !== undefined)
      await output.text(`What was taken away is in ${displayPath(undoFolder)}\n`);
  for (const jobId of finished.jobIds)
    await output.text(`To take it back: ${surroundings.program} undo ${jobId}\n`);
  return { failed: counts.failed, missing: failures.length };
}

async function summary({
  context,
  view,
  plans,
  results,
  jobIds,
  startedMs,
}: Finished): Promise<void> {
  const { output, surroundings } = context;
  const counts = sum((results.length > 0 ? results : plans).map((one) => one.counts));
  await output.document({
    type: "summary",
    verb: "restore",
    dryRun: context.arguments.has("dry-run"),
    moment: viewMomentJson(view),
    counts,
    jobs: jobIds,
    filesVerified: results.reduce((count, result) => count + result.filesVerified, 0),
    bytes: (results.length > 0 ? results : plans).reduce((count, one) => count + one.bytes, 0),
    elapsedMs: Math.round(surroundings.clockMs() - startedMs),
  });
}

function sayFailures(
  failures: readonly RestoreFailure[],
  { output, what }: { readonly output: CommandContext["output"]; readonly what: string },
): void {
  if (failures.length === 0) return;
  output.warning(`${plural(failures.length, "entry", "entries")} ${what}:`);
  for (const { path, message } of failures.slice(0, shownSteps))
    output.warning(`${displayPath(path)}: ${safeText(message)}`);
  if (failures.length > shownSteps)
    output.warning(`… and ${countText(failures.length - shownSteps)} more; --json has them all`);
}

function failureJson({ path, message }: RestoreFailure): object {
  return { ...pathJson(path), message };
}

function sum(all: readonly RestoreCounts[]): RestoreCounts {
  const total = {
    created: 0,
    merged: 0,
    moved: 0,
    skipped: 0,
    conflict: 0,
    replaced: 0,
    deleted: 0,
    failed: 0,
  };
  for (const counts of all)
    for (const name of Object.keys(total) as (keyof RestoreCounts)[]) total[name] += counts[name];
  return total;
}
