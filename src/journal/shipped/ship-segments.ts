import type { RawName, RawPath } from "#image";
import type { Repository, RolledFile } from "#repository";
import { JournalError } from "../journal-error.ts";
import type { JournalReader } from "../journal.ts";
import type { SegmentFacts } from "../segments/segment-facts.ts";
import { encodeShipped } from "./shipped-segment.ts";
import {
  fileNameOf,
  folderOf,
  hourOf,
  parseFolder,
  shippedPath,
  shippedSnapshots,
  shippedTags,
} from "./shipped-place.ts";

/** What of a journal in a folder is needed. */
export type ShippableJournal = Pick<JournalReader, "id" | "group" | "read"> & {
  segments(signal?: AbortSignal): Promise<readonly SegmentFacts[]>;
};

export type ShipOptions = {
  readonly repository: Repository;
  readonly hostname: string;
  /** Hours before are dropped, except those of which this journal itself has records. Default: none. */
  readonly keepSinceNs?: bigint | undefined;
  readonly now: () => bigint;
  readonly signal?: AbortSignal;
};

export type ShipResult = {
  /** How many segments were new. */
  readonly segments: number;
  /** Bytes that the repository did not have: as content, and as stored. */
  readonly bytesAdded: number;
  readonly bytesStored: number;
};

/** At a time: what a kill makes the next run do again. */
const maxSegments = 32;

/**
 * Brings the finished segments of a journal into the repository, as one snapshot of the group that is
 * written anew, and removes the one before. Ended anywhere in between, it leaves two, which the next
 * call makes one. Again, it does nothing.
 */
export async function shipSegments(
  journal: ShippableJournal,
  options: ShipOptions,
): Promise<ShipResult> {
  const { repository, signal } = options;
  const result = { segments: 0, bytesAdded: 0, bytesStored: 0 };
  for (;;) {
    const segments = await journal.segments(signal);
    const before = await shippedSnapshots(repository, journal.group, signal);
    const there = await shippedNames(before, { journal, segments, options });
    const missing = segments
      .filter(({ sealed, last }) => sealed !== undefined && last !== undefined)
      .map((segment) => fileOf(segment, { journal, signal }))
      .filter(({ folder, name }) => !there.files.has(`${folder}/${name}`));
    const files = missing.slice(0, maxSegments);
    const drops = dropsOf(segments, { journal, keepSinceNs: options.keepSinceNs });
    const isDropping = [...there.folders].some(drops);
    if (files.length === 0 && !isDropping && before.length < 2) return result;
    const rolled = await repository.roll({
      tags: shippedTags(journal.group),
      path: shippedPath(journal.group),
      hostname: options.hostname,
      files,
      drops,
      now: options.now,
      ...(signal === undefined ? {} : { signal }),
    });
    await repository.removeSnapshots(rolled.replaced, signal);
    result.segments += files.length;
    result.bytesAdded += rolled.bytesAdded;
    result.bytesStored += rolled.bytesStored;
    if (files.length === missing.length) return result;
  }
}

/** All folders, and the files of those that segments of now belong into. */
async function shippedNames(
  snapshots: Awaited<ReturnType<typeof shippedSnapshots>>,
  {
    journal,
    segments,
    options: { repository, signal },
  }: {
    readonly journal: ShippableJournal;
    readonly segments: readonly SegmentFacts[];
    readonly options: ShipOptions;
  },
): Promise<{ readonly folders: ReadonlySet<RawName>; readonly files: ReadonlySet<string> }> {
  const wanted = new Set(segments.map(({ last }) => folderOf(journal.id, last?.atNs ?? 0n)));
  const folders = new Set<RawName>();
  const files = new Set<string>();
  for (const snapshot of snapshots) {
    await using image = await repository.image(snapshot, signal === undefined ? {} : { signal });
    for (const folder of (await image.list("" as RawPath, signal)).names) {
      folders.add(folder);
      if (!wanted.has(folder)) continue;
      for (const name of (await image.list(folder, signal)).names) files.add(`${folder}/${name}`);
    }
  }
  return { folders, files };
}

function fileOf(
  segment: SegmentFacts,
  {
    journal,
    signal,
  }: { readonly journal: ShippableJournal; readonly signal: AbortSignal | undefined },
): RolledFile {
  const { first, last, sealed, name } = segment;
  const { id, group } = journal;
  const range = {
    from: first?.sequence ?? 0,
    to: last?.sequence ?? 0,
    ...(signal === undefined ? {} : { signal }),
  };
  return {
    folder: folderOf(id, last?.atNs ?? 0n),
    name: fileNameOf(segment),
    mtimeNs: last?.atNs ?? 0n,
    async *parts() {
      yield* encodeShipped(journal.read(range), { id, group, digest: sealed?.digest ?? "" });
      // Reading passes over what was removed meanwhile: that must not be kept as all there was.
      const now = await journal.segments(signal);
      if (!now.some((one) => one.name === name)) throw removedMeanwhile(name, group);
    },
  };
}

/** By its own rules the journal has let go of it, and the rules say so again here: one alone may be damage. */
function dropsOf(
  segments: readonly SegmentFacts[],
  {
    journal,
    keepSinceNs,
  }: { readonly journal: ShippableJournal; readonly keepSinceNs: bigint | undefined },
): (folder: RawName) => boolean {
  const oldestNs = segments.find(({ first }) => first !== undefined)?.first?.atNs;
  if (keepSinceNs === undefined || oldestNs === undefined) return () => false;
  const keptHour = hourOf(keepSinceNs);
  const ownHour = hourOf(oldestNs);
  const ownId = parseFolder(folderOf(journal.id, 0n))?.id;
  return (folder) => {
    const parsed = parseFolder(folder);
    if (parsed === undefined || parsed.hour >= keptHour) return false;
    return parsed.id !== ownId || parsed.hour < ownHour;
  };
}

function removedMeanwhile(name: string, group: string): JournalError {
  return new JournalError(
    "journal.unreadable",
    `Cannot ship segment ${name} of the journal of "${group}": it was removed meanwhile`,
    { hint: "It is not kept any more; the next run ships what is.", retryable: true },
  );
}
