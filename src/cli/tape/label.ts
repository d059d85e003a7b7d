import { labelTape, parseBarcode, tapePoolsOf } from "#methods";
import type { CommandContext } from "../command.ts";
import { confirmed } from "../confirm.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { plural, safeText } from "../text.ts";
import { knownBarcode } from "./known-barcode.ts";
import { type OpenLibrary, openLibrary } from "./open-library.ts";

/** `restante tape label BARCODE`: puts a tape into the scratch pool. */
export async function run(context: CommandContext): Promise<ExitCode> {
  const { arguments: typed, output, surroundings } = context;
  const [, named = ""] = typed.positionals;
  const isNew = typed.has("new");
  // Looked at before a folder is made for it.
  parseBarcode(named);
  await using opened = await openLibrary(context, { create: isNew });
  const { library, rotation, name } = opened;
  const { signal, now } = surroundings;
  if (isNew) await library.addVolume(named, signal);
  const barcode = isNew ? parseBarcode(named) : await knownBarcode(named, library, context);
  if (!isNew && !(await mayWriteOver(barcode, { opened, context }))) return exitCodes.refused;
  const { limits, ...retention } = rotation;
  await labelTape(library, {
    barcode,
    overForeign: typed.has("over-foreign"),
    retention,
    ...(limits === undefined ? {} : { limits }),
    now,
    signal,
  });
  await output.document({ type: "tape", verb: "label", library: name, barcode, new: isNew });
  await output.text(`Tape ${barcode} of ${safeText(name)} is labelled: scratch.\n`);
  return exitCodes.done;
}

/** What has expired opens until its tape is written over: from then on it is gone. */
async function mayWriteOver(
  barcode: string,
  { opened, context }: { readonly opened: OpenLibrary; readonly context: CommandContext },
): Promise<boolean> {
  const { library, rotation } = opened;
  const { signal, now } = context.surroundings;
  const { tapes, expired } = await tapePoolsOf(library, { rotation, nowNs: now(), signal });
  const sets = tapes.find((tape) => tape.barcode === barcode)?.sets ?? [];
  // What is kept is refused whatever a person says.
  if (sets.some((set) => !expired.has(set))) return true;
  if (sets.length === 0 && !context.arguments.has("over-foreign")) return true;
  const what =
    sets.length === 0
      ? "whatever is on it"
      : plural(sets.length, "moment that has expired", "moments that have expired");
  return await confirmed(`Write over tape ${barcode} and lose ${what}?`, context);
}
