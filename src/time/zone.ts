import { createRequire } from "node:module";
import { closestWord, quoted } from "#errors";
import type { Instant } from "./instant.ts";
import { TimeError } from "./time-error.ts";

type TemporalApi = typeof Temporal;

let api: TemporalApi | undefined;

/** Temporal of the engine (Node 26), else the polyfill, which is loaded only when first needed. */
export function temporal(): TemporalApi {
  api ??= "Temporal" in globalThis ? globalThis.Temporal : polyfill();
  return api;
}

function polyfill(): TemporalApi {
  const loaded = createRequire(import.meta.url)("temporal-polyfill") as {
    readonly Temporal: TemporalApi;
  };
  return loaded.Temporal;
}

const zones = new Map<string, boolean>();

/** Whether this is a zone of the IANA time zone database ("Europe/Berlin"), or an offset ("+01:00"). */
export function isZone(zone: string): boolean {
  const known = zones.get(zone);
  if (known !== undefined) return known;
  if (zone.length > 64 || !/^[A-Za-z+-][A-Za-z0-9_+\-/:]*$/.test(zone)) return false;
  const valid = isValidZone(zone);
  if (zones.size < 1000) zones.set(zone, valid);
  return valid;
}

function isValidZone(zone: string): boolean {
  try {
    temporal().Instant.fromEpochNanoseconds(0n).toZonedDateTimeISO(zone);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

export function assertZone(zone: string): void {
  if (isZone(zone)) return;
  const suggestion = closestWord(zone, knownZones());
  throw new TimeError(
    "time.zone",
    `Cannot use the time zone ${quoted(zone)}: it is not a zone I know`,
    suggestion === undefined ? { hint: "Write it like Europe/Berlin or UTC." } : { suggestion },
  );
}

/** The zones a person may be offered. */
export function knownZones(): readonly string[] {
  return ["UTC", ...Intl.supportedValuesOf("timeZone")];
}

/** The instant on the calendar and clocks of a zone. */
export function zonedDateTime(instant: Instant, zone: string): Temporal.ZonedDateTime {
  assertZone(zone);
  try {
    return temporal().Instant.fromEpochNanoseconds(instant).toZonedDateTimeISO(zone);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new TimeError(
      "time.range",
      `Cannot show instant ${instant}: no calendar reaches that far`,
      { cause: error },
    );
  }
}
