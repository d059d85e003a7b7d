import { formatBytes, formatDuration, formatInstant, toRfc3339Nano } from "#time";
import { momentJson, shortId } from "../moments.ts";
import type { JsonDocument, Output } from "../output.ts";
import { countText, plural, safeText } from "../text.ts";
import type { DemoEvent } from "./demo-event.ts";
import { isWhole } from "./message-files.ts";

/** A step of the demo for a program. */
export function eventJson(event: DemoEvent): JsonDocument {
  switch (event.kind) {
    case "laid-out": {
      const { root: folder, mailboxes, messages, distinctMessages, source, days } = event.server;
      const elapsedMs = Math.round(event.elapsedMs);
      return {
        type: event.kind,
        folder,
        mailboxes: mailboxes.length,
        messages,
        distinctMessages,
        source,
        days,
        elapsedMs,
      };
    }
    case "captured": {
      const { point, bytesStored, filesNew, filesRenamed, filesTotal, bytesTotal } = event.result;
      const elapsedMs = Math.round(event.elapsedMs);
      return {
        type: event.kind,
        moment: momentJson(point),
        filesNew,
        filesRenamed,
        filesTotal,
        bytesTotal,
        bytesStored,
        elapsedMs,
      };
    }
    case "lost": {
      const { mailbox, messages, atNs, arrivedSince } = event;
      return {
        type: event.kind,
        mailbox: mailbox.address,
        messages,
        at: toRfc3339Nano(atNs),
        arrivedSince,
      };
    }
    case "restored": {
      const { point, counts, filesVerified, failed } = event;
      return { type: event.kind, moment: momentJson(point), counts, filesVerified, failed };
    }
    case "compared":
      return { type: event.kind, ...event.comparison, whole: isWhole(event.comparison) };
  }
}

/** The same for a person. */
export function eventText(
  event: DemoEvent,
  { zone, output }: { readonly zone: string; readonly output: Output },
): string {
  switch (event.kind) {
    case "laid-out": {
      const { root, mailboxes, messages, distinctMessages, source, days } = event.server;
      const kind = source === "real" ? "real" : "made-up";
      return [
        `1  A mail server: ${mailboxes.length} mailboxes, ${countText(messages)} messages (${countText(distinctMessages)} ${kind} ones, some to several people), ${days} days of history`,
        `   ${safeText(root)}`,
        "",
        "2  Captured while mail keeps arriving (data source: live application; method: backup to disk)",
        "",
      ].join("\n");
    }
    case "captured": {
      const { number, result, elapsedMs, delivered, changed } = event;
      const { point, bytesStored, filesTotal, bytesTotal } = result;
      const what =
        number === 1
          ? `${plural(filesTotal, "file")}, ${formatBytes(bytesTotal)}`
          : `${delivered} arrived, ${changed} flagged or moved`;
      return `   moment ${shortId(point)}  ${formatInstant(point.atNs, zone)}  ${what}: ${formatBytes(bytesStored)} stored in ${formatDuration(elapsedMs)}\n`;
    }
    case "lost": {
      const { mailbox, messages, atNs, arrivedSince } = event;
      const arrive = `${plural(arrivedSince, "message")} ${arrivedSince === 1 ? "arrives" : "arrive"}`;
      return `\n3  A client goes wrong: all ${countText(messages)} messages of ${mailbox.address} are deleted at ${formatInstant(atNs, zone)}\n   ${arrive} after that and must stay\n`;
    }
    case "restored": {
      const { point, counts, filesVerified, failed } = event;
      return `\n4  Put back from moment ${shortId(point)}: created ${countText(counts.created)}, merged ${countText(counts.merged)}, skipped ${countText(counts.skipped)}, failed ${failed}; nothing was deleted\n   ${plural(filesVerified, "file")} written, each read back and found equal by hash\n`;
    }
    case "compared": {
      const { comparison } = event;
      const { same, missing, different, added, lostMessages, doubledMessages } = comparison;
      const verdict = isWhole(comparison)
        ? output.style("green", "all equal")
        : output.style("red", "NOT EQUAL");
      return `\n5  Compared with the store before the loss: ${verdict}\n   ${countText(same)} messages have the same name and SHA-256, ${missing} missing, ${different} different, ${added} came later; lost ${lostMessages}, doubled ${doubledMessages}\n`;
    }
  }
}
