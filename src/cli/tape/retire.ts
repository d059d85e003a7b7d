import { retireTape } from "#methods";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { safeText } from "../text.ts";
import { knownBarcode } from "./known-barcode.ts";
import { openLibrary } from "./open-library.ts";

/** `restante tape retire BARCODE --reason TEXT`: it is read from then on, and not written. */
export async function run(context: CommandContext): Promise<ExitCode> {
  const { arguments: typed, output, surroundings } = context;
  const [, named = ""] = typed.positionals;
  const reason = (typed.text("reason") ?? "").trim();
  if (reason === "" || reason.length > 200)
    throw new CliError("cli.usage", "Cannot retire a tape: --reason is missing, or too long", {
      hint: "Say in a few words why: it is not written to again.",
    });
  await using opened = await openLibrary(context);
  const { library, name } = opened;
  const barcode = await knownBarcode(named, library, context);
  await retireTape(library, { barcode, reason, nowNs: surroundings.now() });
  await output.document({ type: "tape", verb: "retire", library: name, barcode, reason });
  await output.text(
    `Tape ${barcode} of ${safeText(name)} is retired (${safeText(reason)}): it can be read, and is not written to any more.\n`,
  );
  return exitCodes.done;
}
