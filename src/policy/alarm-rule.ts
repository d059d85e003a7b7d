export type AlarmRule = {
  readonly shrinkPercent: number;
  /** Words that are understood but not yet kept to. */
  readonly unavailable: readonly string[];
};

/** `more than 20% disappears`; "of a mailbox" and "within 10 minutes" are understood, but not yet measured. */
export function parseAlarmRule(text: string): AlarmRule | undefined {
  const words = text.length > 200 ? "" : text.trim().toLowerCase().replace(/\s+/g, " ");
  const match =
    /^more than (\d{1,2}(?:\.\d{1,3})?) ?% (?:of (?:a|the) (mailbox|group) )?disappears?(?: (within .{1,60}))?$/.exec(
      words,
    );
  const shrinkPercent = Number(match?.[1]);
  if (match === null || shrinkPercent <= 0) return undefined;
  const unavailable = [match[2] === "mailbox" ? "of a mailbox" : "", match[3] ?? ""].filter(
    (part) => part !== "",
  );
  return { shrinkPercent, unavailable };
}
