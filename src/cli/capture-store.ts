import { hostname } from "node:os";
import { isRecoveryError } from "#errors";
import { type Image, type RawPath, rawPathFromText, type Volume, volumeIdentity } from "#image";
import {
  foldersOfOthers,
  foldersOfPlan,
  type GroupPlan,
  rootOfPlan,
  type StorePlan,
} from "./capture-plan.ts";
import {
  type Captured,
  type CaptureFailure,
  progressState,
  tellCaptured,
  tellFailure,
} from "./capture-report.ts";
import type { CommandContext } from "./command.ts";
import { isInterruption } from "./exit-codes.ts";
import {
  type Disappeared,
  disappearedJson,
  disappearedText,
  findDisappeared,
} from "./lost-accounts.ts";
import { type AnyCopy, diskMethod, openAnyCopy, openSource } from "./methods/index.ts";
import { withoutFolders } from "./part-image.ts";
import { phaseClock, totalMs } from "./phase-clock.ts";
import { captureMeasurements, recordMeasurements } from "./run-measurements.ts";
import { withServerFacts } from "./server-places.ts";
import type { Site } from "./site.ts";
import { safeText } from "./text.ts";

export type CaptureRun = {
  readonly context: CommandContext;
  readonly site: Site;
  readonly copies: OpenCopies;
  readonly stateFolder: string;
  /** Filled while the run goes on: what was done counts, whatever happens after it. */
  readonly captured: Captured[];
  readonly failures: CaptureFailure[];
  /** Accounts whose mail an earlier moment has and this run's has not. */
  readonly disappeared: { readonly shown: string; readonly accounts: Disappeared["accounts"] }[];
  /** The only method of the only store: then its error is that of the run. */
  readonly isOnly: boolean;
};

const mostWorkers = 64;

/** One stable Image of a store, and each method of each group in turn. One that fails does not stop the others. */
export async function captureStore(plan: StorePlan, run: CaptureRun): Promise<void> {
  const { context, copies } = run;
  const { surroundings } = context;
  const opening = Promise.allSettled(plan.groups.map(async ({ place }) => await copies.at(place)));
  // A server that is stopped waits for nothing that can be done before, and is not stopped for nothing.
  // A living store is listed meanwhile.
  if (plan.source.kind !== "live" && !(await opening).some(({ status }) => status === "fulfilled"))
    return await tellUnopened(plan, { run, opening: await opening });
  const clock = phaseClock(surroundings.clockMs);
  clock.begin("list");
  await using source = await openSource(plan, run);
  await using image = await source.source.stableImage({
    folder: rawPathFromText(plan.folder),
    beside: (plan.beside ?? []).map(rawPathFromText),
    group: plan.groups[0]?.name ?? plan.folder,
    ...(await volumesOf(plan)),
    signal: surroundings.signal,
  });
  clock.pause();
  const opened = await opening;
  const taken: Captured[] = [];
  for (const [index, group] of plan.groups.entries()) {
    const result = opened[index] as PromiseSettledResult<AnyCopy>;
    if (result.status === "rejected") await fail(group, { error: result.reason, run });
    else taken.push(...(await captureGroup(image, { plan, group, run, opened: result.value })));
  }
  // The time of another source is that of stopping the server, or of freezing the store.
  const listedMs = plan.source.kind === "live" ? totalMs(clock.phases()) : 0;
  await record(taken, { listedMs, run });
}

/** The whole store, and the parts of it that have a role of their own; nothing where none has. */
export async function volumesOf(
  plan: Pick<StorePlan, "folder" | "volumes" | "beside">,
): Promise<{ readonly volumes?: readonly Volume[] }> {
  const { folder, volumes = [] } = plan;
  if (volumes.length === 0) return {};
  const root = rawPathFromText(rootOfPlan(plan));
  const volumeAt = async (path: string, role: Volume["role"]): Promise<Volume> => {
    const absolute = rawPathFromText(path);
    const within = absolute.slice(root === "/" ? 1 : root.length + 1) as RawPath;
    return { id: await volumeIdentity(absolute), role, root: within };
  };
  const main = volumes.find(({ path }) => path === folder)?.role ?? "mixed";
  const parts = volumes.filter(({ path }) => path !== folder);
  return {
    volumes: await Promise.all([
      volumeAt(folder, main),
      ...parts.map(async ({ path, role }) => await volumeAt(path, role)),
    ]),
  };
}

