import type { InputOrigin } from "../quantity.ts";

/** A report as data. Renderers decide how it looks; nothing here is markup. */
export type Report = {
  readonly title: string;
  readonly subtitle?: string;
  /** When it was made, as it is to be read; the caller has the clock and the zone. */
  readonly generatedAt?: string;
  readonly sections: readonly Section[];
};

export type Section = {
  readonly heading: string;
  readonly level: 1 | 2 | 3;
  readonly blocks: readonly Block[];
};

export type Block =
  | { readonly kind: "paragraph"; readonly text: Inline }
  | { readonly kind: "list"; readonly ordered: boolean; readonly items: readonly Inline[] }
  | ({ readonly kind: "table" } & Table)
  | { readonly kind: "note"; readonly tone: "info" | "warn" | "bad"; readonly text: Inline }
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "definitions"; readonly pairs: readonly DefinitionPair[] }
  | ({ readonly kind: "scatter" } & Scatter)
  | ({ readonly kind: "timeline" } & Timeline);

/** Text in parts. A line break in it is a space. */
export type Inline = string | readonly InlinePart[];
export type InlinePart =
  | string
  | { readonly kind: "strong" | "emphasis" | "code"; readonly text: string };

export type DefinitionPair = { readonly term: Inline; readonly definition: Inline };

export type Table = {
  readonly caption?: string;
  readonly columns: readonly Column[];
  /** A row may be shorter than the columns, or longer; nothing of it is dropped. */
  readonly rows: readonly (readonly Cell[])[];
};

export type Column = { readonly heading: string; readonly align: "left" | "right" };

export type Cell = Inline | CellDetail;
export type CellDetail = {
  readonly text: Inline;
  /** The value that this one took the place of: shown struck through. */
  readonly was?: Inline;
  readonly origin?: InputOrigin;
  readonly state?: CellState;
  /** The basis of the value: formula, section, or measurement. A terminal does not show it. */
  readonly title?: string;
};
export type CellState = "good" | "bad" | "warn";

/** RPO, RTO and cost of options beside each other (paper, Figures 6 and 7). */
export type Scatter = {
  readonly title: string;
  readonly points: readonly ScatterPoint[];
  readonly objective?: { readonly rpoMinutes: number; readonly rtoMinutes: number };
  readonly currency: string;
};

export type ScatterPoint = {
  readonly label: string;
  /** 0 is zero data loss, Infinity no limit. */
  readonly rpoMinutes: number;
  /** 0 is automatic, Infinity no limit. */
  readonly rtoMinutes: number;
  readonly costPerYear: number;
  /** Nothing else is better in RPO, RTO and cost at once. */
  readonly onFront: boolean;
  readonly chosen: boolean;
  /** What has its own shape and colour: "operational", "disaster". */
  readonly group: string;
};

/** The operational and the disaster window laid over time by age (paper §1.4.2). */
export type Timeline = {
  readonly title: string;
  readonly rows: readonly TimelineRow[];
  readonly lapses: readonly Lapse[];
  readonly shares?: readonly RecoveryShare[];
};

export type TimelineRow = {
  readonly label: string;
  readonly layer: "operational" | "disaster";
  readonly windows: readonly CoverageWindow[];
};

export type CoverageWindow = {
  readonly fromAgeHours: number;
  /** Infinity: kept for ever. */
  readonly toAgeHours: number;
  /** Between two moments that can be recovered; 0: every change. */
  readonly spacingHours: number;
};

/** Ages that no moment covers although they should be. */
export type Lapse = {
  readonly fromAgeHours: number;
  readonly toAgeHours: number;
  readonly text: string;
};

/** Cumulative: of all recoveries, the share that wants a moment at most this old (0 to 1). */
export type RecoveryShare = { readonly ageHours: number; readonly share: number };

/** The parts of a text, where a plain string is one part. */
export function partsOf(text: Inline): readonly InlinePart[] {
  return typeof text === "string" ? [text] : text;
}

export function detailOf(cell: Cell): CellDetail {
  return typeof cell === "object" && "text" in cell ? cell : { text: cell };
}

/** The columns, and one without a heading for each cell that a row has beyond them. */
export function columnsOf({ columns, rows }: Table): readonly Column[] {
  const width = rows.reduce((most, row) => Math.max(most, row.length), columns.length);
  return Array.from({ length: width }, (_, index) => columns[index] ?? noColumn);
}

const noColumn: Column = { heading: "", align: "left" };
