import type { CommandContext } from "../command.ts";
import { copyPlace } from "../copy-access.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { initAnyCopy } from "../methods/index.ts";
import { openSite } from "../site.ts";
import { safeText } from "../text.ts";

export async function run(context: CommandContext): Promise<ExitCode> {
  const { output } = context;
  const site = await openSite(context);
  const place = copyPlace(context, site);
  const { name, folder } = place;
  const made = await initAnyCopy(place, { context, site });
  const where = { copy: name, folder };
  switch (made.kind) {
    case "repository":
      await output.document({ type: "initialised", id: made.id, ...where });
      await output.text(`Repository ${made.id.slice(0, 8)} is ready in ${safeText(folder)}\n`);
      output.note(
        "Keep its password apart from it: without the password nobody can read it, ever.",
      );
      break;
    case "replicas":
      await output.document({ type: "initialised", method: made.method, ...where });
      await output.text(`${safeText(folder)} is ready for ${made.method}\n`);
      break;
    case "tape library":
      await output.document({ type: "initialised", barcode: made.barcode, ...where });
      await output.text(
        `Tape library ${safeText(folder)} is ready, with tape ${made.barcode} in it\n`,
      );
      output.note("Put more tapes in with `restante tape label BARCODE --new`.");
      break;
  }
  return exitCodes.done;
}
