import { spoolToTape } from "#methods";
import { formatBytes } from "#time";
import type { CommandContext } from "../command.ts";
import { openCopy } from "../copy-access.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { chooseMoment, momentJson, momentText } from "../moments.ts";
import { momentsOf, resolveTarget } from "../target.ts";
import { plural, safeText } from "../text.ts";
import { openLibrary } from "./open-library.ts";

/** `restante tape spool [TARGET] --copy REPO --at T`: a moment of a repository, on tape (paper §3.2.2: B2D2T). */
export async function run(context: CommandContext): Promise<ExitCode> {
  const { arguments: typed, output, surroundings } = context;
  const { now, signal } = surroundings;
  const [, wanted] = typed.positionals;
  await using opened = await openLibrary(context);
  const { library, name, rotation, site } = opened;
  await using from = await openCopy(context, site);
  const all = await from.copy.moments(undefined, signal);
  const target =
    wanted === undefined ? undefined : await resolveTarget(wanted, { context, site, points: all });
  const points = momentsOf(all, { target, group: undefined });
  const subject = wanted ?? from.place.name;
  const chosen = chooseMoment(points, typed.text("at"), { now: now(), zone: site.zone, subject });
  output.note(`${safeText(subject)} as of ${momentText(chosen, site.zone)}`);
  const { point, ...result } = await spoolToTape(from.copy, {
    library,
    point: chosen.point,
    rotation,
    now,
    signal,
  });
  await output.document({
    type: "tape-spool",
    library: name,
    from: from.place.name,
    moment: momentJson(point),
    ...result,
  });
  await output.text(
    `${plural(result.filesTotal, "file")} of ${formatBytes(result.bytesTotal)} on tape in ${safeText(name)}, read back and verified\n`,
  );
  for (const { message } of result.problems) output.warning(safeText(message));
  return result.partial ? exitCodes.partial : exitCodes.done;
}
