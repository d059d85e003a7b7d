import { median, type Sample, type Step } from "./samples.ts";

export type Row = {
  readonly what: string;
  readonly unit: "s" | "MB";
  readonly restic?: number;
  readonly restante?: number;
  /** The median of the rounds' own ratios, Restante to restic. */
  readonly ratio?: number;
  readonly goal?: number;
  readonly others: Readonly<Record<string, number>>;
};

type Measure = "wall" | "derivation" | "beyond-key" | "stored" | "memory";

type RowSpec = {
  readonly what: string;
  readonly store: string;
  readonly step: Step;
  readonly measure: Measure;
  readonly goal?: number;
};

const MULTI = "multi-recipient";
const X4 = "spam-assassin-x4";
const multiText = "multi-recipient mail with attachments";

/** The rows and goals of docs/benchmarks.md. A ratio at or below its goal meets it. */
const rowSpecs: readonly RowSpec[] = [
  { what: `first capture, ${multiText}`, store: MULTI, step: "first", measure: "wall", goal: 0.4 },
  {
    what: "first capture, small messages",
    store: "small",
    step: "first",
    measure: "wall",
    goal: 0.5,
  },
  { what: "first capture, SpamAssassin ×4", store: X4, step: "first", measure: "wall" },
  { what: `stored, ${multiText}`, store: MULTI, step: "first", measure: "stored", goal: 0.33 },
  {
    what: "stored, SpamAssassin ×4 recipients",
    store: X4,
    step: "first",
    measure: "stored",
    goal: 0.4,
  },
  { what: "stored, small messages", store: "small", step: "first", measure: "stored" },
  { what: "nothing changed", store: "small", step: "unchanged", measure: "wall", goal: 0.25 },
  {
    what: "nothing changed, beyond key derivation",
    store: "small",
    step: "unchanged",
    measure: "beyond-key",
    goal: 0.1,
  },
  {
    what: "1,000 flag changes + 100 new messages",
    store: "small",
    step: "changes",
    measure: "wall",
    goal: 0.25,
  },
  {
    what: "1,000 flag changes + 100 new, beyond key derivation",
    store: "small",
    step: "changes",
    measure: "beyond-key",
    goal: 0.1,
  },
  { what: "full restore", store: "small", step: "restore", measure: "wall", goal: 0.8 },
  {
    what: "one message, cold process",
    store: "small",
    step: "one-message",
    measure: "wall",
    goal: 1,
  },
  {
    what: "one message, beyond key derivation",
    store: "small",
    step: "one-message",
    measure: "beyond-key",
    goal: 0.3,
  },
  {
    what: `verify, every byte, ${multiText}`,
    store: MULTI,
    step: "verify",
    measure: "wall",
    goal: 1,
  },
  {
    what: "verify, every byte, small messages",
    store: "small",
    step: "verify",
    measure: "wall",
    goal: 1,
  },
  {
    what: "prune, two of five messages gone, SpamAssassin ×4",
    store: X4,
    step: "prune",
    measure: "wall",
    goal: 1,
  },
  {
    what: "peak memory, verify, small messages",
    store: "small",
    step: "verify",
    measure: "memory",
    goal: 1,
  },
  {
    what: "peak memory, prune, SpamAssassin ×4",
    store: X4,
    step: "prune",
    measure: "memory",
    goal: 1,
  },
  {
    what: "peak memory, first capture, small messages",
    store: "small",
    step: "first",
    measure: "memory",
    goal: 1,
  },
  {
    what: `peak memory, first capture, ${multiText}`,
    store: MULTI,
    step: "first",
    measure: "memory",
    goal: 1,
  },
  {
    what: "peak memory, full restore",
    store: "small",
    step: "restore",
    measure: "memory",
    goal: 1,
  },
  { what: "key derivation alone (scrypt)", store: "small", step: "key", measure: "derivation" },
];

/** The rows for which there are samples. */
export function tabulate(samples: readonly Sample[]): readonly Row[] {
  return rowSpecs
    .map((spec) => makeRow(spec, samples))
    .filter((row) => row.restic !== undefined || row.restante !== undefined);
}

