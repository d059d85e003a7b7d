import { existsSync } from "node:fs";
import type { CopyCandidate, RecoveryPoint } from "#copies";
import { readDaemonStatus } from "#daemon";
import { isRecoveryError, type RecoveryError } from "#errors";
import { openJournalReader } from "#journal";
import { type BaseCandidate, continuousCopy } from "#methods";
import { bytesIn } from "../bytes-in.ts";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { type CopyPlace, namedPlace } from "../copy-access.ts";
import { journalFolderOf } from "../daemon/journal-folder-of.ts";
import { isInterruption } from "../exit-codes.ts";
import { stateFolderOf } from "../holds-in-force.ts";
import type { Site } from "../site.ts";
import { openStorageAt } from "../storage-at.ts";
import { safeText } from "../text.ts";
import type { AnyCopy } from "./any-copy.ts";

/** A copy with its moments, and how it is opened. */
export type OpenCandidate = { readonly opened: AnyCopy; readonly candidate: CopyCandidate };

export type OpenJournalsOptions = {
  readonly context: CommandContext;
  readonly site: Site;
  /** Copies of any method: each may be what a replay begins with. */
  readonly bases: readonly OpenCandidate[];
};

export type OpenJournals = {
  readonly journals: readonly OpenCandidate[];
  readonly unavailable: readonly { readonly place: CopyPlace; readonly error: RecoveryError }[];
};

/**
 * The journals of groups that have moments in any of the copies, or of which the configuration says so.
 * Each is a copy of its own: with the others as bases, every moment that it covers opens. One that
 * cannot be read takes no other copy with it.
 */
export async function openJournals(
  { context, site, bases }: OpenJournalsOptions,
  disposables: AsyncDisposableStack,
): Promise<OpenJournals> {
  const journals: OpenCandidate[] = [];
  const unavailable: { place: CopyPlace; error: RecoveryError }[] = [];
  for (const tag of groupsOf(bases, site)) {
    const place = journalPlace(tag, { context, site });
    try {
      const opened = await openJournalOf(tag, place, { context, site, bases });
      if (opened === undefined) continue;
      disposables.use(opened);
      const moments = await opened.copy.moments(undefined, context.surroundings.signal);
      journals.push({ opened, candidate: { copy: opened.copy, moments } });
    } catch (error) {
      context.surroundings.signal.throwIfAborted();
      if (!isRecoveryError(error) || isInterruption(error)) throw error;
      unavailable.push({ place, error });
    }
  }
  return { journals, unavailable };
}

function groupsOf(bases: readonly OpenCandidate[], site: Site): ReadonlySet<string> {
  const configured = site.groups.filter((group) => journalOf(group) !== undefined);
  return new Set([
    ...configured.map(({ tag }) => tag),
    ...bases.flatMap(({ candidate }) => candidate.moments.map(({ group }) => group)),
  ]);
}

function journalOf({ methods }: Site["groups"][number]) {
  return methods.find(({ method }) => method === "continuous data protection");
}

function journalPlace(
  tag: string,
  { context, site }: { readonly context: CommandContext; readonly site: Site },
): CopyPlace {
  const group = site.groups.find((one) => one.tag === tag);
  const configured = group === undefined ? undefined : journalOf(group)?.journalPath;
  const folder = journalFolderOf(tag, { context, configured });
  return { name: "journal", folder, reach: "at-hand" };
}

/** Undefined where there is no journal. It has the password of the copy that its bases go to. */
async function openJournalOf(
  tag: string,
  place: CopyPlace,
  { context, site, bases }: OpenJournalsOptions,
): Promise<AnyCopy | undefined> {
  const { signal } = context.surroundings;
  if (!existsSync(place.folder)) return undefined;
  const group = site.groups.find((one) => one.tag === tag);
  const filled = group === undefined ? undefined : journalOf(group)?.copy;
  const of =
    filled === undefined
      ? (bases.find(({ opened }) => opened.repository !== undefined)?.opened.place ?? place)
      : namedPlace(filled, { context, site });
  const password = await context.passwords.password(of.folder, { source: of.passwordSource });
  const journal = await openJournalReader({ folder: place.folder, secret: { password }, signal });
  const watchedUntilNs = await watchedUntil(tag, context);
  const continuous = continuousCopy({
    name: place.name,
    journal,
    bases: bases.map((base) => baseOf(base, tag)),
    ...(watchedUntilNs === undefined ? {} : { watchedUntilNs }),
  });
  return {
    place,
    copy: continuous,
    continuous,
    journal: { reader: journal, ...(watchedUntilNs === undefined ? {} : { watchedUntilNs }) },
    take: async () => {
      throw new CliError(
        "cli.no-copy",
        `Cannot take a moment of ${safeText(tag)} into its journal: the daemon writes that`,
        { hint: "Take it into a copy; the journal goes on from there." },
      );
    },
    storedBytes: async (within) => {
      await using storage = await openStorageAt(place.folder, context.surroundings);
      return await bytesIn(storage, within);
    },
    [Symbol.asyncDispose]: async () => await journal[Symbol.asyncDispose](),
  };
}

function baseOf({ opened, candidate }: OpenCandidate, tag: string): BaseCandidate {
  const { name, method, reach } = candidate.copy;
  const open = async (point: RecoveryPoint, signal?: AbortSignal) =>
    await opened.copy.open(point, signal);
  const moments = candidate.moments.filter(({ group }) => group === tag);
  return { copy: { name, method, reach, open }, moments };
}

/** A daemon that is following a group and has nothing to write saw that nothing happened. */
async function watchedUntil(tag: string, context: CommandContext): Promise<bigint | undefined> {
  try {
    const status = await readDaemonStatus(stateFolderOf(context));
    const group = status?.groups.find((one) => one.group === tag);
    return status?.state === "running" && group?.phase === "following"
      ? status.writtenNs
      : undefined;
  } catch (error) {
    // What the daemon says of itself is a convenience here; `restante status` tells what is wrong with it.
    if (isRecoveryError(error)) return undefined;
    throw error;
  }
}
