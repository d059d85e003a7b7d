/*
 * holds/hold-N.json    {"format":1,"group":…,"untilNs":"…","reason":…,"alarm":"alarm-N","by":…,"sinceNs":"…",
 *                       "released":{"atNs":"…","by":…,"reason":…}}
 * alarms/alarm-N.json  {"format":1,"group":…,"kind":…,"paths":[…],"journal":…,"before":{"sequence":…,"atNs":"…"},
 *                       "atNs":"…","count":…,"of":…,"unit":…,"message":…,"hold":"hold-N"}
 *
 * Instants are nanoseconds since 1970 UTC, as text: JSON's numbers are too small for them.
 */
import { join } from "node:path";
import { NumberedRecords, recordVersion } from "./numbered-records.ts";

export type Hold = {
  /** As the moments of the group have it; absent: of every group. */
  readonly group?: string;
  /** What is held ends here; absent: all there is, and what comes. */
  readonly untilNs?: bigint;
  readonly reason: string;
  /** The alarm that made it. */
  readonly alarm?: string;
  /** Who did it: a user's name, or the daemon. */
  readonly by: string;
  readonly sinceNs: bigint;
  readonly released?: { readonly atNs: bigint; readonly by: string; readonly reason?: string };
};
export type NumberedHold = Hold & { readonly id: string };

export type Alarm = {
  readonly group: string;
  readonly kind: string;
  /** Where: one character per byte; "" is the whole store. */
  readonly paths: readonly string[];
  /** The journal's ID: sequences are those of that journal. */
  readonly journal: string;
  /** The last instant and sequence at which all was well. */
  readonly before: { readonly sequence: number; readonly atNs: bigint };
  /** When it was seen. */
  readonly atNs: bigint;
  readonly count: number;
  readonly of: number;
  readonly unit: string;
  readonly message: string;
  /** What it holds. */
  readonly hold?: string;
};
export type NumberedAlarm = Alarm & { readonly id: string };

/** The holds of one state folder. */
export function holdsIn(stateFolder: string): NumberedRecords<Hold> {
  return new NumberedRecords(join(stateFolder, "holds"), { name: "hold", read: readHold });
}

/** The alarms of one state folder. */
export function alarmsIn(stateFolder: string): NumberedRecords<Alarm> {
  return new NumberedRecords(join(stateFolder, "alarms"), { name: "alarm", read: readAlarm });
}

type Fields = Readonly<Record<string, unknown>>;

function readHold(value: object): Hold | undefined {
  const { format, group, untilNs, reason, alarm, by, sinceNs, released } = value as Fields;
  const since = instant(sinceNs);
  const until = instant(untilNs);
  if (format !== recordVersion || typeof reason !== "string" || typeof by !== "string")
    return undefined;
  if (since === undefined || (untilNs !== undefined && until === undefined)) return undefined;
  if (group !== undefined && typeof group !== "string") return undefined;
  const end = released === undefined ? undefined : readRelease(released);
  if (released !== undefined && end === undefined) return undefined;
  return {
    ...(group === undefined ? {} : { group }),
    ...(until === undefined ? {} : { untilNs: until }),
    reason,
    ...(typeof alarm === "string" ? { alarm } : {}),
    by,
    sinceNs: since,
    ...(end === undefined ? {} : { released: end }),
  };
}

function readRelease(value: unknown): Hold["released"] {
  if (typeof value !== "object" || value === null) return undefined;
  const { atNs, by, reason } = value as Fields;
  const at = instant(atNs);
  if (at === undefined || typeof by !== "string") return undefined;
  return { atNs: at, by, ...(typeof reason === "string" ? { reason } : {}) };
}

function readAlarm(value: object): Alarm | undefined {
  const fields = value as Fields;
  const { format, group, kind, paths, journal, before, count, of, unit, message, hold } = fields;
  const [texts, numbers] = [
    [group, kind, journal, unit, message],
    [count, of],
  ];
  if (format !== recordVersion || !texts.every((text) => typeof text === "string"))
    return undefined;
  if (!numbers.every((number) => typeof number === "number") || !Array.isArray(paths))
    return undefined;
  if (!paths.every((path) => typeof path === "string")) return undefined;
  const point = before as Fields | null | undefined;
  const [beforeNs, atNs] = [instant(point?.["atNs"]), instant(fields["atNs"])];
  const sequence = point?.["sequence"];
  if (beforeNs === undefined || atNs === undefined || typeof sequence !== "number")
    return undefined;
  return {
    group: group as string,
    kind: kind as string,
    paths,
    journal: journal as string,
    before: { sequence, atNs: beforeNs },
    atNs,
    count: count as number,
    of: of as number,
    unit: unit as string,
    message: message as string,
    ...(typeof hold === "string" ? { hold } : {}),
  };
}

function instant(text: unknown): bigint | undefined {
  return typeof text === "string" && /^-?\d{1,30}$/.test(text) ? BigInt(text) : undefined;
}
