import type { JobLine, JobSummary, Records } from "#records";
import { filesJobKind, messageJobKind } from "#recovery";
import { toRfc3339Nano } from "#time";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { confirmed } from "../confirm.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { recordsOf } from "../job-records.ts";
import { undoMessagesJob } from "../living/undo-messages-job.ts";
import { safeText, tableText } from "../text.ts";
import { undoFilesJob } from "../undo-files-job.ts";

export async function run(context: CommandContext): Promise<ExitCode> {
  const { arguments: typed } = context;
  const records = await recordsOf(context);
  const [named] = typed.positionals;
  if (typed.has("list")) return await list(records, context);
  if (named === undefined)
    throw new CliError("cli.usage", "Cannot undo: no job was named", {
      hint: "`restante undo --list` shows which there are.",
    });
  const job = await jobOf(records, named);
  if (typed.has("forget")) return await forget(records, job, context);
  if (job.last.is === "undone")
    throw new CliError("cli.usage", `Cannot undo job "${safeText(job.id)}": it is undone already`, {
      hint: "Run the restore again to have it back.",
    });
  switch (job.kind) {
    case messageJobKind:
      return await undoMessagesJob(job, { records, context });
    case filesJobKind:
      return await undoFilesJob(job, { records, context });
    default:
      throw new CliError(
        "cli.usage",
        `Cannot undo job "${safeText(job.id)}": this version does not know its kind`,
        { hint: "Use the version that made it, or a newer one." },
      );
  }
}

/** By its whole name, or by how it ends. */
async function jobOf(records: Records, named: string): Promise<JobSummary> {
  const id = await records.find(named);
  const job = (await records.list()).find((one) => one.id === id);
  if (job === undefined) throw new Error("a job that was found is not there");
  return job;
}

async function forget(
  records: Records,
  { id, about }: JobSummary,
  context: CommandContext,
): Promise<ExitCode> {
  const question = `Forget job ${id} (${safeText(about)})? It cannot be undone then.`;
  if (!(await confirmed(question, context))) return exitCodes.refused;
  await records.forget(id);
  await context.output.document({ type: "forgotten", verb: "undo", job: id });
  await context.output.text(`Forgot ${id}.\n`);
  return exitCodes.done;
}

async function list(records: Records, { output }: CommandContext): Promise<ExitCode> {
  const jobs = await records.list();
  await output.document({
    type: "jobs",
    jobs: jobs.map((job) => ({
      id: job.id,
      kind: job.kind,
      about: job.about,
      started: toRfc3339Nano(BigInt(job.startedMs) * 1_000_000n),
      state: stateOf(job),
      ...countsOf(job.last),
    })),
  });
  if (jobs.length === 0) await output.text("There are no jobs.\n");
  else
    await output.text(
      tableText(
        jobs.map((job) => [job.id, stateOf(job), countsText(job.last), safeText(job.about)]),
      ),
    );
  return exitCodes.done;
}

function stateOf({ isRunning, last }: JobSummary): string {
  if (isRunning) return "running";
  return last.is === "done" ? "done" : last.is === "undone" ? "undone" : "interrupted";
}

function countsOf(last: JobLine): { readonly counts?: unknown } {
  return last["counts"] === undefined ? {} : { counts: last["counts"] };
}

function countsText(last: JobLine): string {
  const counts = Object.entries(countsOf(last).counts ?? {});
  return counts
    .filter(([, count]) => typeof count === "number" && count > 0)
    .map(([name, count]) => `${name} ${String(count)}`)
    .join(", ");
}
