import type { CopyCandidate, RecoveryPoint } from "#copies";
import { formatBytes, formatInstant } from "#time";
import { requireArrived } from "../arrived/require-arrived.ts";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { continuousJson, continuousReports, continuousText } from "../continuous-report.ts";
import { statusOfDaemon } from "../daemon/status-of-daemon.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import {
  copiesJson,
  isMeant,
  readCopies,
  type ReadCopies,
  tellUnavailable,
} from "../methods/index.ts";
import { momentJson, shortId } from "../moments.ts";
import { shownEarlierJson } from "../replay-text.ts";
import { openSite } from "../site.ts";
import { plural, safeText, tableText } from "../text.ts";

export async function run(context: CommandContext): Promise<ExitCode> {
  const { output } = context;
  const [typed] = context.arguments.positionals;
  requireArrived(context.arguments);
  if (context.arguments.has("arrived")) return await showWhatArrived(typed, context);
  const site = await openSite(context);
  await using found = await readCopies(typed, { context, site, journals: true });
  tellUnavailable(found, context, site);
  const groups = groupsOf(found, context);
  const daemon = await statusOfDaemon(context);
  const { signal } = context.surroundings;
  const continuous = await continuousReports(found, { daemon, signal });
  const earlier = await shownEarlier(groups, found, signal);
  await output.document({
    type: "moments",
    ...copiesJson(found),
    ...(continuous.length === 0 ? {} : { continuous: continuous.map(continuousJson) }),
    timeZone: site.zone,
    groups: groups.map(([group, moments]) => ({
      group,
      moments: moments.map((one) => ({ ...heldJson(one, found), ...earlier.get(one.point) })),
    })),
  });
  for (const [group, moments] of groups) await output.text(groupText(group, { moments, found }));
  for (const one of continuous) await output.text(continuousText(one, site.zone));
  const isPartial = found.unavailable.length > 0;
  if (groups.length > 0) return isPartial ? exitCodes.partial : exitCodes.done;
  const copy = found.isChoice ? "No copy has" : "The copy has no";
  output.note(
    typed === undefined
      ? `${copy} moments yet; take one with \`restante capture\`.`
      : `${copy} moments of ${safeText(typed)}.`,
  );
  if (typed !== undefined) return exitCodes.nothingMatched;
  return isPartial ? exitCodes.partial : exitCodes.done;
}

/** Reads all of the journal, which takes its time. */
async function showWhatArrived(
  typed: string | undefined,
  context: CommandContext,
): Promise<ExitCode> {
  if (typed === undefined)
    throw new CliError("cli.usage", "Cannot say what arrived: for whom was not said", {
      hint: "Name a target: restante moments TARGET --arrived.",
    });
  const [{ openArrived }, { showArrived }] = await Promise.all([
    import("../arrived/open-arrived.ts"),
    import("../arrived/arrived-report.ts"),
  ]);
  await using opened = await openArrived(typed, context);
  await showArrived(opened, context);
  return exitCodes.done;
}

type Held = { readonly point: RecoveryPoint; readonly copy: CopyCandidate["copy"] };

/** By group; in one copy in its own order, of several by time. */
function groupsOf(
  found: ReadCopies,
  { arguments: typed }: CommandContext,
): readonly (readonly [string, readonly Held[]])[] {
  const from = typed.text("from");
  const held = found.candidates
    .filter(({ copy }) => from === undefined || isMeant(copy, from))
    .flatMap(({ copy, moments }) => moments.map((point): Held => ({ point, copy })));
  if (found.isChoice)
    held.sort((a, b) => (a.point.atNs < b.point.atNs ? -1 : a.point.atNs > b.point.atNs ? 1 : 0));
  return [...Map.groupBy(held, ({ point }) => point.group)].sort(([a], [b]) => (a < b ? -1 : 1));
}

function heldJson({ point, copy }: Held, { isChoice }: ReadCopies): object {
  if (!isChoice) return momentJson(point);
  return { ...momentJson(point), copy: copy.name, method: copy.method, reach: copy.reach };
}

/** Of moments of a journal, which accounts they show as they were earlier. */
async function shownEarlier(
  groups: ReturnType<typeof groupsOf>,
  found: ReadCopies,
  signal: AbortSignal,
): Promise<ReadonlyMap<RecoveryPoint, { readonly shownEarlier: readonly object[] }>> {
  const earlier = new Map<RecoveryPoint, { readonly shownEarlier: readonly object[] }>();
  for (const { point, copy } of groups.flatMap(([, moments]) => moments)) {
    const moment = await found.copyOf(copy).continuous?.momentAt(point.atNs, signal);
    if (moment !== undefined && "point" in moment)
      earlier.set(point, { shownEarlier: shownEarlierJson(moment) });
  }
  return earlier;
}

function groupText(
  group: string,
  { moments, found }: { readonly moments: readonly Held[]; readonly found: ReadCopies },
): string {
  const { isChoice, site } = found;
  const rows = moments.map(({ point, copy }) => [
    `  ${shortId(point)}`,
    formatInstant(point.atNs, site.zone),
    point.consistency,
    point.files === undefined ? "" : plural(point.files, "file"),
    point.sizeBytes === undefined ? "" : formatBytes(point.sizeBytes),
    safeText(point.hostname),
    ...(isChoice
      ? [`${safeText(copy.name)} (${copy.method}${copy.reach === "shelf" ? ", tapes away" : ""})`]
      : []),
  ]);
  return `${safeText(group)}: ${plural(moments.length, "moment")}\n${tableText(rows, { right: [3, 4] })}`;
}
