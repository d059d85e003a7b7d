/** How tapes are said to people and to programs. */
import type { TapeState, TapeStep, VaultTape } from "#offsite";
import { formatInstant, toRfc3339Nano } from "#time";
import type { JsonDocument } from "../output.ts";
import { safeText } from "../text.ts";

/** "in transit (Bob) since Mon 23 Nov 2026 14:03:07 CET". */
export function placeText(
  tape: {
    readonly state: TapeState;
    readonly where?: string;
    readonly sinceNs?: bigint | undefined;
  },
  zone: string,
): string {
  const { state, where = "", sinceNs } = tape;
  const place = where === "" ? "" : ` (${safeText(where)})`;
  const since = sinceNs === undefined ? "" : ` since ${formatInstant(sinceNs, zone)}`;
  return `${state.replace("-", " ")}${place}${since}`;
}

export function locationText(
  { state, step }: Pick<VaultTape, "state" | "step">,
  zone: string,
): string {
  if (step === undefined) return placeText({ state }, zone);
  const { where, atNs: sinceNs } = step;
  return placeText({ state, where, sinceNs }, zone);
}

export function stepJson({ atNs, ...step }: TapeStep): Omit<JsonDocument, "type"> {
  const { state, who, where } = step;
  return { state, who, where, at: toRfc3339Nano(atNs) };
}
