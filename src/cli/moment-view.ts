import type { RecoveryPoint } from "#copies";
import { displayPath, type Image, joinRawPath, type RawPath, rawPathFromText } from "#image";
import { isRecoveryError } from "#errors";
import type { ContinuousMoment } from "#methods";
import { CliError } from "./cli-error.ts";
import type { CataloguedMessage } from "./catalogued-message.ts";
import type { CommandContext } from "./command.ts";
import { parseMessageId } from "./message-id.ts";
import {
  aimedAt,
  type AnyCopy,
  type ChosenCopy,
  openChosen,
  readCopies,
  type ReadCopies,
  tellUnavailable,
} from "./methods/index.ts";
import {
  type ChosenMoment,
  chosenMomentJson,
  chooseMoment,
  isMomentId,
  momentText,
} from "./moments.ts";
import type { JsonDocument } from "./output.ts";
import type { PhaseClock } from "./phase-clock.ts";
import { openSite, type Site } from "./site.ts";
import { replayJson, replayText } from "./replay-text.ts";
import type { Target } from "./target.ts";
import { safeText } from "./text.ts";

/** A moment of a target, open. */
export type MomentView = AsyncDisposable & {
  readonly site: Site;
  readonly opened: AnyCopy;
  readonly target: Target;
  readonly chosen: ChosenMoment;
  readonly image: Image;
  /** Absolute folder of the source machine that the Image's root stands for. */
  readonly root: RawPath;
  /** Moments of the same target, oldest first. */
  readonly points: readonly RecoveryPoint[];
  /** Other copies that have a moment of the target, for when this one turns out to be damaged. */
  readonly others: readonly string[];
  /** Of a moment that was replayed out of a journal. */
  readonly replay?: ContinuousMoment;
  /** Opens another moment of the same target, from the copy that serves it best. Closed with the view. */
  openOther(at: string, subject: string): Promise<ChosenCopy>;
};

/** Opens the moment that TARGET and --at name, from the copy that serves it best, and says which it is. */
export async function openMoment(
  named: string,
  context: CommandContext,
  { clock }: { readonly clock?: PhaseClock } = {},
): Promise<MomentView> {
  const { output } = context;
  const site = await openSite(context);
  await using disposables = new AsyncDisposableStack();
  const isMessageId = parseMessageId(named) !== undefined;
  const read = disposables.use(
    await readCopies(isMessageId ? undefined : named, { context, site, journals: true }),
  );
  const message = isMessageId ? await messageById(named, read, { context, site }) : undefined;
  const typed = message?.target ?? named;
  const found = message === undefined ? read : await aimedAt(read, typed, { context, site });
  const { points, target } = found;
  if (target === undefined) throw new Error("a target was typed and not resolved");
  const at = message?.at ?? context.arguments.text("at");
  if (at === undefined || !isMomentId(at)) requireOneGroup(points, typed);
  tellUnavailable(found, context, site);
  const best = await openBest(found, { context, at, subject: typed, clock });
  const { opened, chosen, image, others } = best;
  disposables.use(image);
  output.note(`${safeText(named)} as of ${momentText(chosen, site.zone)}`);
  if (found.isChoice) output.note(`  ${choiceText(best)}`);
  const { replay } = best;
  for (const line of replay === undefined ? [] : replayText(replay, site.zone))
    output.note(`  ${line}`);
  const held = disposables.move();
  return {
    site,
    opened,
    target,
    chosen,
    image,
    root: imageRoot(chosen.point),
    points,
    others,
    ...(replay === undefined ? {} : { replay }),
    openOther: async (other, subject) => {
      const later = await openBest(found, { context, at: other, subject });
      held.use(later.image);
      return later;
    },
    [Symbol.asyncDispose]: async () => await held.disposeAsync(),
  };
}

/** A message by its ID ("m:…"). The catalog is loaded only where one is meant. */
async function messageById(
  typed: string,
  found: ReadCopies,
  options: { readonly context: CommandContext; readonly site: Site },
): Promise<CataloguedMessage> {
  const { cataloguedMessage } = await import("./catalogued-message.ts");
  return await cataloguedMessage(typed, found, options);
}

type Opening = {
  readonly context: CommandContext;
  readonly at: string | undefined;
  readonly subject: string;
  readonly clock?: PhaseClock | undefined;
};

/** Of one copy its moment, in its own order; of several the one that serves best. */
async function openBest(
  found: ReadCopies,
  { context, at, subject, clock }: Opening,
): Promise<ChosenCopy> {
  const [only, ...more] = found.copies;
  if (only === undefined || more.length > 0 || context.arguments.has("from")) {
    clock?.begin("open");
    return await openChosen(found, { context, at, subject });
  }
  const { surroundings } = context;
  const chosen = chooseMoment(found.points, at, {
    now: surroundings.now(),
    zone: found.site.zone,
    subject,
  });
  clock?.begin("open");
  const image = await only.copy.open(chosen.point, surroundings.signal);
  return { opened: only, chosen, image, reason: "", others: [] };
}

/** "from copy “replicas” (rotation of delta snapshots): exactly that moment, at hand, …; also: …". */
function choiceText({ opened, reason, others }: ChosenCopy): string {
  const { name, method } = opened.copy;
  const why = reason === "" ? "the only one" : reason.replace(/\.$/, "");
  const also = others.length === 0 ? "" : `; also: ${others.join(", ")}`;
  return `from copy “${safeText(name)}” (${method}): ${why}${also}`;
}

/** The moment of a view for programs: which it is, and the copy and the method that it comes from. */
export function viewMomentJson({
  chosen,
  opened: { copy },
  replay,
}: Pick<ChosenCopy, "chosen" | "replay"> & {
  readonly opened: Pick<AnyCopy, "copy">;
}): Omit<JsonDocument, "type"> {
  return {
    ...chosenMomentJson(chosen),
    copy: copy.name,
    method: copy.method,
    ...(replay === undefined ? {} : { replay: replayJson(replay) }),
  };
}

/**
 * Runs what reads a view; where that fails by what the copy holds, says what can still be recovered from
 * others before the error goes on.
 */
export async function readingView<Result>(
  { opened, others }: Pick<MomentView, "opened" | "others">,
  { output }: Pick<CommandContext, "output">,
  read: () => Promise<Result>,
): Promise<Result> {
  try {
    return await read();
  } catch (error) {
    const room = isRecoveryError(error) ? error.code.split(".")[0] : undefined;
    if (["repository", "storage", "image", "methods", "snapshots"].includes(room ?? ""))
      tellOthers({ opened, others }, output);
    throw error;
  }
}

export function tellOthers(
  { opened, others }: Pick<MomentView, "opened" | "others">,
  output: CommandContext["output"],
): void {
  if (others.length === 0) return;
  output.warning(
    `this is of copy “${safeText(opened.copy.name)}”; what can still be recovered: ${others.join("; ")}. Say --from and its name to take it from there`,
  );
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
