import { fitGrowth, type Growth } from "./fit.ts";
import { median } from "./samples.ts";

export const quantities = ["wall", "cpu", "memory", "lookup"] as const;
export type Quantity = (typeof quantities)[number];

export type SeriesName = "messages" | "snapshots" | "blobs";

/** One figure at one size, measured once. */
export type GrowthSample = {
  readonly series: SeriesName;
  readonly figure: string;
  /** The number of messages, snapshots or blobs; the smallest of a series stands for n → 0. */
  readonly size: number;
  readonly round: number;
  readonly wallMs: number;
  readonly cpuMs?: number;
  readonly peakMemoryKiB: number;
  /** Of one lookup in the index. */
  readonly lookupNs?: number;
};

/** What a figure must not exceed, by what it has to do. */
export type Duty =
  /** Has to look at all of them: at most linear, with a tenth for what sorting and caches cost. */
  | "all"
  /** Has nothing to do with most of them: as if there were few. */
  | "few";

export const goals: Readonly<Record<Duty, number>> = { all: 1.1, few: 0.1 };

export type GrowthSpec = {
  readonly series: SeriesName;
  readonly figure: string;
  readonly quantity: Quantity;
  readonly duty: Duty;
};

export type GrowthRow = GrowthSpec & {
  /** Ascending; milliseconds, MiB or nanoseconds. */
  readonly points: readonly { readonly size: number; readonly cost: number }[];
  readonly growth: Growth;
  /** The exponent that the goal is for. */
  readonly exponent: number;
  readonly isMet: boolean;
};

/** Rows for the specifications that have at least two sizes beside the smallest. */
export function tabulateGrowth(
  samples: readonly GrowthSample[],
  specs: readonly GrowthSpec[],
): readonly GrowthRow[] {
  return specs.flatMap((spec) => {
    const fitting = samples.filter(
      ({ series, figure }) => series === spec.series && figure === spec.figure,
    );
    const sizes = [...new Set(fitting.map(({ size }) => size))].sort((a, b) => a - b);
    const points = sizes.flatMap((size) => {
      const cost = median(
        fitting
          .filter((sample) => sample.size === size)
          .flatMap((sample) => costOf(sample, spec.quantity) ?? []),
      );
      return cost === undefined || cost <= 0 ? [] : [{ size, cost }];
    });
    const [nothing, ...grown] = points;
    if (nothing === undefined || grown.length < 2) return [];
    const growth = fitGrowth(grown, nothing.cost);
    // Whoever must look at all of them is judged without what it costs to begin.
    const exponent = spec.duty === "all" ? (growth.beyondFixed ?? 0) : growth.whole;
    return [{ ...spec, points, growth, exponent, isMet: exponent <= goals[spec.duty] }];
  });
}

function costOf(sample: GrowthSample, quantity: Quantity): number | undefined {
  switch (quantity) {
    case "wall":
      return sample.wallMs;
    case "cpu":
      return sample.cpuMs;
    case "memory":
      return sample.peakMemoryKiB / 1024;
    case "lookup":
      return sample.lookupNs;
  }
}

/** One Markdown table a series. */
export function growthMarkdown(rows: readonly GrowthRow[]): string {
  const names = [...new Set(rows.map(({ series }) => series))];
  return names
    .map((name) =>
      tableOf(
        name,
        rows.filter(({ series }) => series === name),
      ),
    )
    .join("\n");
}

function tableOf(name: SeriesName, rows: readonly GrowthRow[]): string {
  const sizes = [...new Set(rows.flatMap(({ points }) => points.map(({ size }) => size)))].sort(
    (a, b) => a - b,
  );
  const lines = rows.map((row) => {
    const cells = sizes.map((size) => {
      const point = row.points.find((one) => one.size === size);
      return point === undefined ? "–" : show(point.cost, row.quantity);
    });
    const { whole, beyondFixed } = row.growth;
    const exponents = [whole.toFixed(2), beyondFixed === undefined ? "–" : beyondFixed.toFixed(2)];
    const goal = `≤ ${goals[row.duty]} ${row.isMet ? "✓" : "✗"}`;
    cells.push(showEach(row));
    return `| ${[`${row.figure}, ${labels[row.quantity]}`, ...cells, ...exponents, goal].join(" | ")} |`;
  });
  const head = [
    name,
    ...sizes.map((size) => size.toLocaleString("en")),
    "each",
    "k",
    "k beyond fixed",
  ];
  return [
    `| ${[...head, "goal"].join(" | ")} |`,
    `|${"---|".repeat(head.length + 1)}`,
    ...lines,
    "",
  ].join("\n");
}

/** What one more costs: all beyond the fixed cost at the largest size, divided by it. */
function showEach({ duty, quantity, points, growth }: GrowthRow): string {
  const largest = points.at(-1);
  if (duty === "few" || largest === undefined) return "–";
  const each = Math.max(0, largest.cost - growth.fixed) / largest.size;
  return quantity === "memory"
    ? `${(each * 2 ** 20).toFixed(0)} B`
    : `${(each * 1000).toFixed(1)} µs`;
}

const labels: Readonly<Record<Quantity, string>> = {
  wall: "wall",
  cpu: "CPU",
  memory: "peak memory",
  lookup: "one lookup",
};

function show(cost: number, quantity: Quantity): string {
  if (quantity === "memory") return `${cost.toFixed(0)} MiB`;
  if (quantity === "lookup") return `${cost.toFixed(0)} ns`;
  return `${(cost / 1000).toFixed(cost < 10_000 ? 2 : 1)} s`;
}
