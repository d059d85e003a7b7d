import { randomBytes } from "node:crypto";
import {
  benchJson,
  benchMeasurements,
  type BenchResult,
  figuresOf,
  planBench,
  runBench,
  sayBench,
} from "../bench/index.ts";
import type { CommandContext } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import type { ProgressState } from "../progress.ts";
import { recordMeasurements } from "../run-measurements.ts";
import { openSite } from "../site.ts";

export async function run(context: CommandContext): Promise<ExitCode> {
  const { output, surroundings } = context;
  const plan = await planBench(context, await openSite(context));
  const progress = progressOf(context);
  const result = await runBench(plan, { surroundings, onProgress: progress.update });
  progress.finish();
  const figures = figuresOf(result);
  const recorded = plan.isRecorded
    ? await recordMeasurements(
        context,
        benchMeasurements(result, figures, {
          id: randomBytes(4).toString("hex"),
          now: surroundings.now(),
        }),
      )
    : undefined;
  const report = { plan, result, figures, recorded };
  await sayBench(report, output);
  await output.document(benchJson(report));
  return exitCodeOf(result);
}

/** Each phase has a rate of its own. With --json there is one document, so nothing in between. */
function progressOf({ output, surroundings }: CommandContext): {
  readonly update: (state: ProgressState) => void;
  readonly finish: () => void;
} {
  let label: string | undefined;
  let shown = output.progress(surroundings.clockMs);
  return {
    update: (state) => {
      if (output.json) return;
      if (state.label !== label) {
        shown.finish();
        shown = output.progress(surroundings.clockMs);
        label = state.label;
      }
      shown.update(state);
    },
    finish: () => shown.finish(),
  };
}

function exitCodeOf({ facts, sample, rounds, failed }: BenchResult): ExitCode {
  if (failed.length > 0 || rounds.differing.length > 0) return exitCodes.failed;
  const isHoled = !facts.complete && facts.problemCount > 0;
  const isMissing = sample.missing.length > 0 || sample.files.size === 0;
  return isHoled || isMissing ? exitCodes.partial : exitCodes.done;
}
