import {
  displayPath,
  findEntry,
  type Image,
  memoryImage,
  rawPathToBytes,
  type RawPath,
} from "#image";
import {
  type DifferenceCounts,
  diffImages,
  type ImageDifference,
  type ImageDifferences,
} from "#recovery";
import { formatInstant } from "#time";
import { stat } from "node:fs/promises";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { accountPairs, diffMail, type DiffMailOptions, type MailRow } from "../diff-mail.ts";
import { openLivingStore } from "../living-store.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { type MessageSummary, pathJson, summarise } from "../message-summary.ts";
import { momentText } from "../moments.ts";
import type { ChosenCopy } from "../methods/index.ts";
import {
  absoluteOf,
  imageRoot,
  type MomentView,
  openMoment,
  readingView,
  shownPath,
  viewMomentJson,
} from "../moment-view.ts";
import { withoutFolders } from "../part-image.ts";
import { scopesOf } from "../scope.ts";
import { countText, safeText } from "../text.ts";

export async function run(context: CommandContext): Promise<ExitCode> {
  const [typed = ""] = context.arguments.positionals;
  await using view = await openMoment(typed, context);
  return await readingView(view, context, async () => await compare(typed, { view, context }));
}

async function compare(typed: string, { view, context }: Omit<Sides, "later">): Promise<ExitCode> {
  const { output } = context;
  await using later = await openLater(typed, { view, context });
  const found: Found[] = [];
  const mail: MailRow[] = [];
  const warnings: string[] = [];
  const counts = noCounts();
  for (const scope of await scopesOf(view)) {
    const options = diffOptions({ view, later, context });
    const pairs = await accountPairs(scope, options);
    for (const pair of pairs) {
      const rows = await diffMail(pair, scope, options);
      for (const { kind } of rows.rows) counts[kind]++;
      counts.same += rows.same;
      warnings.push(...rows.warnings);
      mail.push(...rows.rows);
    }
    const hidden = new Set(pairs.flatMap(({ past, now }) => (past ?? now)?.root ?? []));
    for (const part of scope.parts.filter((path) => !hidden.has(path))) {
      const differences = await diffPart(part, { view, later, context, hidden });
      for (const [name, count] of Object.entries(differences.counts))
        counts[name as keyof DifferenceCounts] += count;
      warnings.push(...differences.warnings);
      for (const difference of differences.differences)
        found.push(await describe(difference, { view, later, context }));
    }
  }
  for (const one of found) await output.text(differenceText(one, view.root));
  for (const row of mail) await output.text(mailText(row));
  for (const warning of warnings) output.warning(safeText(warning));
  await output.text(countsText(counts));
  await output.document({
    type: "diff",
    moment: viewMomentJson(view),
    to: later.other === undefined ? "now" : viewMomentJson(later.other),
    counts,
    differences: [...found.map((one) => differenceJson(one, view.root)), ...mail],
    warnings,
  });
  return exitCodes.done;
}

function noCounts(): Record<keyof DifferenceCounts, number> {
  return { created: 0, removed: 0, moved: 0, flagged: 0, changed: 0, same: 0 };
}

function diffOptions({ view, later, context }: Sides): DiffMailOptions {
  const { image: past, root } = view;
  return { past, now: later.image, root, signal: context.surroundings.signal };
}

type Later = AsyncDisposable & { readonly image: Image; readonly other?: ChosenCopy };
type Sides = { readonly view: MomentView; readonly later: Later; readonly context: CommandContext };
type Found = { readonly difference: ImageDifference; readonly message?: MessageSummary };

/** The later side: another moment of the same target, or the living store. */
async function openLater(typed: string, { view, context }: Omit<Sides, "later">): Promise<Later> {
  const { surroundings, output } = context;
  const to = context.arguments.text("to") ?? "now";
  if (to.trim().toLowerCase() !== "now") {
    const other = await view.openOther(to, typed);
    const { chosen, image } = other;
    output.note(`  against ${momentText(chosen, view.site.zone)}`);
    if (imageRoot(chosen.point) !== view.root) {
      throw new CliError(
        "cli.usage",
        "Cannot compare these two moments: they were captured from different folders",
        { hint: "Choose moments of the same folder; see `restante moments`." },
      );
    }
    // The view closes it.
    return { image, other, [Symbol.asyncDispose]: async () => undefined };
  }
  output.note(
    `  against the living store now, ${formatInstant(surroundings.now(), view.site.zone)}`,
  );
  // A store that is not there is no empty store: this throws.
  const image = await openLivingStore(view, surroundings.signal);
  return { image, [Symbol.asyncDispose]: async () => await image[Symbol.asyncDispose]() };
}

