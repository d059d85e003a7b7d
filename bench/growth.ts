/**
 * Measures how cost grows with the number of messages, of snapshots and of blobs, fits an exponent to
 * each curve, prints a Markdown table a series and writes everything to bench/out/ as JSON.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { describeError } from "#errors";
import { BenchError } from "./bench-error.ts";
import { blobSpecs, measureBlobs } from "./growth-blobs.ts";
import { measureMessages, messageSpecs } from "./growth-messages.ts";
import type { GrowthOptions } from "./growth-site.ts";
import { measureSnapshots, snapshotSpecs } from "./growth-snapshots.ts";
import {
  growthMarkdown,
  type GrowthSample,
  type GrowthSpec,
  type SeriesName,
  tabulateGrowth,
} from "./growth-table.ts";
import { describeMachine } from "./machine.ts";
import { prepareRestante } from "./programs.ts";

const usage = `npm run bench:growth -- [options]

  --scale N      part of the full sizes (default 1: a million messages, ten thousand snapshots, ten
                 million blobs; takes about an hour and 16 GB; 0.01 takes two minutes)
  --runs N       how often each figure is measured, of which medians are taken (default 3)
  --only LIST    of messages, snapshots, blobs
  --work DIR     where stores are kept and repositories made (default: restante-bench in the temporary folder)
  --installed    measure dist/ as installed (default: dist/ when no source is newer, else the sources)
  --markdown     print the tables and nothing else
  --from FILE    print the tables of an earlier run's JSON
  --help

Keys are made cheap to try, so that the half second of key derivation is in no figure.
`;

type Series = {
  readonly measure: (options: GrowthOptions) => Promise<void>;
  readonly specs: readonly GrowthSpec[];
};
const allSeries: Readonly<Record<SeriesName, Series>> = {
  messages: { measure: measureMessages, specs: messageSpecs },
  snapshots: { measure: measureSnapshots, specs: snapshotSpecs },
  blobs: { measure: measureBlobs, specs: blobSpecs },
};
const specs = Object.values(allSeries).flatMap((series) => series.specs);

async function main(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      scale: { type: "string", default: "1" },
      runs: { type: "string", default: "3" },
      only: { type: "string", default: Object.keys(allSeries).join(",") },
      work: { type: "string", default: join(tmpdir(), "restante-bench") },
      installed: { type: "boolean", default: false },
      markdown: { type: "boolean", default: false },
      from: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return;
  }
  if (values.from !== undefined) {
    const { samples } = JSON.parse(readFileSync(values.from, "utf8")) as {
      readonly samples: readonly GrowthSample[];
    };
    console.log(growthMarkdown(tabulateGrowth(samples, specs)));
    return;
  }
  const names = values.only.split(",").map(readSeries);
  const scale = readNumber("scale", values.scale);
  const runs = Math.round(readNumber("runs", values.runs));
  mkdirSync(values.work, { recursive: true });
  const program = prepareRestante(values.work, values);
  const samples: GrowthSample[] = [];
  const add = (sample: GrowthSample): void => {
    samples.push(sample);
    tell(sample);
  };
  for (const name of names) {
    await allSeries[name].measure({ work: values.work, scale, runs, program, add });
  }
  const rows = tabulateGrowth(samples, specs);
  const date = new Date().toISOString();
  const facts = { version: 1, date, scale, runs, machine: describeMachine(values.work) };
  const folder = join(import.meta.dirname, "out");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `growth-${date.replaceAll(":", "").slice(0, 17)}.json`);
  const report = { ...facts, program: program.version, rows, samples };
  writeFileSync(path, `${JSON.stringify(report, null, 2)}\n`);
  const size = scale === 1 ? "" : `, at ${scale} of the full sizes`;
  if (!values.markdown) console.log(`Medians of ${runs}${size}. restante ${program.version}\n`);
  console.log(growthMarkdown(rows));
  if (!values.markdown) console.log(`All figures: ${path}`);
}

function tell({
  series,
  figure,
  size,
  round,
  wallMs,
  cpuMs = 0,
  peakMemoryKiB,
}: GrowthSample): void {
  const seconds = [wallMs, cpuMs].map((value) => (value / 1000).toFixed(2));
  const memory = Math.round(peakMemoryKiB / 1024);
  process.stderr.write(
    `${size} ${series}, round ${round + 1}, ${figure}: ${seconds[0]} s, CPU ${seconds[1]} s, ${memory} MiB\n`,
  );
}

function readSeries(text: string): SeriesName {
  const found = (Object.keys(allSeries) as SeriesName[]).find((name) => name === text.trim());
  if (found !== undefined) return found;
  throw new BenchError("bench.usage", `Cannot run "${text}": it is not a series`, {
    hint: `Choose of ${Object.keys(allSeries).join(", ")}.`,
  });
}

function readNumber(name: string, text: string): number {
  const value = Number(text);
  if (value >= 0.001 && value <= 99) return value;
  throw new BenchError(
    "bench.usage",
    `Cannot read --${name} "${text}": not a number from 0.001 to 99`,
  );
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${describeError(error)}\n`);
  process.exitCode = 1;
}
