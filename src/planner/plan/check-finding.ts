import type { Config, OperationalConfig, TierConfig } from "#policy";

export type CheckFinding = {
  /** An error: the objective is not met. A warning: it is, and something should be known. */
  readonly severity: "error" | "warning";
  readonly text: string;
  readonly change?: string;
};

/** A line of business of the file, with the tier that it has. */
export type ConfiguredLine = {
  readonly line: Config["linesOfBusiness"][number];
  readonly tier: TierConfig;
  readonly config: Config;
};

export type Promised = Pick<OperationalConfig, "loseAtMostMs" | "backWithinMs">;

/** What a tier's operational recovery promises as a whole: the first of its methods that promises it. */
export function promiseOf({ operational }: TierConfig): Promised {
  const loseAtMostMs = operational.find((one) => one.loseAtMostMs !== undefined)?.loseAtMostMs;
  const backWithinMs = operational.find((one) => one.backWithinMs !== undefined)?.backWithinMs;
  return {
    ...(loseAtMostMs === undefined ? {} : { loseAtMostMs }),
    ...(backWithinMs === undefined ? {} : { backWithinMs }),
  };
}