/** A folder that is gone by then is compared with nothing: all of it was removed. */
async function diffPart(
  scope: RawPath,
  { view, later, context, hidden }: Sides & { readonly hidden: ReadonlySet<RawPath> },
): Promise<ImageDifferences> {
  const { signal } = context.surroundings;
  // What was compared as mail is no file that changed.
  const past = withoutFolders(view.image, hidden);
  const now = withoutFolders(later.image, hidden);
  const entry = scope === "" ? undefined : await findEntry(view.image, scope);
  if (entry !== undefined && entry.type !== "directory") {
    throw new CliError(
      "cli.usage",
      `Cannot compare "${shownPath(view.root, scope)}": it is no folder`,
      { hint: "Name the folder that it is in." },
    );
  }
  if (scope === "" || (await findEntry(later.image, scope)) !== undefined)
    return await diffImages(past, now, { scope, signal });
  await using nothing = memoryImage({ [scope]: { type: "directory" } });
  return await diffImages(past, nothing, { scope, signal });
}

async function describe(
  difference: ImageDifference,
  { view, later, context }: Sides,
): Promise<Found> {
  const { signal } = context.surroundings;
  const isMessage =
    difference.kind === "moved" ||
    difference.kind === "flagged" ||
    (difference.kind !== "changed" && difference.isMessage);
  if (!isMessage) return { difference };
  try {
    const message =
      difference.kind === "created"
        ? await summarise(later.image, difference.now, signal)
        : await summarise(view.image, difference.past, signal);
    return { difference, message };
  } catch (error) {
    // On a living store a message may be gone again by the time its header is read: the difference stays, without its subject.
    if (difference.kind !== "created" || !(await isGone(absoluteOf(view.root, difference.now))))
      throw error;
    return { difference };
  }
}

async function isGone(path: RawPath): Promise<boolean> {
  return (await stat(rawPathToBytes(path)).catch(() => undefined)) === undefined;
}

const marks: Readonly<Record<ImageDifference["kind"], string>> = {
  created: "+",
  removed: "-",
  moved: ">",
  flagged: "~",
  changed: "M",
};

function differenceText({ difference, message }: Found, root: RawPath): string {
  const { kind } = difference;
  const path = kind === "created" ? difference.now : difference.past;
  const about =
    message === undefined ? "" : `  ${safeText(message.from)}: ${safeText(message.subject)}`;
  const where =
    kind === "moved"
      ? `${shownPath(root, path)} -> ${displayPath(difference.now)}`
      : shownPath(root, path);
  return `${marks[kind]} ${where}${about}\n`;
}

function mailText({ kind, account, past, now, message }: MailRow): string {
  const where =
    kind === "moved"
      ? `${past?.target} -> ${now?.folder}`
      : ((kind === "created" ? now : past)?.target ?? account);
  const about =
    message === undefined ? "" : `  ${safeText(message.from)}: ${safeText(message.subject)}`;
  return `${marks[kind]} ${safeText(where)}${about}\n`;
}

function differenceJson({ difference, message }: Found, root: RawPath): object {
  const { kind } = difference;
  return {
    kind,
    ...("past" in difference ? { past: pathJson(absoluteOf(root, difference.past)) } : {}),
    ...("now" in difference ? { now: pathJson(absoluteOf(root, difference.now)) } : {}),
    entryType: difference.entry.type,
    ...(kind === "changed" ? { content: difference.content } : {}),
    ...(message === undefined ? {} : { message }),
  };
}

function countsText({
  created,
  removed,
  moved,
  flagged,
  changed,
  same,
}: Readonly<Record<keyof DifferenceCounts, number>>): string {
  return `${countText(created)} created (+), ${countText(removed)} removed (-), ${countText(moved)} moved (>), ${countText(flagged)} flagged (~), ${countText(changed)} changed (M), ${countText(same)} the same\n`;
}
