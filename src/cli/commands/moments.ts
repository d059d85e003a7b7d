import type { RecoveryPoint } from "#copies";
import { formatBytes, formatInstant } from "#time";
import type { CommandContext } from "../command.ts";
import { openCopy } from "../copy-access.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { momentJson, shortId } from "../moments.ts";
import { openSite } from "../site.ts";
import { momentsOf, resolveTarget } from "../target.ts";
import { plural, safeText, tableText } from "../text.ts";

export async function run(context: CommandContext): Promise<ExitCode> {
  const { output, surroundings } = context;
  const site = await openSite(context);
  await using opened = await openCopy(context, site);
  const all = await opened.copy.moments(undefined, surroundings.signal);
  const [typed] = context.arguments.positionals;
  const target =
    typed === undefined ? undefined : await resolveTarget(typed, { context, site, points: all });
  const points = momentsOf(all, { target, group: context.arguments.text("group") });
  const groups = [...Map.groupBy(points, ({ group }) => group)].sort(([a], [b]) =>
    a < b ? -1 : 1,
  );
  await output.document({
    type: "moments",
    copy: opened.place.name,
    timeZone: site.zone,
    groups: groups.map(([group, moments]) => ({ group, moments: moments.map(momentJson) })),
  });
  for (const [group, moments] of groups)
    await output.text(groupText(group, { moments, zone: site.zone }));
  if (groups.length > 0) return exitCodes.done;
  output.note(
    typed === undefined
      ? "The copy has no moments yet; take one with `restante capture`."
      : `The copy has no moments of ${safeText(typed)}.`,
  );
  return typed === undefined ? exitCodes.done : exitCodes.nothingMatched;
}

function groupText(
  group: string,
  { moments, zone }: { readonly moments: readonly RecoveryPoint[]; readonly zone: string },
): string {
  const rows = moments.map((point) => [
    `  ${shortId(point)}`,
    formatInstant(point.atNs, zone),
    point.consistency,
    point.files === undefined ? "" : plural(point.files, "file"),
    point.sizeBytes === undefined ? "" : formatBytes(point.sizeBytes),
    safeText(point.hostname),
  ]);
  return `${safeText(group)}: ${plural(moments.length, "moment")}\n${tableText(rows, { right: [3, 4] })}`;
}
