import type { CopyPlace } from "./copy-access.ts";
import type { Site } from "./site.ts";

/** From which repository to which a configuration duplicates, and whose moments. */
export type PolicyDuplicate = {
  readonly from: CopyPlace;
  readonly to: CopyPlace;
  /** Tags of protection groups. */
  readonly groups: readonly string[];
};

/** Every pair of repositories that the tiers' disaster recovery duplicates between (paper §2.2.2). */
export function policyDuplicates({ groups, copies }: Site): readonly PolicyDuplicate[] {
  const placeOf = (name: string): CopyPlace | undefined =>
    copies.find((copy) => copy.name === name);
  const pairs = Map.groupBy(
    groups.filter(({ disaster }) => disaster?.method === "duplicate backup copies offsite"),
    ({ disaster }) => `${disaster?.from ?? ""}\n${disaster?.copy ?? ""}`,
  );
  return [...pairs.values()].flatMap((some): PolicyDuplicate[] => {
    const disaster = some[0]?.disaster;
    const from = placeOf(disaster?.from ?? "");
    const to = placeOf(disaster?.copy ?? "");
    if (from === undefined || to === undefined) return [];
    return [{ from, to, groups: some.map(({ tag }) => tag) }];
  });
}
