import type { Arguments } from "./arguments.ts";
import { stateFolderOf } from "./holds-in-force.ts";
import type { Surroundings } from "./terminal.ts";

/** Options that name a moment. */
const momentOptions = ["at", "to"] as const;
const beforeAlarm = /^before:(alarm-[1-9]\d{0,6})$/i;

/**
 * The same arguments with each `before:alarm-1` as the instant that it means: the last at which all was
 * well. Throws `records.not-found` where there is no such alarm.
 */
export async function withAlarmMoments(
  typed: Arguments,
  surroundings: Surroundings,
): Promise<Arguments> {
  let resolved = typed;
  for (const option of momentOptions) {
    const id = beforeAlarm.exec(typed.text(option)?.trim() ?? "")?.[1];
    if (id === undefined) continue;
    const [{ alarmsIn }, { toRfc3339Nano }] = await Promise.all([
      import("#records"),
      import("#time"),
    ]);
    const { before } = await alarmsIn(stateFolderOf({ surroundings })).get(id.toLowerCase());
    resolved = resolved.with(option, toRfc3339Nano(before.atNs));
  }
  return resolved;
}
