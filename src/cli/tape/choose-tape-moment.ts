import type { RecoveryPoint } from "#copies";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { type ChosenMoment, chooseMoment, isMomentId } from "../moments.ts";
import type { Site } from "../site.ts";
import { momentsOf, resolveTarget } from "../target.ts";
import { safeText } from "../text.ts";

type Choosing = {
  readonly context: CommandContext;
  readonly site: Site;
  readonly library: string;
};

/** Moments of the target that is the second word, or all, oldest first. */
export async function wantedMoments(
  all: readonly RecoveryPoint[],
  { context, site, library }: Choosing,
): Promise<readonly RecoveryPoint[]> {
  const [, typed] = context.arguments.positionals;
  const group = context.arguments.text("group");
  const target =
    typed === undefined ? undefined : await resolveTarget(typed, { context, site, points: all });
  const points = momentsOf(all, { target, group });
  if (points.length > 0 || (typed === undefined && group === undefined)) return points;
  throw new CliError(
    "cli.nothing-matched",
    `Cannot find a moment of "${safeText(typed ?? group ?? "")}": there is none on the tapes of "${safeText(library)}"`,
    { hint: "See what there is with `restante tape list`." },
  );
}

/** The moment that --at means. Two groups are two histories: the nearest moment of either would be a mixture. */
export async function chooseTapeMoment(
  all: readonly RecoveryPoint[],
  choosing: Choosing,
): Promise<ChosenMoment> {
  const { context, site, library } = choosing;
  const points = await wantedMoments(all, choosing);
  const at = context.arguments.text("at");
  const groups = [...new Set(points.map(({ group }) => group))];
  const subject = context.arguments.positionals[1] ?? library;
  if (groups.length > 1 && (at === undefined || !isMomentId(at)))
    throw new CliError(
      "cli.usage",
      `Cannot choose a moment of "${safeText(subject)}": it stands in several groups`,
      {
        hint: `Name one with --group: ${groups.map((group) => JSON.stringify(safeText(group))).join(", ")}.`,
      },
    );
  return chooseMoment(points, at, { now: context.surroundings.now(), zone: site.zone, subject });
}
