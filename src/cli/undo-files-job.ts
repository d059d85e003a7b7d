import { randomBytes } from "node:crypto";
import { displayPath, type RawPath } from "#image";
import type { Job, JobSummary, Records } from "#records";
import { isRecordsError } from "#records";
import {
  filesJobKind,
  type RestorePlan,
  type RestoreResult,
  undoFiles,
  type UndoFilesCounts,
  type UndoFilesResult,
  writeOutcome,
  writeSteps,
} from "#recovery";
import { audited } from "./audit.ts";
import type { CommandContext } from "./command.ts";
import { confirmed } from "./confirm.ts";
import { exitCodes, type ExitCode } from "./exit-codes.ts";
import { recordsOf } from "./job-records.ts";
import { momentText } from "./moments.ts";
import type { MomentView } from "./moment-view.ts";
import { countText, safeText } from "./text.ts";

export type FilesJobOptions = {
  readonly shown: string;
  readonly view: MomentView;
  readonly context: CommandContext;
};

/** Does one restore of files as a job, so that it can be undone; without one where none can be written, and says so. */
export async function asJob(
  plan: RestorePlan,
  { shown, view, context }: FilesJobOptions,
  work: (onCreated: (path: RawPath) => void) => Promise<RestoreResult>,
): Promise<{ readonly result: RestoreResult; readonly jobId?: string }> {
  const { surroundings, output } = context;
  let job: Job;
  try {
    const records = await recordsOf(context);
    const { root, undoFolder, mode } = plan;
    const about = `${shown} as of ${momentText(view.chosen, view.site.zone)} to ${displayPath(plan.target)}`;
    job = await records.begin(
      { kind: filesJobKind, about, startedMs: Number(surroundings.now() / 1_000_000n) },
      { unique: randomBytes(4).toString("hex"), more: { root, undoFolder, mode } },
    );
    await writeSteps(job, plan);
  } catch (error) {
    if (!isRecordsError(error)) throw error;
    output.warning(`this restore cannot be undone with one word: ${safeText(error.message)}`);
    return { result: await work(() => undefined) };
  }
  await using held = job;
  const created: RawPath[] = [];
  const result = await work((path) => created.push(path));
  await writeOutcome(held, result, created);
  return { result, jobId: held.id };
}

/** Takes back what a restore of files did: looks first, asks, then does it. */
export async function undoFilesJob(
  summary: JobSummary,
  { records, context }: { readonly records: Records; readonly context: CommandContext },
): Promise<ExitCode> {
  const { output } = context;
  await using job = await records.take(summary.id);
  const preview = await undoFiles({ job, dryRun: true });
  await output.document({ type: "plan", job: summary.id, ...preview });
  await output.text(`${safeText(summary.about)}\n  ${undoText(preview.counts)}\n`);
  for (const note of preview.notes) output.warning(safeText(note));
  if (context.arguments.has("dry-run")) {
    await output.text("Nothing was changed. Run again without --dry-run.\n");
    return exitCodes.done;
  }
  const { removed, namesBack, putBack } = preview.counts;
  const question = `Take it back? ${countText(removed)} that were created go, ${countText(putBack)} come back.`;
  if (removed + namesBack + putBack > 0 && !(await confirmed(question, context)))
    return exitCodes.refused;
  const location = String(summary.head["root"]);
  const { result } = await audited(
    {
      context,
      verb: "undo",
      repository: { id: summary.id, location },
      facts: ({ counts }: UndoFilesResult) => ({ ...counts }),
    },
    async () => await undoFiles({ job }),
  );
  await output.document({ type: "summary", verb: "undo", job: summary.id, ...result });
  await output.text(`Undone: ${undoText(result.counts)}\n`);
  return result.counts.failed > 0 ? exitCodes.partial : exitCodes.done;
}

function undoText({ removed, namesBack, putBack, left, failed }: UndoFilesCounts): string {
  return [
    `removed ${countText(removed)}`,
    `flags back ${countText(namesBack)}`,
    `put back ${countText(putBack)}`,
    `left ${countText(left)}`,
    `failed ${countText(failed)}`,
  ].join("   ");
}
