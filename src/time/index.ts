/**
 * time: instants, durations and sizes as people write and read them.
 *
 * An instant is a bigint of nanoseconds since 1970 UTC; nothing here reads the clock except the one
 * function that `systemClock` returns. What a person types is resolved in a named zone, and a local
 * time that happens twice or never is refused with both candidates named. Durations are
 * milliseconds; sizes are bytes.
 */
export { systemClock, type Instant } from "./instant.ts";
export { parseRfc3339, toRfc3339Nano } from "./rfc3339.ts";
export { formatInstant, type FormatInstantOptions } from "./format-instant.ts";
export { parseMoment, type ParseMomentOptions } from "./parse-moment.ts";
export { formatDuration, parseDuration } from "./duration.ts";
export { formatBytes, parseBytes } from "./size.ts";
export { assertZone, isZone, knownZones, zonedDateTime } from "./zone.ts";
export { TimeError, type TimeErrorCode } from "./time-error.ts";
