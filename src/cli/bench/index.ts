/**
 * bench: "create your own benchmarks" (paper §4.1). Measures this site on a sample of its own mail, within
 * bounds of time and room, and says what the planner may take from it. Reads the mail store, never writes
 * into it.
 */
export { benchMeasurements, figuresOf } from "./bench-figures.ts";
export { planBench } from "./bench-plan.ts";
export { benchJson, sayBench } from "./bench-report.ts";
export { type BenchResult, runBench } from "./run-bench.ts";
