import type { Consistency, Image, ImageProblem, RawPath, Volume } from "#image";
import { rootPath } from "#image";
import type { JournalReader, Sequence } from "#journal";
import { Overlay } from "./overlay.ts";
import { ReplayedImage } from "./replayed-image.ts";
import { isWithheld, type UnsettledSpan, withheldAt } from "./unsettled.ts";

export type ReplayOptions = {
  /** A copy of the store, from before `atNs`. Closed with the image that is returned. */
  readonly base: Image;
  /** Stays the caller's, and open as long as the image is. */
  readonly journal: JournalReader;
  /** The first event that the base may not have, or any before it. */
  readonly fromSequence: Sequence;
  /** The last event that counts. */
  readonly upTo: Sequence;
  /** When accounts were in the middle of a change, as the survey has it: each is shown as it was before. Default: never. */
  readonly unsettled?: readonly UnsettledSpan[];
  /** The instant that it stands for, nanoseconds since 1970 UTC. Default: that of the last event. */
  readonly atNs?: bigint;
  /** Default: "crash", as soon as the base was complete. */
  readonly consistency?: Consistency;
  readonly signal?: AbortSignal;
};

/**
 * So much later than it happened a change may have been seen: until then, events may tell of what a base
 * that was read from a living store has already. Too long costs a look at the base, too short the truth.
 */
const settlingNs = { living: 15n * 60n * 1_000_000_000n, frozen: 10n * 1_000_000_000n } as const;

/**
 * A store as it was after an event: the base, and what the journal saw since (paper §3.5, §4.1).
 * Reads the journal from `fromSequence` on, without the bytes of files; the base is not looked at
 * until somebody asks.
 */
export async function replayedImage(options: ReplayOptions): Promise<Image> {
  const { base, journal, fromSequence, upTo, signal } = options;
  const isLiving = base.consistency === "fuzzy";
  const settledNs = base.at.toNs + (isLiving ? settlingNs.living : settlingNs.frozen);
  let { volumes } = base;
  const overlay = new Overlay({ volumeRoots: volumes.map(({ root }) => root) });
  const problems: ImageProblem[] = [];
  let [last, lastNs] = [fromSequence - 1, base.at.toNs];
  const withheld = withheldAt(options.unsettled ?? [], upTo);
  const range = { from: fromSequence, to: upTo, withoutData: true };
  for await (const record of journal.read(signal === undefined ? range : { ...range, signal })) {
    if (record.sequence !== last + 1) problems.push(lapse(last + 1, record.sequence - 1));
    const isLater = withheld.size > 0 && isWithheld(withheld, record.sequence, record.event);
    if (!isLater) overlay.apply(record, record.atNs > settledNs);
    [last, lastNs] = [record.sequence, record.atNs];
    if (record.event.type === "mark") volumes = volumesOf(record.event.volumes, volumes);
  }
  if (last < upTo) problems.push(lapse(last + 1, upTo));
  if (overlay.ignored > 0) problems.push(notUnderstood(overlay.ignored));
  const toNs = options.atNs ?? lastNs;
  return new ReplayedImage({
    base,
    journal,
    overlay,
    problems,
    volumes,
    at: { group: journal.group, sequence: upTo, generation: journal.id, fromNs: toNs, toNs },
    consistency: options.consistency ?? "crash",
  });
}

function volumesOf(
  marked: readonly Volume[] | undefined,
  known: readonly Volume[],
): readonly Volume[] {
  return marked === undefined || marked.length === 0 ? known : marked;
}

function lapse(from: Sequence, to: Sequence): ImageProblem {
  return {
    path: rootPath,
    code: "changed",
    message: `Events ${from} to ${to} of the journal are missing: what they told of is as it was before.`,
  };
}

function notUnderstood(count: number): ImageProblem {
  return {
    path: "" as RawPath,
    code: "unsupported",
    message: `${count} events of the journal could not be applied: they name a path outside the store, or a folder as a file.`,
  };
}
