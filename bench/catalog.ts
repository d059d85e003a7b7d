/**
 * Measures the catalog: filling it from a repository, after a first capture, after one in which nothing
 * changed, and after 1,000 flags and 100 messages; and searches over a million messages, warm. Prints
 * Markdown tables and writes everything to bench/out/ as JSON.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { describeError } from "#errors";
import { BenchError } from "./bench-error.ts";
import { type FillSample, measureFill } from "./catalog-fill.ts";
import { makeCatalog, measureSearch, type SearchSample } from "./catalog-search.ts";
import { layOutSmall } from "./lay-out-small.ts";
import { describeMachine } from "./machine.ts";

const usage = `npm run bench:catalog -- [options]

  --scale N      part of the full sizes (default 1: 100,000 messages filled, a million searched)
  --runs N       how often each is measured, of which medians are taken (default 3)
  --only LIST    of fill, search
  --work DIR     where stores are kept and catalogs made (default: restante-bench in the temporary folder)
  --help
`;

async function main(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      scale: { type: "string", default: "1" },
      runs: { type: "string", default: "3" },
      only: { type: "string", default: "fill,search" },
      work: { type: "string", default: join(tmpdir(), "restante-bench") },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return;
  }
  const scale = positive("scale", values.scale);
  const runs = Math.round(positive("runs", values.runs));
  const { work } = values;
  mkdirSync(work, { recursive: true });
  const fills: FillSample[] = [];
  if (values.only.includes("fill")) {
    const store = layOutSmall({ work, scale });
    for (let round = 0; round < runs; round++)
      fills.push(...(await measureFill(store, { work, round })));
    console.log(fillTable(fills));
  }
  let searches: readonly SearchSample[] = [];
  if (values.only.includes("search")) {
    const folder = join(work, "catalog-search");
    const messages = Math.round(1_000_000 * scale);
    await using catalog = await makeCatalog(messages, folder);
    const { sizeBytes } = await catalog.status();
    searches = await measureSearch(catalog, { rounds: Math.max(runs, 5) });
    console.log(
      `${messages} messages, ${Math.round(sizeBytes / 1e6)} MB\n\n${searchTable(searches)}`,
    );
    rmSync(folder, { recursive: true, force: true });
  }
  const out = join(import.meta.dirname, "out");
  mkdirSync(out, { recursive: true });
  const report = {
    version: 1,
    date: new Date().toISOString(),
    scale,
    machine: describeMachine(work),
    fills,
    searches,
  };
  writeFileSync(join(out, "catalog.json"), `${JSON.stringify(report, undefined, 1)}\n`);
}

function positive(name: string, text: string): number {
  const number = Number(text);
  if (number > 0 && number <= 100) return number;
  throw new BenchError("bench.usage", `Cannot use --${name} ${text}: it is no number above 0`, {
    hint: usage,
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function fillTable(samples: readonly FillSample[]): string {
  const rows = [...Map.groupBy(samples, ({ step }) => step)].map(([step, all]) => {
    const [one] = all;
    const wallMs = median(all.map((sample) => sample.wallMs));
    const cpuMs = median(all.map((sample) => sample.cpuMs));
    const read = one?.messagesRead ?? 0;
    const rate = read === 0 ? "–" : String(Math.round((read / wallMs) * 1000));
    const cpu = read === 0 ? "–" : `${Math.round((cpuMs / read) * 1000)} µs`;
    return `| ${step} | ${one?.messages} | ${read} | ${wallMs.toFixed(0)} ms | ${cpuMs.toFixed(0)} ms | ${rate} | ${cpu} |`;
  });
  return [
    "| fill | messages | read | wall | CPU | a second | CPU each |",
    "| --- | --- | --- | --- | --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}

function searchTable(samples: readonly SearchSample[]): string {
  const rows = samples.map(
    ({ query, sort, found, medianMs, slowestMs, cpusMs }) =>
      `| \`${query === "" ? " " : query}\` | ${sort} | ${found} | ${medianMs.toFixed(1)} ms | ${slowestMs.toFixed(1)} ms | ${median(cpusMs).toFixed(1)} ms |`,
  );
  const newest = samples.filter(({ sort }) => sort === "newest");
  const all = [
    `wall ${spread(newest.flatMap(({ timesMs }) => timesMs))}`,
    `CPU ${spread(newest.flatMap(({ cpusMs }) => cpusMs))}`,
  ];
  return [
    "| search | order | found | median | slowest | CPU, median |",
    "| --- | --- | --- | --- | --- | --- |",
    ...rows,
    "",
    `newest first, all searches together: ${all.join("; ")}`,
  ].join("\n");
}

function spread(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const p95 = sorted[Math.floor(sorted.length * 0.95)] ?? 0;
  return `median ${median(values).toFixed(1)} ms, p95 ${p95.toFixed(1)} ms`;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(describeError(error));
  process.exitCode = 1;
}
