import type { CommandContext } from "../command.ts";
import { copyPlace, initCopy } from "../copy-access.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { openSite } from "../site.ts";
import { safeText } from "../text.ts";

export async function run(context: CommandContext): Promise<ExitCode> {
  const place = copyPlace(context, await openSite(context));
  const { id } = await initCopy(context, place);
  await context.output.document({
    type: "initialised",
    id,
    copy: place.name,
    folder: place.folder,
  });
  await context.output.text(`Repository ${id.slice(0, 8)} is ready in ${safeText(place.folder)}\n`);
  context.output.note(
    "Keep its password apart from it: without the password nobody can read it, ever.",
  );
  return exitCodes.done;
}
