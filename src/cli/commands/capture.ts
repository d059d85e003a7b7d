import { hostname } from "node:os";
import { displayPath, type Image, type ImageProblem, rawPathFromText } from "#image";
import { backUpToDisk, type TakeProgress, type TakeResult } from "#methods";
import { liveSource, offlineSource, recoverInterruptedOffline, type Source } from "#sources";
import { formatBytes, formatDuration, formatInstant } from "#time";
import type { CommandContext } from "../command.ts";
import {
  foldersOfOthers,
  type GroupPlan,
  planCapture,
  refuseCopyWithin,
  type SourcePlan,
  type StorePlan,
} from "../capture-plan.ts";
import { openCopyAt, type OpenCopy } from "../copy-access.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { ownFolder, stateFolder } from "../folders.ts";
import { consistencyText, momentJson, shortId } from "../moments.ts";
import { withoutFolders } from "../part-image.ts";
import { captureMeasurements, recordMeasurements } from "../run-measurements.ts";
import { openSite, type Site } from "../site.ts";
import { countText, plural, safeText } from "../text.ts";

/** Problems that are shown one by one; the rest is counted. */
const shownProblems = 20;
const mostWorkers = 64;

export async function run(context: CommandContext): Promise<ExitCode> {
  const { output, surroundings } = context;
  const site = await openSite(context);
  const plans = planCapture(context, site);
  for (const plan of plans) refuseCopyWithin(plan);
  const state = await ownFolder(
    stateFolder(surroundings.environment, { isRoot: process.geteuid?.() === 0 }),
  );
  for (const { folder, stoppedAt } of await recoverInterruptedOffline(state, {
    signal: surroundings.signal,
  })) {
    output.warning(
      `the mail server of ${safeText(folder)} was still stopped since ${stoppedAt}, by a run that was killed: it was started`,
    );
  }
  await using copies = new OpenCopies(context);
  const captured: Captured[] = [];
  for (const plan of plans)
    captured.push(...(await captureStore(plan, { context, site, copies, stateFolder: state })));
  const partial = captured.some(({ result }) => result.partial);
  await output.document({
    type: "summary",
    verb: "capture",
    partial,
    captures: captured.map(capturedJson),
  });
  return partial ? exitCodes.partial : exitCodes.done;
}

type Run = {
  readonly context: CommandContext;
  readonly site: Site;
  readonly copies: OpenCopies;
  readonly stateFolder: string;
};
type Captured = {
  readonly group: string;
  readonly copy: string;
  readonly result: TakeResult;
  readonly elapsedMs: number;
};

async function captureStore(plan: StorePlan, run: Run): Promise<readonly Captured[]> {
  const { surroundings, output } = run.context;
  const opening = openCopies(plan, run);
  // A server that is stopped waits for nothing that can be done before; a living store is listed
  // meanwhile, and a refusal shows when it is.
  if (plan.source.kind === "live") opening.catch(() => undefined);
  else await opening;
  const captured: Captured[] = [];
  const source = sourceOf(plan.source, run);
  const startedMs = surroundings.clockMs();
  await using image = await source.stableImage({
    folder: rawPathFromText(plan.folder),
    group: plan.groups[0]?.name ?? plan.folder,
    signal: surroundings.signal,
  });
  const listedMs = surroundings.clockMs() - startedMs;
  await opening;
  for (const group of plan.groups) {
    const one = await captureGroup(image, { plan, group, run });
    captured.push(one);
    for (const problem of one.result.problems)
      await output.document({
        type: "problem",
        group: group.name,
        ...problem,
        path: displayPath(problem.path),
      });
    await output.text(resultText(one, run.site.zone));
    sayProblems(one.result.problems, run.context);
  }
  await record(captured, { listedMs: plan.source.kind === "live" ? listedMs : 0, run });
  return captured;
}

/** What a capture says of this site's speed. One walk for several groups cannot be told apart. */
async function record(
  captured: readonly Captured[],
  { listedMs, run }: { readonly listedMs: number; readonly run: Run },
): Promise<void> {
  const [only, ...others] = captured;
  if (only === undefined || others.length > 0) return;
  const { result, elapsedMs } = only;
  const measured = captureMeasurements(
    { ...result, momentId: result.point.id, elapsedMs: listedMs + elapsedMs },
    run.context.surroundings.now(),
  );
  await recordMeasurements(run.context, measured);
}

