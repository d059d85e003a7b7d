import type { LogCase } from "#planner";
import type { PhaseTime } from "./phase-clock.ts";

export const resultQuantities = ["RPO", "RTO", "storage"] as const;
export type ResultQuantity = (typeof resultQuantities)[number];

/** In what a quantity is told, as the figures print it. */
export const resultUnits: Readonly<Record<ResultQuantity, ResultUnit>> = {
  RPO: "hours",
  RTO: "minutes",
  storage: "× data",
};
export type ResultUnit = "hours" | "minutes" | "× data";

/** What one run measured of a whole method: a value for a cell of the paper's Figures 6 and 7. */
export type Result = {
  /** As the figures have it. */
  readonly row: string;
  readonly quantity: ResultQuantity;
  readonly case: LogCase;
  readonly low: number;
  readonly high: number;
  readonly unit: ResultUnit;
  /** RFC 3339, UTC. */
  readonly at: string;
  /** The parts of a time, in order. */
  readonly phases?: readonly PhaseTime[];
  /** Of the mail that it was measured on. */
  readonly bytes: number;
  /** Of the run: the moment's identity. */
  readonly id: string;
  /** What was measured: "restore of 244 MB, 6,046 files, each verified". */
  readonly about: string;
};
