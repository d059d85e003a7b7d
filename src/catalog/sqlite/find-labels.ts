/** Which flags and keywords a search means: there are few that occur together, and many placements of each. */
import type { Query, State } from "../query/query.ts";
import type { Database } from "./database.ts";

const flagOf: Partial<Readonly<Record<State, readonly [string, boolean]>>> = {
  seen: ["\\Seen", true],
  unseen: ["\\Seen", false],
  flagged: ["\\Flagged", true],
  unflagged: ["\\Flagged", false],
  answered: ["\\Answered", true],
  unanswered: ["\\Answered", false],
  draft: ["\\Draft", true],
  deleted: ["\\Deleted", true],
};

/** The rows of those that all conditions on flags and keywords allow; undefined where there are none. */
export function chooseLabels(
  database: Database,
  { conditions }: Query,
): readonly number[] | undefined {
  const tests = conditions.flatMap((one): LabelTest[] => {
    if (one.kind === "keyword") {
      const wanted = one.keyword.toLowerCase();
      return [
        ({ keywords }) => keywords.some((word) => word.toLowerCase() === wanted) !== one.isNot,
      ];
    }
    const flag = one.kind === "is" ? flagOf[one.state] : undefined;
    if (flag === undefined) return [];
    const [name, isSet] = flag;
    return [({ flags }) => flags.includes(name) === (isSet !== one.isNot)];
  });
  if (tests.length === 0) return undefined;
  const rows = database.all("SELECT id, flags, keywords FROM label");
  return rows.flatMap((row) => {
    const label: Label = {
      flags: JSON.parse(row["flags"] as string) as string[],
      keywords: JSON.parse(row["keywords"] as string) as string[],
    };
    return tests.every((test) => test(label)) ? [row["id"] as number] : [];
  });
}

type Label = { readonly flags: readonly string[]; readonly keywords: readonly string[] };
type LabelTest = (label: Label) => boolean;
