import type { RecoveryPoint } from "#copies";
import { displayPath, type Image, joinRawPath, type RawPath, rawPathFromText } from "#image";
import { CliError } from "./cli-error.ts";
import type { CommandContext } from "./command.ts";
import { openCopy, type OpenCopy } from "./copy-access.ts";
import { type ChosenMoment, chooseMoment, isMomentId, momentText } from "./moments.ts";
import { openSite, type Site } from "./site.ts";
import { momentsOf, resolveTarget, type Target } from "./target.ts";
import { safeText } from "./text.ts";

/** A moment of a target, open. */
export type MomentView = AsyncDisposable & {
  readonly site: Site;
  readonly opened: OpenCopy;
  readonly target: Target;
  readonly chosen: ChosenMoment;
  readonly image: Image;
  /** Absolute folder of the source machine that the Image's root stands for. */
  readonly root: RawPath;
  /** Moments of the same target, oldest first. */
  readonly points: readonly RecoveryPoint[];
};

/** Opens the moment that TARGET and --at name, and says which it is. */
export async function openMoment(typed: string, context: CommandContext): Promise<MomentView> {
  const { surroundings, output } = context;
  const { signal } = surroundings;
  const site = await openSite(context);
  await using disposables = new AsyncDisposableStack();
  const opened = disposables.use(await openCopy(context, site));
  const all = await opened.copy.moments(undefined, signal);
  const target = await resolveTarget(typed, { context, site, points: all });
  const points = momentsOf(all, { target, group: context.arguments.text("group") });
  const at = context.arguments.text("at");
  if (at === undefined || !isMomentId(at)) requireOneGroup(points, typed);
  const chosen = chooseMoment(points, at, {
    now: surroundings.now(),
    zone: site.zone,
    subject: typed,
  });
  output.note(`${safeText(typed)} as of ${momentText(chosen, site.zone)}`);
  const image = disposables.use(await opened.copy.open(chosen.point, signal));
  const held = disposables.move();
  return {
    site,
    opened,
    target,
    chosen,
    image,
    root: imageRoot(chosen.point),
    points,
    [Symbol.asyncDispose]: async () => await held.disposeAsync(),
  };
}

/** A moment of several folders opens at the root of its machine. */
export function imageRoot({ paths }: RecoveryPoint): RawPath {
  return rawPathFromText(paths.length === 1 ? (paths[0] as string) : "/");
}

/** Two groups of one folder are two histories: the nearest moment of either would be a mixture. */
function requireOneGroup(points: readonly RecoveryPoint[], typed: string): void {
  const groups = [...new Set(points.map(({ group }) => group))];
  if (groups.length <= 1) return;
  throw new CliError(
    "cli.usage",
    `Cannot choose a moment of "${safeText(typed)}": it stands in several groups`,
    {
      hint: `Name one with --group: ${groups.map((group) => JSON.stringify(safeText(group))).join(", ")}.`,
    },
  );
}

/** Where a path of the Image lies, or lay, on the source machine. */
export function absoluteOf(root: RawPath, path: RawPath): RawPath {
  return path === "" ? root : joinRawPath(root, path);
}

/** The same as a person reads it. */
export function shownPath(root: RawPath, path: RawPath): string {
  return displayPath(absoluteOf(root, path));
}
