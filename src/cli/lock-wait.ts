import { holderText, type LockWait } from "#repository";
import { formatDuration, parseDuration, toRfc3339Nano } from "#time";
import type { CommandContext } from "./command.ts";
import { safeText } from "./text.ts";

/** What --retry-lock says. Undefined where it was not given: a lock in the way is an error at once then. */
export function lockWaitOf({
  arguments: typed,
  output,
}: Pick<CommandContext, "arguments" | "output">): LockWait | undefined {
  const text = typed.text("retry-lock");
  if (text === undefined) return undefined;
  const forMs = parseDuration(text);
  return {
    forMs,
    onWait: (holder) => {
      const { hostname, pid, exclusive, writtenNs } = holder;
      output.note(`waiting up to ${formatDuration(forMs)}: ${safeText(holderText(holder))}`);
      void output.document({
        type: "waiting",
        forMs,
        holder: { hostname, pid, exclusive, written: toRfc3339Nano(writtenNs) },
      });
    },
  };
}
