import { formatDuration, formatInstant, toRfc3339Nano } from "#time";
import type { JsonDocument, Output } from "../output.ts";
import { countText, plural, safeText } from "../text.ts";
import type { ContinuousEvent } from "./continuous-event.ts";
import { type Comparison, isWhole } from "./message-files.ts";

/** A step of this part for a program. */
export function continuousEventJson(event: ContinuousEvent): JsonDocument {
  switch (event.kind) {
    case "followed": {
      const { kind: type, ...rest } = event;
      return { type, ...rest };
    }
    case "emptied": {
      const { kind: type, mailbox, atNs, ...rest } = event;
      return { type, mailbox: mailbox.address, at: toRfc3339Nano(atNs), ...rest };
    }
    case "scrambled": {
      const { kind: type, atNs, ...rest } = event;
      return { type, at: toRfc3339Nano(atNs), ...rest };
    }
    case "stepped-back": {
      const { kind: type, atNs, comparison, ...rest } = event;
      const whole = isWhole(comparison);
      return { type, at: toRfc3339Nano(atNs), ...rest, ...comparison, whole };
    }
    case "rewound": {
      const { kind: type, beforeNs, comparison, ...rest } = event;
      const whole = isWhole(comparison);
      return { type, before: toRfc3339Nano(beforeNs), ...rest, ...comparison, whole };
    }
  }
}

/** The same for a person. */
export function continuousEventText(
  event: ContinuousEvent,
  { zone, output }: { readonly zone: string; readonly output: Output },
): string {
  switch (event.kind) {
    case "followed":
      return [
        `\n7  Any moment (continuous data protection): every change is followed into a journal, noticed by ${event.way}`,
        `   ready after ${formatDuration(event.elapsedMs)}; ${event.arrived} messages arrive, the slowest is durable in the journal after ${formatDuration(event.slowestMs)}`,
        "",
      ].join("\n");
    case "emptied": {
      const { mailbox, messages, atNs, arrivedSince, alarm, alarmedAfterMs } = event;
      return [
        `   a client empties ${mailbox.address} at ${formatInstant(atNs, zone)}: ${countText(messages)} messages; ${arrivedSince} arrive after that and must stay`,
        `   ${output.style("red", alarm)} after ${formatDuration(alarmedAfterMs)}`,
        "",
      ].join("\n");
    }
    case "stepped-back": {
      const { atNs, sequence, openedMs, counts, failed } = event;
      return [
        `   opened as of ${formatInstant(atNs, zone)} (event ${countText(sequence)} of the journal) in ${formatDuration(openedMs)}; put back ${countText(counts.created)}, failed ${failed}`,
        ...outcome(event, output),
      ].join("\n");
    }
    case "scrambled": {
      const { messages, atNs, elapsedMs, alarm, message, alarmedAfterMs, held } = event;
      return [
        `\n8  Ransomware: at ${formatInstant(atNs, zone)} ${countText(messages)} message files are encrypted and renamed, in ${formatDuration(elapsedMs)}`,
        `   ${output.style("red", alarm)} ${formatDuration(alarmedAfterMs)} after it began: ${safeText(message)}`,
        `   what precedes it is held: a rule that would drop ${plural(held, "moment")} drops none`,
        "",
      ].join("\n");
    }
    case "rewound": {
      const { beforeNs, sequence, counts, failed } = event;
      return [
        `   rewound to just before, ${formatInstant(beforeNs, zone)} (event ${countText(sequence)}): created ${countText(counts.created)}, replaced ${countText(counts.replaced)}, put aside ${countText(counts.deleted)}, failed ${failed}`,
        ...outcome(event, output),
      ].join("\n");
    }
  }
}

function outcome(
  {
    comparison,
    rpoMs,
    rtoMs,
  }: { readonly comparison: Comparison; readonly rpoMs: number; readonly rtoMs: number },
  output: Output,
): readonly string[] {
  const { same, missing, different, added } = comparison;
  const verdict = isWhole(comparison)
    ? output.style("green", "all equal")
    : output.style("red", "NOT EQUAL");
  return [
    `   ${verdict}: ${countText(same)} messages have the same name and SHA-256, ${missing} missing, ${different} different, ${added} came later`,
    "",
    `   RPO measured  ${formatDuration(rpoMs)}   until a change is durable in the journal; of new mail through the delivery stage nothing`,
    `   RTO measured  ${formatDuration(rtoMs)}   from opening the moment until every message was compared`,
    "",
  ];
}