async function tellUnopened(
  plan: StorePlan,
  {
    run,
    opening,
  }: {
    readonly run: CaptureRun;
    readonly opening: readonly PromiseSettledResult<AnyCopy>[];
  },
): Promise<void> {
  for (const [index, group] of plan.groups.entries())
    await fail(group, { error: (opening[index] as PromiseRejectedResult).reason, run });
}

/** A failure is told at once and counted; the only one, an interruption and what nobody foresaw are thrown. */
async function fail(
  group: GroupPlan,
  { error, run }: { readonly error: unknown; readonly run: CaptureRun },
): Promise<void> {
  run.context.surroundings.signal.throwIfAborted();
  if (run.isOnly || isInterruption(error)) throw error;
  const failure: CaptureFailure = { group: group.name, plan: group, error };
  run.failures.push(failure);
  await tellFailure(failure, run.context);
}

type GroupCapture = {
  readonly plan: StorePlan;
  readonly group: GroupPlan;
  readonly run: CaptureRun;
  readonly opened: AnyCopy;
};

/** What was taken: one, or none. */
async function captureGroup(image: Image, capture: GroupCapture): Promise<readonly Captured[]> {
  const { group, run } = capture;
  let captured: Captured;
  try {
    captured = await takeOne(image, capture);
  } catch (error) {
    await fail(group, { error, run });
    return [];
  }
  run.captured.push(captured);
  await tellCaptured(captured, { context: run.context, zone: run.site.zone });
  await tellGone(captured, { plan: capture.plan, run });
  return [captured];
}

/** What the moment lacks that an earlier one has: said at once, and never a deletion. */
async function tellGone(
  captured: Captured,
  { plan, run }: { readonly plan: StorePlan; readonly run: CaptureRun },
): Promise<void> {
  const { group, opened, result } = captured;
  if (opened.repository === undefined) return await tellGoneByList(captured, { plan, run });
  const { surroundings, output } = run.context;
  const { signal } = surroundings;
  const moments = await opened.copy.moments(result.point.group, signal);
  const { problems } = result;
  const gone = await findDisappeared(opened, { moments, problems, signal });
  if (gone !== undefined) {
    run.disappeared.push({ shown: plan.shown, accounts: gone.accounts });
    await output.document({ type: "disappeared", group, ...disappearedJson(gone) });
    output.warning(`${safeText(group)}: ${disappearedText(gone, run.site.zone)}`);
  }
  const { shrinkAlarm } = await import("#policy");
  const now = surroundings.now();
  for (const reason of shrinkAlarm(moments, { ...run.site.alarm, now }).reasons) {
    await output.document({ type: "alarm", group, reason });
    output.warning(`${safeText(group)}: ${safeText(reason)}; expiry is stopped`);
  }
}

/** The same for a copy whose moments are not compared themselves. What a repository of this run told is not told again. */
async function tellGoneByList(
  { group, opened, result, accounts }: Captured,
  { plan, run }: { readonly plan: StorePlan; readonly run: CaptureRun },
): Promise<void> {
  if (accounts === undefined) return;
  const { surroundings, output } = run.context;
  const { noteAccounts } = await import("./known-accounts.ts");
  const { point, problems } = result;
  const gone = await noteAccounts(
    { stateFolder: run.stateFolder, copy: opened.place.folder, group: point.group },
    {
      seen: accounts,
      point,
      problems,
      nowNs: surroundings.now(),
      onProblem: (sentence) => output.warning(`${safeText(group)}: ${sentence}`),
    },
  );
  if (gone === undefined) return;
  await output.document({ type: "disappeared", group, ...disappearedJson(gone) });
  const told = new Set(
    run.disappeared
      .filter(({ shown }) => shown === plan.shown)
      .flatMap((one) => one.accounts.map(({ path }) => path)),
  );
  if (gone.accounts.every(({ path }) => told.has(path))) return;
  run.disappeared.push({ shown: plan.shown, accounts: gone.accounts });
  output.warning(`${safeText(group)}: ${disappearedText(gone, run.site.zone)}`);
}

