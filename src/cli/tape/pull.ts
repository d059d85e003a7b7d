import { type PullList, tapeCopy } from "#methods";
import { formatDuration, parseDuration, toRfc3339Nano } from "#time";
import type { CommandContext } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { chosenMomentJson, momentText } from "../moments.ts";
import { safeText, tableText } from "../text.ts";
import { chooseTapeMoment } from "./choose-tape-moment.ts";
import { openLibrary } from "./open-library.ts";
import { placeText } from "./tape-words.ts";

/** `restante tape pull [TARGET] --at T`: what must be fetched to restore a moment. */
export async function run(context: CommandContext): Promise<ExitCode> {
  const { output, surroundings, arguments: typed } = context;
  const { signal } = surroundings;
  const recall = typed.text("recall");
  const recallMs = recall === undefined ? undefined : parseDuration(recall);
  await using opened = await openLibrary(context);
  const { library, name, site } = opened;
  const copy = tapeCopy(library, { name, ...(recallMs === undefined ? {} : { recallMs }) });
  const all = await copy.moments(undefined, signal);
  const chosen = await chooseTapeMoment(all, { context, site, library: name });
  const list = await copy.pullList(chosen.point, { nowNs: surroundings.now(), signal });
  await output.document({
    type: "tape-pull",
    library: name,
    moment: chosenMomentJson(chosen),
    tapes: list.tapes.map(({ sinceNs, ...tape }) => ({
      ...tape,
      ...(sinceNs === undefined ? {} : { since: toRfc3339Nano(sinceNs) }),
    })),
    ...(list.atHandInMs === undefined ? {} : { atHandInMs: list.atHandInMs }),
  });
  output.note(`${safeText(chosen.point.group)} as of ${momentText(chosen, site.zone)}`);
  await output.text(
    tableText(
      list.tapes.map((tape, index) => [
        `${index + 1}.`,
        tape.barcode,
        placeText(tape, site.zone),
        recallText(tape.atHandInMs),
      ]),
    ),
  );
  await output.text(`${summaryText(list)}\n`);
  return list.atHandInMs === undefined ? exitCodes.partial : exitCodes.done;
}

function recallText(atHandInMs: number | undefined): string {
  if (atHandInMs === undefined) return "nobody can say";
  return atHandInMs === 0 ? "at hand" : `at hand in ${formatDuration(atHandInMs)}`;
}

function summaryText({ atHandInMs }: PullList): string {
  if (atHandInMs === undefined)
    return "A tape is missing: without it this moment cannot be recovered.";
  return atHandInMs === 0
    ? "All of them are at hand."
    : `All of them, fetched at once: ${formatDuration(atHandInMs)}.`;
}
