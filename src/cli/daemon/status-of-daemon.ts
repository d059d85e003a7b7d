import { type DaemonStatus, readDaemonStatus } from "#daemon";
import { isRecoveryError } from "#errors";
import type { CommandContext } from "../command.ts";
import { stateFolderOf } from "../holds-in-force.ts";
import { safeText } from "../text.ts";

/** What a daemon said last. One that cannot be understood hides nothing else. */
export async function statusOfDaemon(context: CommandContext): Promise<DaemonStatus | undefined> {
  try {
    return await readDaemonStatus(stateFolderOf(context));
  } catch (error) {
    if (!isRecoveryError(error)) throw error;
    context.output.warning(safeText(error.message));
    return undefined;
  }
}