async function takeOne(
  image: Image,
  { plan, group, run, opened }: GroupCapture,
): Promise<Captured> {
  const { arguments: typed, surroundings, output } = run.context;
  const workers = typed.number("workers", { least: 0, most: mostWorkers });
  const progress = output.progress(surroundings.clockMs);
  const clock = phaseClock(surroundings.clockMs);
  clock.begin("scan");
  const root = rawPathFromText(rootOfPlan(plan));
  const told = withServerFacts(image, plan.facts);
  const others = await foldersOfOthers(told, { has: group.has, root });
  const part = withServerFacts(withoutFolders(image, others), plan.facts);
  const { beside = [] } = plan;
  const result = await opened.take(part, {
    path: root,
    ...(beside.length === 0 ? {} : { paths: foldersOfPlan(plan).map(rawPathFromText) }),
    group: group.name,
    hostname: hostname(),
    tags: typed.texts("tag"),
    full: typed.has("full"),
    ...(workers === undefined ? {} : { workers }),
    ...(group.rotation === undefined ? {} : { rotation: group.rotation }),
    now: surroundings.now,
    signal: surroundings.signal,
    onProgress: (state) => {
      clock.begin(state.phase);
      progress.update(progressState(state));
    },
  });
  progress.finish();
  clock.pause();
  const phases = clock.phases();
  const { name, method } = group;
  const accounts = await accountsTaken(part, {
    opened,
    point: result.point,
    signal: surroundings.signal,
  });
  return {
    group: name,
    method,
    opened,
    result,
    ...(accounts === undefined ? {} : { accounts }),
    elapsedMs: totalMs(phases),
    phases,
  };
}

/** Of clones, delta snapshots and tapes: a repository compares its moments. */
async function accountsTaken(
  image: Image,
  {
    opened,
    ...options
  }: {
    readonly opened: AnyCopy;
    readonly point: Captured["result"]["point"];
    readonly signal: AbortSignal;
  },
): Promise<Captured["accounts"]> {
  if (opened.repository !== undefined) return undefined;
  const { seeAccounts } = await import("./known-accounts.ts");
  return await seeAccounts(image, options);
}

/** What a backup to disk says of this site's speed. One walk for several groups cannot be told apart. */
async function record(
  captured: readonly Captured[],
  { listedMs, run }: { readonly listedMs: number; readonly run: CaptureRun },
): Promise<void> {
  const [only, ...others] = captured.filter(({ method }) => method === diskMethod);
  if (only === undefined || others.length > 0) return;
  const { result, elapsedMs } = only;
  const measured = captureMeasurements(
    { ...result, momentId: result.point.id, elapsedMs: listedMs + elapsedMs },
    run.context.surroundings.now(),
  );
  await recordMeasurements(run.context, measured);
}

/** Whether a run goes on after an error that a whole store ended with. */
export function isPassable(error: unknown, { isOnly, context }: CaptureRun): boolean {
  if (isOnly || isInterruption(error) || context.surroundings.signal.aborted) return false;
  return isRecoveryError(error);
}

/** Copies that this run has open, each once. One that did not open does not open a moment later either. */
export class OpenCopies implements AsyncDisposable {
  readonly #context: CommandContext;
  readonly #site: Site;
  readonly #open = new Map<string, Promise<AnyCopy>>();
  readonly #disposables = new AsyncDisposableStack();
  #last: Promise<unknown> = Promise.resolve();

  constructor(context: CommandContext, site: Site) {
    this.#context = context;
    this.#site = site;
  }

  /** One after the other: each may ask a person for its password. */
  async at(place: GroupPlan["place"]): Promise<AnyCopy> {
    const known = this.#open.get(place.folder);
    if (known !== undefined) return await known;
    const opening = this.#last.then(async () => {
      const options = { context: this.#context, site: this.#site };
      const copy = this.#disposables.use(await openAnyCopy(place, options));
      // Whoever may wait for a lock does so before a server is stopped or a store is frozen.
      const { now, signal } = this.#context.surroundings;
      if (this.#context.arguments.has("retry-lock"))
        await copy.repository?.awaitTurn({ exclusive: false, now, signal });
      return copy;
    });
    this.#open.set(place.folder, opening);
    this.#last = opening.catch(() => undefined);
    return await opening;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last;
    await this.#disposables.disposeAsync();
  }
}