async function openCopies(plan: StorePlan, { copies }: Run): Promise<void> {
  for (const { place } of plan.groups) await copies.at(place);
}

function sourceOf(plan: SourcePlan, { context, stateFolder: folder }: Run): Source {
  const clock = context.surroundings.now;
  if (plan.kind === "live") return liveSource({ clock });
  const { stop, start, timeoutMs } = plan;
  return offlineSource({
    stop,
    start,
    stateFolder: folder,
    clock,
    ...(timeoutMs === undefined ? {} : { stopTimeoutMs: timeoutMs }),
  });
}

type GroupCapture = { readonly plan: StorePlan; readonly group: GroupPlan; readonly run: Run };

async function captureGroup(image: Image, { plan, group, run }: GroupCapture): Promise<Captured> {
  const { arguments: typed, surroundings, output } = run.context;
  const { repository, place } = await run.copies.at(group.place);
  const workers = typed.number("workers", { least: 0, most: mostWorkers });
  const progress = output.progress(surroundings.clockMs);
  const startedMs = surroundings.clockMs();
  const part = withoutFolders(
    image,
    await foldersOfOthers(image, { has: group.has, folder: plan.folder }),
  );
  const result = await backUpToDisk(part, {
    repository,
    path: rawPathFromText(plan.folder),
    group: group.name,
    hostname: hostname(),
    tags: typed.texts("tag"),
    full: typed.has("full"),
    ...(workers === undefined ? {} : { workers }),
    now: surroundings.now,
    signal: surroundings.signal,
    onProgress: (state) => progress.update(progressState(state)),
  });
  progress.finish();
  return {
    group: group.name,
    copy: place.name,
    result,
    elapsedMs: surroundings.clockMs() - startedMs,
  };
}

function progressState({
  phase,
  filesDone,
  filesTotal,
  bytesDone,
  bytesTotal,
}: TakeProgress): Parameters<ReturnType<CommandContext["output"]["progress"]>["update"]>[0] {
  return { label: phase, unit: "files", done: filesDone, total: filesTotal, bytesDone, bytesTotal };
}

function resultText({ group, copy, result, elapsedMs }: Captured, zone: string): string {
  const {
    point,
    filesNew,
    filesRenamed,
    filesChanged,
    filesUnmodified,
    bytesRead,
    bytesAdded,
    bytesStored,
  } = result;
  return [
    `${safeText(group)}: moment ${shortId(point)} of ${formatInstant(point.atNs, zone)} in copy ${safeText(copy)}, ${formatDuration(elapsedMs)}; ${consistencyText({ consistency: result.consistency })}`,
    `  files  ${countText(filesNew)} new, ${countText(filesRenamed)} renamed, ${countText(filesChanged)} changed, ${countText(filesUnmodified)} unmodified; ${plural(result.filesTotal, "file")} of ${formatBytes(result.bytesTotal)}`,
    `  bytes  ${formatBytes(bytesRead)} read, ${formatBytes(bytesAdded)} new, ${formatBytes(bytesStored)} stored`,
    "",
  ].join("\n");
}

function sayProblems(problems: readonly ImageProblem[], { output }: CommandContext): void {
  if (problems.length === 0) return;
  output.warning(`${plural(problems.length, "problem")}:`);
  for (const { message } of problems.slice(0, shownProblems)) output.warning(safeText(message));
  if (problems.length > shownProblems)
    output.warning(`… and ${countText(problems.length - shownProblems)} more; --json has them all`);
}

function capturedJson({ group, copy, result, elapsedMs }: Captured): object {
  const { point, problems, ...counts } = result;
  return {
    group,
    copy,
    ...counts,
    problems: problems.length,
    elapsedMs: Math.round(elapsedMs),
    moment: momentJson(point),
  };
}

/** Copies that this run has open, each once. */
class OpenCopies implements AsyncDisposable {
  readonly #context: CommandContext;
  readonly #open = new Map<string, OpenCopy>();
  readonly #disposables = new AsyncDisposableStack();

  constructor(context: CommandContext) {
    this.#context = context;
  }

  async at(place: Parameters<typeof openCopyAt>[0]): Promise<OpenCopy> {
    const known = this.#open.get(place.folder);
    if (known !== undefined) return known;
    const opened = this.#disposables.use(await openCopyAt(place, this.#context));
    this.#open.set(place.folder, opened);
    return opened;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#disposables.disposeAsync();
  }
}
