import { join, resolve } from "node:path";
import { journalFolderName } from "#journal";
import type { CommandContext } from "../command.ts";
import { stateFolderOf } from "../holds-in-force.ts";

/** Where the journal of a group lies: as typed, as configured, or in the state folder. */
export function journalFolderOf(
  tag: string,
  {
    context,
    configured,
  }: { readonly context: CommandContext; readonly configured?: string | undefined },
): string {
  const { arguments: typed, surroundings } = context;
  const named = typed.text("journal");
  const folder =
    named === undefined
      ? (configured ?? join(stateFolderOf(context), "journal"))
      : resolve(surroundings.workingFolder, named);
  return join(folder, journalFolderName(tag));
}
