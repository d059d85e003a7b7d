import type { ShipPolicy } from "#offsite";
import { parseDuration } from "#time";
import type { CommandContext } from "../command.ts";
import type { OpenLibrary } from "./open-library.ts";

const dayMs = 86_400_000;

/** The paper's example (§2.2.1): nightly, held for 24 hours, then sent. */
const usual: ShipPolicy = { intervalMs: dayMs, holdMs: dayMs, transitMs: 0 };

/** How the tapes of each group are shipped: as typed, else as the configuration says, else as usual. */
export function shipPolicies(
  context: CommandContext,
  { groups, name }: Pick<OpenLibrary, "groups" | "name">,
): (group: string) => ShipPolicy {
  const typed = typedPolicy(context);
  const configured = new Map(
    groups.map(({ tag, methods, disaster }): [string, Partial<ShipPolicy>] => {
      const method = methods.find(({ copy }) => copy === name);
      const shipping =
        disaster?.method === "move backup tapes offsite" && disaster.from === name
          ? disaster
          : undefined;
      const intervalMs = method?.everyMs ?? method?.loseAtMostMs;
      return [
        tag,
        defined({
          intervalMs,
          holdMs: shipping?.holdMs,
          transitMs: shipping?.transitMs,
          objectiveMs: shipping?.loseAtMostMs,
        }),
      ];
    }),
  );
  return (group) => ({ ...usual, ...configured.get(group), ...typed });
}

function typedPolicy({ arguments: typed }: CommandContext): Partial<ShipPolicy> {
  const duration = (name: string): number | undefined => {
    const text = typed.text(name);
    if (text === undefined) return undefined;
    return text === "nothing" ? 0 : parseDuration(text);
  };
  return defined({
    intervalMs: duration("every"),
    holdMs: duration("hold"),
    transitMs: duration("transit"),
    objectiveMs: duration("objective"),
  });
}

function defined(
  policy: Readonly<Record<keyof ShipPolicy, number | undefined>>,
): Partial<ShipPolicy> {
  return Object.fromEntries(Object.entries(policy).filter(([, value]) => value !== undefined));
}
