import { formatBytes, formatDuration } from "#time";
import type { CommandContext } from "../command.ts";
import type { StoreFacts } from "../doctor/store-facts.ts";
import { countText, plural, safeText, tableText } from "../text.ts";
import type { BenchPlan } from "./bench-plan.ts";
import { type Figure, valueText } from "./figure.ts";
import type { BenchResult } from "./run-bench.ts";

export type BenchReport = {
  readonly plan: BenchPlan;
  readonly result: BenchResult;
  readonly figures: readonly Figure[];
  /** Where it was recorded, where it was. */
  readonly recorded: string | undefined;
};

const shownProblems = 20;

/** For people: the store, the table, what to know of each figure, and where it went. */
export async function sayBench(
  { plan, result, figures, recorded }: BenchReport,
  output: CommandContext["output"],
): Promise<void> {
  const { facts, sample, rounds } = result;
  await output.text(`${storeText(plan, facts)}${sampleText(plan, result)}\n`);
  if (figures.length > 0)
    await output.text(`${tableText(rowsOf(figures), { right: [1, 2, 3] })}\n`);
  for (const { title, note } of figures)
    if (note !== undefined) await output.text(`${title}: ${note}\n`);
  for (const remark of rounds.remarks) await output.text(`${remark}\n`);
  for (const phase of result.cut) await output.text(`cut short by the time: ${phase}\n`);
  for (const phase of result.failed) output.warning(safeText(`failed: ${phase}`));
  sayList(facts.problems, { count: facts.problemCount, what: "in the store", output });
  if (sample.files.size === 0)
    output.warning(`there is no file in ${safeText(plan.store)} to measure with`);
  sayList(sample.missing, { count: sample.missing.length, what: "in the sample", output });
  sayList(rounds.differing, { count: rounds.differing.length, what: "restored wrong", output });
  await output.text(
    recorded === undefined
      ? "Nothing was recorded.\n"
      : `Recorded in ${safeText(recorded)}; \`restante plan\` uses them.\n`,
  );
}

function storeText({ store }: BenchPlan, facts: StoreFacts): string {
  const { bytes, files, mailboxes, complete } = facts;
  const growth =
    facts.newBytesPerDay === undefined
      ? ""
      : `  new      ${formatBytes(facts.newBytesPerDay)} and ${countText(facts.newMessagesPerDay ?? 0)} messages a day over ${plural(facts.days, "day")}, ${formatBytes(facts.busiestDayBytes ?? 0)} on the busiest; of what is still there\n`;
  const seen = complete ? "" : " were seen, and not all";
  return `${safeText(store)}\n  store    ${plural(files, "file")}, ${formatBytes(bytes)}, ${plural(mailboxes, "mailbox", "mailboxes")}${seen}\n${growth}`;
}

function sampleText({ workParent }: BenchPlan, { sample, chosen, elapsedMs }: BenchResult): string {
  const { files, bytes } = sample;
  const of =
    files.size === chosen.files ? "" : ` of ${plural(chosen.files, "file")} that were chosen`;
  return `  sample   ${plural(files.size, "file")}, ${formatBytes(bytes)}${of}; measured in ${safeText(workParent)} within ${formatDuration(elapsedMs)}\n`;
}

function rowsOf(figures: readonly Figure[]): readonly (readonly string[])[] {
  const header = ["what", "median", "low – high", "measured on", "for the planner"];
  return [
    header,
    ...figures.map(({ title, unit, low, median, high, runs, bytes, parameter }) => [
      title,
      valueText(median, unit),
      runs === 1 ? "" : `${valueText(low, unit)} – ${valueText(high, unit)}`,
      `${runs} × ${formatBytes(bytes)}`,
      parameter ?? "",
    ]),
  ];
}

function sayList(
  lines: readonly string[],
  {
    count,
    what,
    output,
  }: {
    readonly count: number;
    readonly what: string;
    readonly output: CommandContext["output"];
  },
): void {
  if (count === 0) return;
  output.warning(`${plural(count, "problem")} ${what}:`);
  const shown = lines.slice(0, shownProblems);
  for (const line of shown) output.warning(safeText(line));
  if (count > shown.length)
    output.warning(`… and ${countText(count - shown.length)} more; --json has more of them`);
}

/** For programs: one document. */
export function benchJson({ plan, result, figures, recorded }: BenchReport): {
  readonly type: "bench";
  readonly [field: string]: unknown;
} {
  const { facts, sample, chosen, rounds, cut, failed, elapsedMs } = result;
  return {
    type: "bench",
    folder: safeText(plan.store),
    work: safeText(plan.workParent),
    store: facts,
    sample: {
      files: sample.files.size,
      bytes: sample.bytes,
      filesChosen: chosen.files,
      bytesChosen: chosen.bytes,
      missing: sample.missing,
    },
    figures,
    remarks: [...rounds.remarks],
    differing: rounds.differing,
    cut,
    failed: failed.map(safeText),
    elapsedMs: Math.round(elapsedMs),
    ...(recorded === undefined ? {} : { recorded }),
  };
}