function makeRow(spec: RowSpec, samples: readonly Sample[]): Row {
  const fitting = samples.filter(({ store, step }) => store === spec.store && step === spec.step);
  const byProgram = new Map<string, Map<number, number>>();
  for (const sample of fitting) {
    const value = valueOf(sample, { measure: spec.measure, samples });
    if (value === undefined) continue;
    const rounds = byProgram.get(sample.program) ?? new Map<number, number>();
    byProgram.set(sample.program, rounds.set(sample.round, value));
  }
  const restic = byProgram.get("restic") ?? new Map<number, number>();
  const restante = byProgram.get("restante") ?? new Map<number, number>();
  const ratios = [...restante].flatMap(([round, value]) => {
    const peer = restic.get(round);
    return peer === undefined || peer <= 0 ? [] : [value / peer];
  });
  const others: Record<string, number> = {};
  for (const [program, rounds] of byProgram) {
    const middle = median([...rounds.values()]);
    if (program === "restic" || program === "restante" || middle === undefined) continue;
    others[program] = middle;
  }
  return {
    what: spec.what,
    unit: spec.measure === "stored" || spec.measure === "memory" ? "MB" : "s",
    ...defined("restic", median([...restic.values()])),
    ...defined("restante", median([...restante.values()])),
    ...defined("ratio", median(ratios)),
    ...defined("goal", spec.goal),
    others,
  };
}

function defined<K extends string>(
  key: K,
  value: number | undefined,
): { readonly [P in K]?: number } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: number });
}

/** Seconds or megabytes (10⁶ bytes). */
function valueOf(
  sample: Sample,
  { measure, samples }: { readonly measure: Measure; readonly samples: readonly Sample[] },
): number | undefined {
  switch (measure) {
    case "wall":
      return sample.wallMs / 1000;
    case "memory":
      return (sample.peakMemoryKiB * 1024) / 1e6;
    case "stored":
      return sample.storedBytes === undefined ? undefined : sample.storedBytes / 1e6;
    case "derivation":
      return derivationOf(sample, samples);
    case "beyond-key": {
      const derivation = derivationOf(sample, samples);
      return derivation === undefined ? undefined : Math.max(0, sample.wallMs / 1000 - derivation);
    }
  }
}

/** Seconds of key derivation: what opening the key takes longer than merely starting. The start is no part of it. */
function derivationOf(sample: Sample, samples: readonly Sample[]): number | undefined {
  const find = (step: Step): number | undefined =>
    median(
      samples
        .filter((other) => other.step === step && isBeside(sample, other))
        .map(({ wallMs }) => wallMs),
    );
  const [key, start] = [find("key"), find("start")];
  if (key === undefined || start === undefined) return undefined;
  return Math.max(0, key - start) / 1000;
}

function isBeside(sample: Sample, other: Sample): boolean {
  return (
    other.store === sample.store && other.program === sample.program && other.round === sample.round
  );
}

/** One Markdown table, ready to paste. */
export function toMarkdown(rows: readonly Row[]): string {
  const lines = rows.map((row) => {
    const others = Object.entries(row.others).map(
      ([program, value]) => `${escapeBar(program)} ${show(value, row.unit)}`,
    );
    return (
      `| ${row.what} | ${show(row.restic, row.unit)} | ${show(row.restante, row.unit)} ` +
      `| ${showRatio(row)} | ${row.goal === undefined ? "–" : `≤ ${row.goal}`} | ${others.join(", ") || "–"} |`
    );
  });
  return [
    "| what | restic | Restante | ratio | goal | others |",
    "|---|---|---|---|---|---|",
    ...lines,
    "",
  ].join("\n");
}

function showRatio({ ratio, goal }: Row): string {
  if (ratio === undefined) return "–";
  const text = ratio.toFixed(2);
  return goal === undefined ? text : `${text} ${ratio <= goal ? "✓" : "✗"}`;
}

function show(value: number | undefined, unit: Row["unit"]): string {
  if (value === undefined) return "–";
  return unit === "s" ? `${value.toFixed(2)} s` : `${value.toFixed(value < 100 ? 1 : 0)} MB`;
}

function escapeBar(text: string): string {
  return text.replaceAll("|", "\\|");
}
