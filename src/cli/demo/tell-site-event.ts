import { basename } from "node:path";
import { formatBytes, formatDuration, formatInstant, toRfc3339Nano } from "#time";
import { momentJson, shortId } from "../moments.ts";
import type { JsonDocument, Output } from "../output.ts";
import { totalMs } from "../phase-clock.ts";
import { countText, plural, safeText } from "../text.ts";
import { isWholeOutcome } from "./lose-site.ts";
import { isWhole } from "./message-files.ts";
import type { KeptEvent, RehearsedEvent, SiteEvent } from "./site-event.ts";

/** A step of the demo's second half for a program. */
export function siteEventJson(event: SiteEvent): JsonDocument {
  switch (event.kind) {
    case "keeping":
      return { type: event.kind };
    case "rehearsing":
      return { type: event.kind, copies: event.copies };
    case "frozen": {
      const { provider, kind, validations, rejected } = event.evidence;
      return {
        type: event.kind,
        provider,
        replica: kind,
        rejected: rejected.length,
        validations: validations.map(({ validator, version, valid, mailboxes, messages }) => ({
          validator,
          version,
          valid,
          mailboxes,
          messages,
        })),
        elapsedMs: Math.round(event.elapsedMs),
      };
    }
    case "kept": {
      const { kind: type, point, points, elapsedMs, ...rest } = event;
      const elapsed = { elapsedMs: Math.round(elapsedMs) };
      return { type, moment: momentJson(point), moments: points.length, ...rest, ...elapsed };
    }
    case "rehearsed": {
      const { kind: type, point, comparison, ...rest } = event;
      const whole = isWholeOutcome(event);
      return { type, moment: momentJson(point), ...rest, ...comparison, whole };
    }
    case "duplicated": {
      const { kind: type, repository, result, storedBytes, elapsedMs, arrivedSince } = event;
      const { sent, refused, bytes, verified } = result;
      const counts = { moments: sent.length, refused: refused.length, bytes, verified };
      const elapsed = { elapsedMs: Math.round(elapsedMs) };
      return { type, repository, ...counts, storedBytes, arrivedSince, ...elapsed };
    }
    case "site-lost": {
      const { kind: type, atNs, removed, elapsedMs } = event;
      return { type, at: toRfc3339Nano(atNs), removed, elapsedMs: Math.round(elapsedMs) };
    }
    case "site-restored": {
      const { kind: type, point, comparison, rpoMs, rtoMs, ...rest } = event;
      const times = { rpoMs: Math.round(rpoMs), rtoMs: Math.round(rtoMs) };
      const whole = isWholeOutcome(event);
      return { type, moment: momentJson(point), ...rest, ...comparison, ...times, whole };
    }
  }
}

type TextOptions = { readonly zone: string; readonly output: Output };

/** The same for a person. */
export function siteEventText(event: SiteEvent, { zone, output }: TextOptions): string {
  switch (event.kind) {
    case "keeping":
      return "\n9  Every method keeps the server as it is now (data source: hot split snapshot)\n";
    case "rehearsing":
      return `\n10 Each of the ${event.copies} copies is opened as an image, compared, and restored into an empty folder\n`;
    case "frozen": {
      const { provider, validations } = event.evidence;
      const found = validations.map(
        ({ validator, mailboxes, messages }) =>
          `${validator}: ${plural(mailboxes, "mailbox", "mailboxes")}, ${plural(messages, "message")}, usable`,
      );
      return `   frozen by ${provider} and validated in ${formatDuration(event.elapsedMs)} (${found.join("; ")})\n`;
    }
    case "kept":
      return keptText(event);
    case "rehearsed":
      return rehearsedText(event, output);
    case "duplicated": {
      const { result, storedBytes, elapsedMs, repository, arrivedSince } = event;
      const arrive = `${plural(arrivedSince, "message")} ${arrivedSince === 1 ? "arrives" : "arrive"}`;
      return [
        `\n11 A second site: another repository with another password (disaster recovery: duplicate backup copy)`,
        `   ${plural(result.sent.length, "moment")} in ${safeText(repository)}: ${formatBytes(storedBytes)} in ${formatDuration(elapsedMs)}; ${result.verified}`,
        `   ${arrive} at the server after that\n`,
      ].join("\n");
    }
    case "site-lost": {
      const names = event.removed.map((path) => safeText(basename(path)));
      return [
        `\n12 ${output.style("bold", "The site is gone")} at ${formatInstant(event.atNs, zone)}: the mail server and every copy beside it are deleted`,
        `   ${names.join(", ")}: ${formatDuration(event.elapsedMs)}\n`,
      ].join("\n");
    }
    case "site-restored": {
      const { point, filesVerified, arrivedSince, rpoMs, rtoMs } = event;
      return [
        `\n13 Brought back from the second site alone, moment ${shortId(point)}: ${plural(filesVerified, "file")} written and read back`,
        `   Compared with the server as it was duplicated: ${verdictText(event, output)}`,
        `   ${comparedText(event)}; ${plural(arrivedSince, "message")} that arrived after the duplicate went with the site`,
        `\n   RPO measured  ${formatDuration(rpoMs)}   from the moment that was duplicated to the loss of the site`,
        `   RTO measured  ${formatDuration(rtoMs)}   from opening the second site, cold, until every message was compared\n`,
      ].join("\n");
    }
  }
}

function keptText({ method, section, point, ...event }: KeptEvent): string {
  const { points, storedBytes, tapes, notes, elapsedMs } = event;
  const on = tapes === undefined ? "" : ` on ${plural(tapes, "virtual tape")}`;
  const all = points.length === 1 ? "" : ` with ${points.length - 1} before it`;
  return [
    `   ${method} (§${section}): moment ${momentName(point)}${all} takes ${formatBytes(storedBytes)}${on}, kept in ${formatDuration(elapsedMs)}\n`,
    ...notes.map((note) => `      ${safeText(note)}\n`),
  ].join("");
}

/** A replica's is the name of its folder, behind that of its group. */
function momentName({ id }: KeptEvent["point"]): string {
  return safeText(id.includes("/") ? basename(id) : id.slice(0, 8));
}

function rehearsedText(event: RehearsedEvent, output: Output): string {
  const { method, mailbox, phases } = event;
  const parts = phases.map(({ name, ms }) => `${name} ${formatDuration(ms)}`).join(", ");
  return [
    `   ${method}: ${verdictText(event, output)}; ${comparedText(event)}`,
    `      ${mailbox.address} (${plural(mailbox.messages, "message")}) back in ${formatDuration(mailbox.elapsedMs)}, everything in ${formatDuration(totalMs(phases))} (${parts})\n`,
  ].join("\n");
}

function verdictText(
  event: Pick<RehearsedEvent, "comparison" | "failed" | "listedDifferently">,
  output: Output,
): string {
  return isWholeOutcome(event)
    ? output.style("green", "all equal")
    : output.style("red", "NOT EQUAL");
}

function comparedText({
  comparison,
  listed,
  listedDifferently,
  failed,
}: Pick<RehearsedEvent, "comparison" | "listed" | "listedDifferently" | "failed">): string {
  const { same, missing, different, added, lostMessages, doubledMessages } = comparison;
  const names = `${countText(listed)} names listed, ${countText(listedDifferently)} of them not as on the server`;
  const equal = `${countText(same)} messages have the same name and SHA-256`;
  if (isWhole(comparison) && added + failed === 0) return `${names}; ${equal}`;
  return `${names}; ${equal}, ${missing} missing, ${different} different, ${added} more; lost ${lostMessages}, doubled ${doubledMessages}, failed ${failed}`;
}
