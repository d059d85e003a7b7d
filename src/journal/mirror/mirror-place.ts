import { isHostError, type LogFile, type LogFolder } from "#hosts";
import { quoted } from "#errors";
import { JournalError } from "../journal-error.ts";
import type { Sequence } from "../journal-event.ts";
import { decodePosition, type DurablePosition, positionName } from "../segments/position-file.ts";
import { headerBytes, journalIdOf } from "../segments/segment-header.ts";
import { firstOfSegment } from "../segments/segment-name.ts";

/** Where a mirror goes on: so many bytes of that segment are there. */
export type MirrorPlace = { readonly first: Sequence; readonly name: string; offset: number };

export type MirrorSides = {
  readonly source: LogFolder;
  readonly target: LogFolder;
  readonly journal: {
    readonly id: string;
    readonly group: string;
    readonly position: DurablePosition | undefined;
  };
  readonly signal: AbortSignal;
};

/** Read from both sides: what came last must be the same. */
const comparedBytes = 4096;

/**
 * How far the mirror is. Undefined: nothing is there. Throws `journal.mirror-diverged` where it holds
 * anything that the journal does not.
 */
export async function findMirrorPlace(sides: MirrorSides): Promise<MirrorPlace | undefined> {
  const { source, target, journal, signal } = sides;
  const newest = segmentsOf(await target.list({ signal })).at(-1);
  if (newest === undefined) return undefined;
  const header = await target.read(newest.name, { offset: 0, lengthBytes: headerBytes, signal });
  const id = journalIdOf(header);
  if (id !== undefined && id !== journal.id)
    throw diverged(sides, "it is the mirror of another journal");
  const here = segmentsOf(await source.list({ signal }));
  const same = here.find(({ name }) => name === newest.name);
  const first = firstOfSegment(newest.name) ?? 0;
  if (same === undefined) {
    const oldest = firstOfSegment(here[0]?.name ?? "") ?? 0;
    // What is older than all that is kept was removed here, and stays there.
    if (first < oldest && id !== undefined) return { first, name: newest.name, offset: 0 };
    throw diverged(sides, "it has a segment that the journal does not have");
  }
  const { position } = journal;
  const endBytes = position?.segment === first ? position.offset : same.sizeBytes;
  if (newest.sizeBytes > endBytes) throw diverged(sides, "it has events that the journal lost");
  for (const offset of [0, Math.max(0, newest.sizeBytes - comparedBytes)]) {
    const lengthBytes = Math.min(comparedBytes, newest.sizeBytes - offset);
    const [there, ours] = await Promise.all(
      [target, source].map((side) => side.read(newest.name, { offset, lengthBytes, signal })),
    );
    if (Buffer.compare(there ?? Buffer.alloc(0), ours ?? Buffer.alloc(0)) !== 0)
      throw diverged(sides, "it has other events than the journal");
  }
  return { first, name: newest.name, offset: newest.sizeBytes };
}

/**
 * The last event that the mirror says is durable there; 0 where it says nothing, or speaks of what is not
 * there or not even here: then nothing is known until it was said anew.
 */
export async function mirroredSequence(
  { target, journal, signal }: MirrorSides,
  place: MirrorPlace,
): Promise<Sequence> {
  try {
    const bytes = await target.read(positionName, { offset: 0, lengthBytes: 64, signal });
    const said = bytes.length === 64 ? decodePosition(Buffer.from(bytes)) : undefined;
    if (said === undefined || said.sequence > (journal.position?.sequence ?? 0)) return 0;
    const isThere =
      said.segment < place.first || (said.segment === place.first && said.offset <= place.offset);
    return isThere ? said.sequence : 0;
  } catch (error) {
    if (isHostError(error, "host.not-found")) return 0;
    throw error;
  }
}

/** So that whoever opens the journal can open the mirror. None is ever removed there. */
export async function copyKeys({ source, target, signal }: MirrorSides): Promise<void> {
  const there = new Map((await target.list({ signal })).map((file) => [file.name, file.sizeBytes]));
  for (const { name, sizeBytes } of await source.list({ signal })) {
    if (!name.startsWith("keys/") || there.get(name) === sizeBytes) continue;
    const bytes = await source.read(name, { offset: 0, lengthBytes: sizeBytes, signal });
    await target.write(name, { offset: 0, bytes, signal });
  }
}

function segmentsOf(files: readonly LogFile[]): readonly LogFile[] {
  return files.filter(({ name }) => firstOfSegment(name) !== undefined);
}

export function diverged(
  { target, journal }: Pick<MirrorSides, "target" | "journal">,
  why: string,
): JournalError {
  return new JournalError(
    "journal.mirror-diverged",
    `Cannot mirror the journal of ${quoted(journal.group)} to ${quoted(target.location)}: ${why}`,
    {
      hint: "Nothing there is changed. Move that folder aside, and look into it where the journal lost something: it opens as a journal does. A new mirror is begun then by itself.",
    },
  );
}
