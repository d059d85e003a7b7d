import { rebuildCatalogue } from "#methods";
import type { CommandContext } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { plural, safeText } from "../text.ts";
import { openLibrary } from "./open-library.ts";

/** `restante tape rebuild`: the catalogue out of the tapes alone. */
export async function run(context: CommandContext): Promise<ExitCode> {
  const { output, surroundings } = context;
  const { now, signal } = surroundings;
  await using opened = await openLibrary(context);
  const { library, name } = opened;
  const report = await rebuildCatalogue(library, {
    now,
    signal,
    onTape: (barcode) => output.note(`reading tape ${barcode}`),
  });
  const { tapes, sets, reconstructed, kept, blank, foreign, problems } = report;
  await output.document({ type: "tape-rebuild", library: name, ...report });
  await output.text(
    `${plural(sets, "moment")} on ${plural(tapes, "tape")} of ${safeText(name)}; ${reconstructed} found by reading data, ${kept} kept of tapes that are not here\n`,
  );
  if (blank.length > 0) await output.text(`blank: ${blank.join(", ")}\n`);
  for (const { barcode, why } of foreign)
    await output.text(`not ours: ${barcode}: ${safeText(why)}\n`);
  for (const problem of problems) output.warning(safeText(problem));
  return problems.length > 0 || foreign.length > 0 ? exitCodes.partial : exitCodes.done;
}
