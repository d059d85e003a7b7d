import { CliError } from "./cli-error.ts";
import type { CommandContext } from "./command.ts";
import type { AnyCopy, ReadCopies } from "./methods/index.ts";
import { safeText } from "./text.ts";

/** A catalog is of one copy: of several the one at hand with the most moments. */
export function copyToSearch(
  found: ReadCopies,
  { output, arguments: typed }: CommandContext,
): AnyCopy {
  const from = typed.text("from");
  const candidates = found.candidates.filter(
    ({ copy }) =>
      // What a catalog would be made of is in the copies that a journal is replayed on.
      found.copyOf(copy).continuous === undefined &&
      (from === undefined || copy.name === from || copy.method === from),
  );
  const best = candidates.toSorted(
    (a, b) =>
      Number(b.copy.reach === "at-hand") - Number(a.copy.reach === "at-hand") ||
      b.moments.length - a.moments.length,
  )[0];
  if (best === undefined) {
    throw new CliError("cli.no-copy", "Cannot search: no copy was named that there is", {
      hint: "Name one with --copy.",
    });
  }
  if (found.isChoice && candidates.length > 1)
    output.note(
      `in copy “${safeText(best.copy.name)}” (${best.copy.method}); name another with --from`,
    );
  return found.copyOf(best.copy);
}
