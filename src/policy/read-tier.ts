import { parseDuration } from "#time";
import { tidyPath } from "./checked-values.ts";
import {
  type DisasterConfig,
  type OperationalConfig,
  type TierConfig,
  usualImages,
} from "./config.ts";
import { readLocation } from "./read-copy.ts";
import { parseRetention } from "./retention-rule.ts";
import type {
  WrittenDisaster,
  WrittenMethod,
  WrittenOperational,
  WrittenTier,
} from "./tier-schema.ts";

/** What is lost does not depend on the bases, only how long a replay takes. */
const usualBaseEvery = "1 day";

/** A tier of the file, with what was left out filled in. It was checked before. */
export function readTier([name, { operational, disaster }]: [string, WrittenTier]): TierConfig {
  const [first, ...others] = "method" in operational ? [operational] : operational;
  return {
    name,
    operational: [readOperational(first as WrittenOperational), ...others.map(readOperational)],
    ...(disaster === undefined ? {} : { disaster: readDisaster(disaster) }),
  };
}

function readOperational(written: WrittenOperational): OperationalConfig {
  const images = written.images ?? usualImages[written.method];
  const isContinuous = written.method === "continuous data protection";
  return {
    method: written.method,
    ...readMethod(isContinuous ? { ...written, every: written.every ?? usualBaseEvery } : written),
    ...(images === undefined ? {} : { images }),
    ...readJournal(written.journal),
  };
}

function readJournal({ path, mirror }: WrittenOperational["journal"] = {}): Pick<
  OperationalConfig,
  "journalPath" | "journalMirror"
> {
  const isFolder = mirror?.startsWith("/") === true;
  return {
    ...(path === undefined ? {} : { journalPath: tidyPath(path) }),
    ...(mirror === undefined
      ? {}
      : { journalMirror: readLocation(isFolder ? { path: mirror } : { url: mirror }) }),
  };
}

function readDisaster(written: WrittenDisaster): DisasterConfig {
  return {
    method: written.method,
    from: written.from,
    ...readMethod(written),
    ...(written.hold === undefined ? {} : { holdMs: durationOrNothing(written.hold) }),
    ...(written.transit === undefined ? {} : { transitMs: durationOrNothing(written.transit) }),
  };
}

function readMethod(
  written: WrittenMethod,
): Pick<OperationalConfig, "copy" | "loseAtMostMs" | "backWithinMs" | "everyMs" | "keep"> {
  const every = written.every ?? written.lose_at_most;
  return {
    copy: written.copy,
    ...(written.lose_at_most === undefined
      ? {}
      : { loseAtMostMs: parseDuration(written.lose_at_most) }),
    ...(written.back_within === undefined
      ? {}
      : { backWithinMs: parseDuration(written.back_within) }),
    ...(every === undefined ? {} : { everyMs: parseDuration(every) }),
    keep: parseRetention(written.keep ?? []),
  };
}

function durationOrNothing(text: string): number {
  return text === "nothing" ? 0 : parseDuration(text);
}
