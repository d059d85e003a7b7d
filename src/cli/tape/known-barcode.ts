import { closestWord } from "#errors";
import { type Barcode, parseBarcode, type TapeLibrary, tapePoolsOf } from "#methods";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";

/** A tape that the library or its catalogue knows; of any other it is asked whether another one was meant. */
export async function knownBarcode(
  typed: string,
  library: TapeLibrary,
  context: CommandContext,
): Promise<Barcode> {
  const { barcode, unknown } = await lookUpBarcode(typed, library, context);
  if (unknown !== undefined) throw unknown;
  return barcode;
}

export type LookedUpBarcode = {
  readonly barcode: Barcode;
  /** Neither the library nor its catalogue knows it. */
  readonly unknown?: CliError;
};

export async function lookUpBarcode(
  typed: string,
  library: TapeLibrary,
  { surroundings }: CommandContext,
): Promise<LookedUpBarcode> {
  const barcode = parseBarcode(typed);
  const { signal, now } = surroundings;
  const inLibrary = (await library.inventory(signal)).flatMap((slot) => slot.barcode ?? []);
  const { tapes } = await tapePoolsOf(library, { rotation: {}, nowNs: now(), signal });
  const known = new Set([...inLibrary, ...tapes.map((tape) => tape.barcode)]);
  if (known.has(barcode)) return { barcode };
  const near = closestWord(barcode, known);
  const unknown = new CliError(
    "cli.nothing-matched",
    `Cannot find tape ${barcode}: neither the library nor its catalogue knows it`,
    {
      hint:
        near === undefined
          ? "See what there is with `restante tape list`."
          : `Did you mean ${near}?`,
    },
  );
  return { barcode, unknown };
}
