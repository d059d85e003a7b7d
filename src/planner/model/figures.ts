import type { Quantity, Unit } from "../quantity.ts";
import { estimateDisaster } from "./disaster.ts";
import type { Estimate, Pair } from "./estimate.ts";
import { estimateOperational } from "./operational.ts";
import { figure6, figure7, type FigureRow, type LogCase, type Printed } from "./paper-cells.ts";
import type { Situation } from "./situation.ts";
import { todaysRows } from "./todays-rows.ts";

/**
 * One cell of Figures 6 and 7 for a site. `paper` is what the paper prints for this case, null where it
 * prints nothing; `measured` is null until something was measured.
 */
export type FigureCell = {
  readonly figure: 6 | 7;
  readonly row: string;
  readonly quantity: "RPO" | "RTO" | "storage" | "recall";
  readonly case: LogCase;
  readonly unit: Unit;
  readonly paper: Printed | null;
  readonly computed: Quantity;
  readonly measured: Quantity | null;
  /** Where something was measured: on how much mail and when. */
  readonly evidence?: MeasuredEvidence;
};

export type MeasuredEvidence = {
  /** Of the mail that it was measured on. */
  readonly bytes?: number;
  /** RFC 3339, UTC. */
  readonly at?: string;
  /** The parts of a time, in order. */
  readonly phases?: readonly { readonly name: string; readonly ms: number }[];
};

/** What was measured of a method as a whole: worst gap over a period, a rehearsed recovery. */
export type MeasuredResult = MeasuredEvidence & {
  readonly row: string;
  readonly quantity: FigureCell["quantity"];
  readonly case: LogCase;
  readonly measured: Quantity;
};

export type FigureOptions = {
  readonly situation: Situation;
  /** Also today's methods, which the paper does not print. */
  readonly today?: boolean;
  readonly results?: readonly MeasuredResult[];
};

/** Both figures as cells, rows in the paper's order, each as the pair of its cases. */
export function figureCells({
  situation,
  today = true,
  results = [],
}: FigureOptions): readonly FigureCell[] {
  const rows = [...figure6, ...figure7, ...(today ? todaysRows : [])];
  return rows
    .toSorted((left, right) => left.figure - right.figure)
    .flatMap((row) => cellsOf(row, { estimate: estimateOf(row, situation), results }));
}

export function estimateOf({ choice }: Pick<FigureRow, "choice">, situation: Situation): Estimate {
  const { operational, disaster } = choice;
  return disaster === undefined
    ? estimateOperational(operational, situation)
    : estimateDisaster(disaster, operational, situation);
}

type RowOptions = { readonly estimate: Estimate; readonly results: readonly MeasuredResult[] };

function cellsOf(row: FigureRow, { estimate, results }: RowOptions): readonly FigureCell[] {
  const pair = (quantity: "RPO" | "RTO", values: Pair, printed: Printed, printedCase: LogCase) =>
    (["logs survive", "logs lost"] as const).map((logs) => ({
      quantity,
      case: logs,
      unit: quantity === "RPO" ? ("hours" as const) : ("minutes" as const),
      paper: logs === printedCase && printed !== "" ? printed : null,
      computed: logs === "logs survive" ? values.logsSurvive : values.logsLost,
    }));
  const cells: readonly Omit<FigureCell, "figure" | "row" | "measured" | "evidence">[] = [
    ...pair("RPO", estimate.rpo, row.rpo, row.rpoCase),
    ...pair("RTO", estimate.rto, row.rto, row.rtoCase),
    {
      quantity: "recall",
      case: row.rtoCase,
      unit: "minutes",
      paper: null,
      computed: estimate.recall,
    },
    costCell(row, estimate),
  ];
  return cells.map((cell) => {
    const place = { figure: row.figure, row: row.row, ...cell };
    const result = results.find((one) => one.row === row.row && isOfCell(one, cell));
    if (result === undefined) return { ...place, measured: null };
    const { measured, bytes, at, phases } = result;
    const evidence = {
      ...(bytes === undefined ? {} : { bytes }),
      ...(at === undefined ? {} : { at }),
      ...(phases === undefined ? {} : { phases }),
    };
    return { ...place, measured, evidence };
  });
}

/** What is stored, and the time to fetch media, are the same whether the logs survive or not. */
function isOfCell(result: MeasuredResult, cell: Pick<FigureCell, "quantity" | "case">): boolean {
  if (result.quantity !== cell.quantity) return false;
  return cell.quantity === "storage" || cell.quantity === "recall" || result.case === cell.case;
}

/** Tapes are counted, disk is a multiple of the data: as the cost columns have it. */
function costCell(
  { cost, rtoCase }: FigureRow,
  { stored }: Estimate,
): Omit<FigureCell, "figure" | "row" | "measured" | "evidence"> {
  const counted = cost.unit === "count";
  const parts = stored.flatMap((one) => {
    if (counted) return one.tapes === undefined ? [] : [one.tapes];
    return [one.timesData];
  });
  const computed: Quantity = {
    low: parts.reduce((total, { low }) => total + low, 0),
    high: parts.reduce((total, { high }) => total + high, 0),
    unit: cost.unit,
    origin: "computed",
    basis: parts.map(({ basis }) => basis).join(" + "),
  };
  const paper = cost.value === "" ? null : cost.value;
  return { quantity: "storage", case: rtoCase, unit: cost.unit, paper, computed };
}
