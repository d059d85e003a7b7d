import type { RetentionHold } from "#policy";
import type { CommandContext } from "./command.ts";
import { stateFolder } from "./folders.ts";

/** The state folder of whoever runs this, whether it is there or not. */
export function stateFolderOf({ surroundings }: Pick<CommandContext, "surroundings">): string {
  return stateFolder(surroundings.environment, { isRoot: process.geteuid?.() === 0 });
}

/**
 * What retention must not drop now. Throws `records.damaged` where a hold cannot be read: then nothing
 * may be dropped at all.
 */
export async function holdsInForce(
  context: Pick<CommandContext, "surroundings">,
): Promise<readonly RetentionHold[]> {
  const { holdsIn } = await import("#records");
  const holds = await holdsIn(stateFolderOf(context)).list();
  return holds.filter(({ released }) => released === undefined);
}
