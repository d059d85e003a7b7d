import { quoted } from "#errors";
import { formatInstant, zoneAbbreviation } from "./format-instant.ts";
import type { Instant } from "./instant.ts";
import { TimeError } from "./time-error.ts";
import { temporal, zonedDateTime } from "./zone.ts";

export type ClockTime = {
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly nanosecondOfSecond: number;
};

/**
 * When the clocks of a zone showed a local time: once; twice, where they were put back; or never, where
 * they were put forward (then the candidates are what was meant by the clock before and after the jump).
 */
export type Occurrences = {
  readonly kind: "once" | "twice" | "skipped";
  readonly candidates: readonly Instant[];
  readonly zone: string;
};

export function localTime(day: Temporal.PlainDate, time: ClockTime, zone: string): Occurrences {
  const local = day.toPlainDateTime({
    hour: time.hour,
    minute: time.minute,
    second: time.second,
    millisecond: Math.floor(time.nanosecondOfSecond / 1e6),
    microsecond: Math.floor(time.nanosecondOfSecond / 1e3) % 1000,
    nanosecond: time.nanosecondOfSecond % 1000,
  });
  const earlier = local.toZonedDateTime(zone, { disambiguation: "earlier" });
  const later = local.toZonedDateTime(zone, { disambiguation: "later" });
  if (earlier.epochNanoseconds === later.epochNanoseconds) {
    return { kind: "once", candidates: [earlier.epochNanoseconds], zone };
  }
  const shown = temporal().PlainDateTime.compare(earlier.toPlainDateTime(), local) === 0;
  return {
    kind: shown ? "twice" : "skipped",
    candidates: [earlier.epochNanoseconds, later.epochNanoseconds],
    zone,
  };
}

/** The first moment of a day, which is not midnight where clocks are put forward at midnight. */
export function dayStart(day: Temporal.PlainDate, zone: string): Occurrences {
  return {
    kind: "once",
    candidates: [day.toZonedDateTime({ timeZone: zone }).epochNanoseconds],
    zone,
  };
}

/** The one instant that is meant; refuses what happened twice or never, naming both candidates. */
export function onlyOccurrence(
  found: Occurrences,
  meant: { readonly text: string; readonly abbreviation: string | undefined },
): Instant {
  const { zone } = found;
  if (found.kind === "skipped")
    throw undecided("time.skipped", "the clocks skipped it", { text: meant.text, ...found });
  const matching = found.candidates.filter(
    (candidate) =>
      meant.abbreviation === undefined ||
      zoneAbbreviation(zonedDateTime(candidate, zone)) === meant.abbreviation,
  );
  const [only] = matching;
  if (only === undefined) {
    const shown = found.candidates.map((candidate) => formatInstant(candidate, zone)).join(" or ");
    throw new TimeError(
      "time.moment",
      `Cannot read the moment ${quoted(meant.text)}: ${zone} has no ${quoted(meant.abbreviation ?? "")} then`,
      {
        hint: `Did you mean: ${shown}`,
      },
    );
  }
  if (matching.length > 1) {
    throw undecided("time.ambiguous", "it happened twice, for the clocks were put back", {
      text: meant.text,
      ...found,
    });
  }
  return only;
}

function undecided(
  code: "time.ambiguous" | "time.skipped",
  why: string,
  found: Occurrences & { readonly text: string },
): TimeError {
  const candidates = found.candidates.map((candidate) => {
    const at = zonedDateTime(candidate, found.zone);
    return `${at.toString({ timeZoneName: "never", smallestUnit: smallestUnit(at) })} (${zoneAbbreviation(at)})`;
  });
  return new TimeError(
    code,
    `Cannot read the moment ${quoted(found.text)} in ${found.zone}: ${why}`,
    {
      hint: `Say which: ${candidates.join(" or ")}`,
    },
  );
}

function smallestUnit(at: Temporal.ZonedDateTime): "second" | "nanosecond" {
  return at.millisecond + at.microsecond + at.nanosecond === 0 ? "second" : "nanosecond";
}
