import { rankWarnings } from "../plan/index.ts";
import { businessOfTier, type Tier } from "../requirements/index.ts";

/** A line of business that took its everyday protection from one tier and its disaster recovery from another. */
export type TieredLine = {
  readonly name: string;
  readonly operational: Tier;
  /** Default: the same tier. */
  readonly disaster?: Tier;
};

/**
 * Lines that change places: ahead of others by their operational tier and behind them by their disaster tier
 * (§4.2: the ranking relative to other applications “will likely be consistent”). In sentences; nothing
 * where the order is the same.
 */
export function checkTierOrder(lines: readonly TieredLine[]): readonly string[] {
  return rankWarnings(
    lines.map(({ name, operational, disaster = operational }) => {
      const { disaster: _own, ...everyday } = operational;
      const mixed: Tier =
        disaster.disaster === undefined ? everyday : { ...everyday, disaster: disaster.disaster };
      return businessOfTier(mixed, { name, mailboxes: [], mailShare: 0 });
    }),
  );
}
