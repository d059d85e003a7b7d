import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { BenchError } from "./bench-error.ts";

export const scenarios = [
  "first-small",
  "first-multi",
  "first-x4",
  "unchanged",
  "changes",
  "restore",
  "one-message",
  "verify",
  "prune",
  "limits",
] as const;
export type Scenario = (typeof scenarios)[number];

export type BenchOptions = {
  readonly work: string;
  readonly scale: number;
  readonly runs: number;
  readonly only: ReadonlySet<Scenario>;
  readonly peersOnly: boolean;
  readonly installed: boolean;
  readonly markdown: boolean;
  /** Print the table of an earlier run's JSON and measure nothing. */
  readonly from?: string;
};

export const usage: string = `node bench/run.ts [options]

  --scale N      part of the full size of each store (default 1; 0.1 takes about a minute or two)
  --runs N       rounds, of which medians are taken (default 3)
  --only LIST    of ${scenarios.join(", ")}
  --work DIR     where stores are kept and repositories made (default: restante-bench in the temporary folder)
  --installed    measure dist/ as installed (default: dist/ when no source is newer, else the sources)
  --peers-only   without Restante
  --markdown     print the Markdown table and nothing else
  --from FILE    print the table of an earlier run's JSON
  --help
`;

/** Undefined: help was asked for. */
export function readOptions(argv: readonly string[]): BenchOptions | undefined {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      scale: { type: "string", default: "1" },
      runs: { type: "string", default: "3" },
      only: { type: "string", default: scenarios.join(",") },
      work: { type: "string", default: join(tmpdir(), "restante-bench") },
      installed: { type: "boolean", default: false },
      "peers-only": { type: "boolean", default: false },
      markdown: { type: "boolean", default: false },
      from: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  return {
    work: values.work,
    scale: readNumber("scale", { text: values.scale, least: 0.001, most: 10 }),
    runs: Math.round(readNumber("runs", { text: values.runs, least: 1, most: 99 })),
    only: new Set(values.only.split(",").map(readScenario)),
    peersOnly: values["peers-only"],
    installed: values.installed,
    markdown: values.markdown,
    ...(values.from === undefined ? {} : { from: values.from }),
  };
}

function readScenario(text: string): Scenario {
  const found = scenarios.find((name) => name === text.trim());
  if (found !== undefined) return found;
  throw new BenchError("bench.usage", `Cannot run "${text}": it is not a scenario`, {
    hint: `Choose of ${scenarios.join(", ")}.`,
  });
}

function readNumber(
  name: string,
  { text, least, most }: { readonly text: string; readonly least: number; readonly most: number },
): number {
  const value = Number(text);
  if (value >= least && value <= most) return value;
  throw new BenchError(
    "bench.usage",
    `Cannot read --${name} "${text}": not a number from ${least} to ${most}`,
  );
}
