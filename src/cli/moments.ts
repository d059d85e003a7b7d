import type { RecoveryPoint } from "#copies";
import { formatDuration, formatInstant, parseMoment, TimeError, toRfc3339Nano } from "#time";
import { CliError } from "./cli-error.ts";
import type { JsonDocument } from "./output.ts";
import { safeText } from "./text.ts";

export type ChooseMomentOptions = {
  readonly now: bigint;
  readonly zone: string;
  /** What the moments are of, for messages. */
  readonly subject: string;
};

export type ChosenMoment = {
  readonly point: RecoveryPoint;
  /** The instant that was asked for; undefined for `latest` and a snapshot ID, which name a moment themselves. */
  readonly askedNs?: bigint;
};

/**
 * The moment that `--at` means: the newest for `latest` (and where nothing was asked), the one with that
 * snapshot ID, or the newest that is not after the instant asked for. `points` are oldest first.
 */
export function chooseMoment(
  points: readonly RecoveryPoint[],
  at: string | undefined,
  options: ChooseMomentOptions,
): ChosenMoment {
  const newest = points.at(-1);
  if (newest === undefined) {
    throw new CliError(
      "cli.nothing-matched",
      `Cannot find a moment of "${safeText(options.subject)}": the copy has none`,
      {
        hint: "See what there is with `restante moments`; take one with `restante capture`.",
      },
    );
  }
  if (at === undefined || at.trim().toLowerCase() === "latest") return { point: newest };
  const byId = momentById(points, at.trim());
  if (byId !== undefined) return { point: byId };
  const askedNs = askedInstant(at, options);
  const point = points.findLast(({ atNs }) => atNs <= askedNs);
  if (point !== undefined) return { point, askedNs };
  throw new CliError(
    "cli.nothing-matched",
    `Cannot find a moment of "${safeText(options.subject)}" at ${formatInstant(askedNs, options.zone)}: the oldest is of ${formatInstant((points[0] as RecoveryPoint).atNs, options.zone)}`,
    { hint: "See what there is with `restante moments`." },
  );
}

const idPattern = /^[0-9a-f]{8,64}$/;
/** "mx1%2fsales/00000012-20260723T140307Z": a replica's ID is its folder, and may be named without its group's. */
/** "journal-1234": the store as it was after that event of its journal. */
const journalPattern = /^journal-\d{1,15}$/;
const replicaPattern = /^(?:[A-Za-z0-9_%~-]{1,255}\/)?\d{8,15}-\d{8}T\d{6}Z$/;

/** Whether this can be the beginning of a snapshot's ID, or names a replica. */
export function isMomentId(at: string): boolean {
  return idPattern.test(at) || replicaPattern.test(at) || journalPattern.test(at);
}

/** Whether this is to be an instant: neither the beginning of an ID nor the newest moment. */
export function isInstant(at: string): boolean {
  const text = at.trim();
  return text.toLowerCase() !== "latest" && !isMomentId(text);
}

function momentById(points: readonly RecoveryPoint[], at: string): RecoveryPoint | undefined {
  if (!isMomentId(at)) return undefined;
  const matching = points.filter(({ id }) => id.startsWith(at) || id.endsWith(`/${at}`));
  // Two copies may have kept one image under one name.
  if (new Set(matching.map(({ id }) => id)).size <= 1) return matching[0];
  throw new CliError("cli.usage", `Cannot choose moment "${at}": ${matching.length} begin so`, {
    hint: "Give more digits of its ID.",
  });
}

/** The instant that --at means, where it is no moment's ID. */
export function askedInstant(at: string, { now, zone, subject }: ChooseMomentOptions): bigint {
  try {
    return parseMoment(at, { now, zone });
  } catch (error) {
    // Eight hexadecimal digits that are no time either were meant as an ID.
    if (!(error instanceof TimeError) || !isMomentId(at)) throw error;
    throw new CliError(
      "cli.nothing-matched",
      `Cannot find moment "${at}" of "${safeText(subject)}": no snapshot has that ID`,
      {
        hint: "See what there is with `restante moments`.",
      },
    );
  }
}

/** "Mon 23 Nov 2026 14:03:07 CET (moment 1a2b3c4d of 14:02:00, 1 min 7 s before; fuzzy)". */
export function momentText({ point, askedNs }: ChosenMoment, zone: string): string {
  const label = consistencyText(point);
  if (askedNs === undefined)
    return `${formatInstant(point.atNs, zone)} (moment ${shortId(point)}; ${label})`;
  const beforeMs = Number(askedNs - point.atNs) / 1e6;
  const distance = beforeMs < 1000 ? "exact" : `${formatDuration(beforeMs)} before, the nearest`;
  return `${formatInstant(askedNs, zone)} (moment ${shortId(point)} of ${formatInstant(point.atNs, zone)}, ${distance}; ${label})`;
}

/** The label, and what it means where that is less than one would hope. */
export function consistencyText({ consistency }: Pick<RecoveryPoint, "consistency">): string {
  switch (consistency) {
    case "fuzzy":
      return "fuzzy: a walk of a living store";
    case "unknown":
      return "consistency unknown: another program took it";
    case "offline":
    case "application":
    case "crash":
      return consistency;
  }
}

export function shortId({ id }: Pick<RecoveryPoint, "id">): string {
  if (journalPattern.test(id)) return id;
  return id.includes("/") ? id.slice(id.lastIndexOf("/") + 1) : id.slice(0, 8);
}

export function momentJson(point: RecoveryPoint): Omit<JsonDocument, "type"> {
  const { atNs, ...rest } = point;
  return { ...rest, at: toRfc3339Nano(atNs) };
}

export function chosenMomentJson({ point, askedNs }: ChosenMoment): Omit<JsonDocument, "type"> {
  return {
    ...momentJson(point),
    ...(askedNs === undefined ? {} : { asked: toRfc3339Nano(askedNs) }),
  };
}
