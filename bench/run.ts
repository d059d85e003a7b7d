/**
 * Measures Restante beside restic, and what tar, cp, rsync and borg take for the same bytes: every
 * round on the same store, in alternating order, with fresh repositories and a warm cache. Prints one
 * Markdown table and writes everything it measured to bench/out/ as JSON.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeError } from "#errors";
import { layOutMultiRecipient } from "./lay-out-multi-recipient.ts";
import { layOutSmall } from "./lay-out-small.ts";
import { layOutSpamAssassinTimes4 } from "./lay-out-spam-assassin-x4.ts";
import { findTools, measureLimits } from "./limits.ts";
import { describeMachine } from "./machine.ts";
import { readOptions, usage, type BenchOptions, type Scenario } from "./options.ts";
import { findRestic, prepareRestante, type BackupProgram } from "./programs.ts";
import { measureRound } from "./round.ts";
import { Recorder, type Step } from "./samples.ts";
import type { LayOutStoreOptions, Store, StoreFacts } from "./store.ts";
import { tabulate, toMarkdown, type Row } from "./table.ts";

type Plan = {
  readonly layOut: (options: LayOutStoreOptions) => Store;
  /** Any of these makes the store be measured. */
  readonly scenarios: readonly Scenario[];
  readonly withLimits: boolean;
};

/** Steps after the first capture. */
const LATER_STEPS = ["unchanged", "changes", "restore", "one-message", "verify", "prune"] as const;

const plans: readonly Plan[] = [
  {
    layOut: layOutSmall,
    scenarios: ["first-small", "unchanged", "changes", "restore", "one-message", "verify"],
    withLimits: true,
  },
  { layOut: layOutMultiRecipient, scenarios: ["first-multi", "verify"], withLimits: true },
  { layOut: layOutSpamAssassinTimes4, scenarios: ["first-x4", "prune"], withLimits: false },
];

async function main(options: BenchOptions): Promise<void> {
  if (options.from !== undefined) {
    const earlier = JSON.parse(readFileSync(options.from, "utf8")) as {
      readonly rows: readonly Row[];
    };
    console.log(toMarkdown(earlier.rows));
    return;
  }
  mkdirSync(options.work, { recursive: true });
  const tools = findTools();
  const recorder = new Recorder(tools);
  const programs = findPrograms(options);
  const stores: StoreFacts[] = [];
  for (const plan of plans.filter(({ scenarios }) =>
    scenarios.some((name) => options.only.has(name)),
  )) {
    const { path, ...facts } = plan.layOut(options);
    stores.push(facts);
    await measureStore({ ...facts, path }, { plan, options, programs, recorder });
  }
  const rows = tabulate(recorder.samples);
  const versions = Object.fromEntries(programs.map(({ name, version }) => [name, version]));
  const report = writeReport({
    version: 1,
    date: new Date().toISOString(),
    scale: options.scale,
    runs: options.runs,
    machine: describeMachine(options.work),
    programs: { restic: "absent", ...versions, ...tools },
    stores,
    rows,
    samples: recorder.samples,
  });
  if (!options.markdown) {
    const size =
      options.scale === 1
        ? ""
        : `, at ${options.scale} of the full size: NOT comparable with full runs`;
    console.log(`Medians of ${options.runs}${size}. ${Object.values(versions).join(" · ")}\n`);
  }
  console.log(toMarkdown(rows));
  if (!options.markdown) console.log(`All figures: ${report}`);
}

type StoreOptions = {
  readonly plan: Plan;
  readonly options: BenchOptions;
  readonly programs: readonly BackupProgram[];
  readonly recorder: Recorder;
};

async function measureStore(
  store: Store,
  { plan, options, programs, recorder }: StoreOptions,
): Promise<void> {
  const wanted = LATER_STEPS.filter(
    (step) => options.only.has(step) && plan.scenarios.includes(step),
  );
  const steps = new Set<Step>([
    "first",
    ...wanted,
    ...(wanted.length > 0 ? (["key"] as const) : []),
  ]);
  const folder = join(options.work, "round");
  for (let round = 0; round < options.runs; round += 1) {
    const inOrder = round % 2 === 0 ? programs : programs.toReversed();
    await measureRound({ store, programs: inOrder, steps, round, folder, recorder });
    if (plan.withLimits && options.only.has("limits")) {
      await measureLimits(store, { folder: join(options.work, "limits"), round, recorder });
    }
  }
}

function findPrograms(options: BenchOptions): readonly BackupProgram[] {
  const restic = findRestic();
  if (restic === undefined) process.stderr.write("restic is absent: there will be no ratios\n");
  const own = options.peersOnly ? [] : [prepareRestante(options.work, options)];
  return [...(restic === undefined ? [] : [restic]), ...own];
}

type Report = {
  readonly date: string;
  readonly rows: readonly Row[];
  readonly [fact: string]: unknown;
};

function writeReport(report: Report): string {
  const folder = join(import.meta.dirname, "out");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${report.date.replaceAll(":", "").slice(0, 17)}.json`);
  writeFileSync(path, `${JSON.stringify(report, null, 2)}\n`);
  return path;
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) console.log(usage);
  else await main(options);
} catch (error) {
  process.stderr.write(`${describeError(error)}\n`);
  process.exitCode = 1;
}
