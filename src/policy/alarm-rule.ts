import { parseDuration, TimeError } from "#time";

export type AlarmRule = {
  readonly shrinkPercent: number;
  /** Of one person's mail, or of all of it. */
  readonly of?: "mailbox" | "group";
  readonly withinMs?: number;
  /** Words that only continuous data protection keeps to: moments are compared as wholes, whenever they were. */
  readonly continuousOnly: readonly string[];
};

/** `more than 20% of a mailbox disappears within 10 minutes`, or less of it. */
export function parseAlarmRule(text: string): AlarmRule | undefined {
  const words = text.length > 200 ? "" : text.trim().toLowerCase().replace(/\s+/g, " ");
  const match =
    /^more than (\d{1,2}(?:\.\d{1,3})?) ?% (?:of (?:a|the) (mailbox|group) )?disappears?(?: (within (.{1,60})))?$/.exec(
      words,
    );
  const shrinkPercent = Number(match?.[1]);
  if (match === null || shrinkPercent <= 0) return undefined;
  const [, , of, within, time] = match;
  const withinMs = time === undefined ? undefined : durationOf(time);
  if (time !== undefined && withinMs === undefined) return undefined;
  return {
    shrinkPercent,
    ...(of === "mailbox" || of === "group" ? { of } : {}),
    ...(withinMs === undefined ? {} : { withinMs }),
    continuousOnly: [of === "mailbox" ? "of a mailbox" : "", within ?? ""].filter(
      (part) => part !== "",
    ),
  };
}

function durationOf(text: string): number | undefined {
  try {
    const milliseconds = parseDuration(text);
    return milliseconds > 0 ? milliseconds : undefined;
  } catch (error) {
    if (error instanceof TimeError) return undefined;
    throw error;
  }
}
