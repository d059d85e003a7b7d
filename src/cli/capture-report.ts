import { describeError, errorToJson } from "#errors";
import { displayPath, type ImageProblem } from "#image";
import type { TakeProgress, TakeResult } from "#methods";
import { formatBytes, formatDuration, formatInstant } from "#time";
import type { GroupPlan } from "./capture-plan.ts";
import type { CommandContext } from "./command.ts";
import type { SeenAccounts } from "./known-accounts.ts";
import { type AnyCopy, diskMethod, type MethodWords } from "./methods/index.ts";
import { consistencyText, momentJson, shortId } from "./moments.ts";
import type { PhaseTime } from "./phase-clock.ts";
import { countText, plural, safeLines, safeText } from "./text.ts";

/** Problems that are shown one by one; the rest is counted. */
const shownProblems = 20;

/** A moment that was taken. */
export type Captured = {
  readonly group: string;
  readonly method: MethodWords;
  readonly opened: AnyCopy;
  readonly result: TakeResult & { readonly notes?: readonly string[] };
  /** Whose mail it has, where moments of the copy are not compared themselves. */
  readonly accounts?: SeenAccounts;
  readonly elapsedMs: number;
  readonly phases: readonly PhaseTime[];
};

/** A method that took none, or a store that was not let go as it should be. */
export type CaptureFailure = {
  readonly group: string;
  readonly plan?: Pick<GroupPlan, "method" | "place">;
  readonly error: unknown;
};

export function progressState({
  phase,
  filesDone,
  filesTotal,
  bytesDone,
  bytesTotal,
}: TakeProgress): Parameters<ReturnType<CommandContext["output"]["progress"]>["update"]>[0] {
  return { label: phase, unit: "files", done: filesDone, total: filesTotal, bytesDone, bytesTotal };
}

/** Says what was taken, and what there was to it. */
export async function tellCaptured(
  captured: Captured,
  { context, zone }: { readonly context: CommandContext; readonly zone: string },
): Promise<void> {
  const { output } = context;
  const { group, result } = captured;
  for (const problem of result.problems)
    await output.document({
      type: "problem",
      group,
      ...problem,
      path: displayPath(problem.path),
    });
  await output.text(resultText(captured, zone));
  for (const note of result.notes ?? []) output.note(`  ${safeText(note)}`);
  sayProblems(result.problems, context);
}

function resultText({ group, method, opened, result, elapsedMs }: Captured, zone: string): string {
  const by = method === diskMethod ? "" : ` (${method})`;
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
    `${safeText(group)}: moment ${shortId(point)} of ${formatInstant(point.atNs, zone)} in copy ${safeText(opened.place.name)}${by}, ${formatDuration(elapsedMs)}; ${consistencyText({ consistency: result.consistency })}`,
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

export function capturedJson({
  group,
  method,
  opened,
  result,
  elapsedMs,
  phases,
}: Captured): object {
  const { point, problems, ...counts } = result;
  return {
    group,
    copy: opened.place.name,
    method,
    ...counts,
    problems: problems.length,
    elapsedMs: Math.round(elapsedMs),
    phases: phases.map(({ name, ms }) => ({ name, ms: Math.round(ms) })),
    moment: momentJson(point),
  };
}

/** Says what was not taken, why, and what to do. The other methods go on. */
export async function tellFailure(
  { group, plan, error }: CaptureFailure,
  { output }: CommandContext,
): Promise<void> {
  const { code, message, hint } = errorToJson(error);
  const copy = plan?.place.name;
  await output.document({
    type: "failed",
    group,
    ...(plan === undefined ? {} : { method: plan.method, copy }),
    error: { code, message, ...(hint === undefined ? {} : { hint }) },
  });
  const what = plan === undefined ? "" : ` (${plan.method}, copy ${safeText(copy ?? "")})`;
  output.warning(`${safeText(group)}${what}: ${safeLines(describeError(error))}`);
  if (code === "methods.replica-folder" && copy !== undefined)
    output.warning(`where that folder is a new one: restante init --copy ${safeText(copy)}`);
}
