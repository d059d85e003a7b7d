import { Records } from "#records";
import type { CommandContext } from "./command.ts";
import { ownFolder, stateFolder } from "./folders.ts";

/** The jobs of the state folder, beside what else is kept there. */
export async function recordsOf({
  surroundings,
}: Pick<CommandContext, "surroundings">): Promise<Records> {
  const isRoot = process.geteuid?.() === 0;
  return new Records(await ownFolder(stateFolder(surroundings.environment, { isRoot })));
}
