import { randomBytes } from "node:crypto";
import { type Image, type RawPath, rawPathFromText } from "#image";
import { applyRestore, planRestore, type RestoreResult } from "#recovery";
import type { PhaseClock } from "../phase-clock.ts";
import type { Surroundings } from "../terminal.ts";

export type PutBackOptions = {
  /** A folder of the Image; "" is all of it. */
  readonly scope: string;
  /** Absolute folder that takes its place. */
  readonly target: string;
  readonly surroundings: Pick<Surroundings, "now" | "signal">;
  /** As it was, with what came later put aside. Default: what is missing is put back. */
  readonly isExact?: boolean;
  /** Told of the phases, where they are measured. */
  readonly clock?: PhaseClock;
};

/** What `restante restore --yes` does: plans, writes, reads every file back. */
export async function putBack(image: Image, options: PutBackOptions): Promise<RestoreResult> {
  const { surroundings, clock } = options;
  const { now, signal } = surroundings;
  const run = {
    now: () => Number(now() / 1_000_000n),
    unique: () => randomBytes(8).toString("hex"),
    signal,
  };
  clock?.begin("plan");
  const scope = options.scope === "" ? ("" as RawPath) : rawPathFromText(options.scope);
  const target = rawPathFromText(options.target);
  const mode = options.isExact === true ? "exact" : "additive";
  const plan = await planRestore(image, { scope, target, mode, ...run });
  clock?.begin("write and read back");
  return await applyRestore(image, plan, run);
}
