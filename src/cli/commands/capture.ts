import { recoverInterruptedOffline } from "#sources";
import type { CommandContext } from "../command.ts";
import { planCapture, refuseCopyWithin } from "../capture-plan.ts";
import { capturedJson, tellFailure } from "../capture-report.ts";
import { type CaptureRun, captureStore, isPassable, OpenCopies } from "../capture-store.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { ownFolder, stateFolder } from "../folders.ts";
import { recordStorage } from "../record-storage.ts";
import { tellServerFindings } from "../server-findings.ts";
import { openSite } from "../site.ts";
import { safeText } from "../text.ts";

export async function run(context: CommandContext): Promise<ExitCode> {
  const { output, surroundings } = context;
  const site = await openSite(context);
  const plans = planCapture(context, site);
  for (const plan of plans) refuseCopyWithin(plan);
  const state = await ownFolder(
    stateFolder(surroundings.environment, { isRoot: process.geteuid?.() === 0 }),
  );
  for (const { folder, stoppedAt, action } of await recoverInterruptedOffline(state, {
    signal: surroundings.signal,
  })) {
    output.warning(
      `the mail server of ${safeText(folder)} was still ${action === "start" ? "stopped" : "quiesced"} since ${stoppedAt}, by a run that was killed: it was ${action === "start" ? "started" : "resumed"}`,
    );
  }
  await using copies = new OpenCopies(context, site);
  const isOnly = plans.flatMap(({ groups }) => groups).length === 1;
  const run: CaptureRun = {
    context,
    site,
    copies,
    stateFolder: state,
    captured: [],
    failures: [],
    disappeared: [],
    isOnly,
  };
  for (const plan of plans) {
    try {
      await captureStore(plan, run);
    } catch (error) {
      // Another server's mail is protected all the same.
      if (!isPassable(error, run)) throw error;
      const failure = { group: plan.shown, error };
      run.failures.push(failure);
      await tellFailure(failure, context);
    }
  }
  await tellServerFindings(plans, run);
  return await summarise(run);
}

async function summarise({ context, captured, failures }: CaptureRun): Promise<ExitCode> {
  await recordStorage(captured, context);
  const partial = failures.length > 0 || captured.some(({ result }) => result.partial);
  await context.output.document({
    type: "summary",
    verb: "capture",
    partial,
    captures: captured.map(capturedJson),
    ...(failures.length === 0 ? {} : { failed: failures.length }),
  });
  if (captured.length === 0 && failures.length > 0) return exitCodes.failed;
  return partial ? exitCodes.partial : exitCodes.done;
}
