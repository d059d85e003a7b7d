import type { CopyCandidate, RecoveryPoint } from "#copies";
import { isRecoveryError, type RecoveryError } from "#errors";
import { formatInstant } from "#time";
import type { CommandContext } from "../command.ts";
import { copyPlace, type CopyPlace, namedPlace } from "../copy-access.ts";
import { isInterruption } from "../exit-codes.ts";
import type { Site, SiteGroup } from "../site.ts";
import { momentsOf, resolveTarget, type Target } from "../target.ts";
import { plural, safeText } from "../text.ts";
import type { AnyCopy } from "./any-copy.ts";
import { openAnyCopy } from "./open-any-copy.ts";
import { openJournals } from "./open-journals.ts";

/** What a run that reads works with: the copies that may hold its target, and their moments of it. */
export type ReadCopies = AsyncDisposable & {
  readonly site: Site;
  readonly copies: readonly AnyCopy[];
  /** Whether the run looks at several copies of the configuration. */
  readonly isChoice: boolean;
  readonly unavailable: readonly { readonly place: CopyPlace; readonly error: RecoveryError }[];
  /** Each with its moments of the target, or of all; tapes that are away are a candidate of their own. */
  readonly candidates: readonly CopyCandidate[];
  /** The same moments, oldest first. */
  readonly points: readonly RecoveryPoint[];
  readonly target?: Target;
  /** The copy that a candidate is of. */
  copyOf(candidate: CopyCandidate["copy"]): AnyCopy;
};

export type ReadOptions = {
  readonly context: CommandContext;
  readonly site: Site;
  /** Also the journals of the groups: every moment that they and a copy cover. Default: copies alone. */
  readonly journals?: boolean;
};

/**
 * Opens what may hold a target: with a configuration and without --copy every copy of its groups, else the one copy
 * that is meant. Of several, one that cannot be opened or listed is a warning; of one it is the error.
 */
export async function readCopies(
  typed: string | undefined,
  options: ReadOptions,
): Promise<ReadCopies> {
  const { context, site } = options;
  const { signal } = context.surroundings;
  const isOpen = site.config !== undefined && !context.arguments.has("copy");
  const places = isOpen ? await placesOf(typed, options) : [copyPlace(context, site)];
  await using disposables = new AsyncDisposableStack();
  const copies: AnyCopy[] = [];
  const unavailable: { readonly place: CopyPlace; readonly error: RecoveryError }[] = [];
  const candidates: CopyCandidate[] = [];
  const owners = new Map<CopyCandidate["copy"], AnyCopy>();
  for (const place of places) {
    try {
      const opened = disposables.use(await openAnyCopy(place, options));
      const listed = await candidatesOf(opened, signal);
      copies.push(opened);
      for (const one of listed) owners.set(one.copy, opened);
      candidates.push(...listed);
    } catch (error) {
      if (!isRecoveryError(error) || isInterruption(error) || places.length === 1) throw error;
      signal.throwIfAborted();
      unavailable.push({ place, error });
    }
  }
  const [first] = unavailable;
  if (places.length === 0) copyPlace(context, site);
  if (copies.length === 0 && first !== undefined) {
    tellUnavailable({ unavailable: unavailable.slice(1), candidates }, context, site);
    throw first.error;
  }
  if (options.journals === true) {
    const bases = candidates.map((candidate) => ({
      candidate,
      opened: owners.get(candidate.copy) as AnyCopy,
    }));
    const found = await openJournals({ context, site, bases }, disposables);
    for (const { opened, candidate } of found.journals) {
      copies.push(opened);
      owners.set(candidate.copy, opened);
      candidates.push(candidate);
    }
    unavailable.push(...found.unavailable);
  }
  const opened: ReadCopies = {
    site,
    copies,
    isChoice: places.length > 1 || copies.length > places.length,
    unavailable,
    candidates,
    points: pointsOf(candidates),
    copyOf: (candidate) => owners.get(candidate) as AnyCopy,
    [Symbol.asyncDispose]: async () => undefined,
  };
  const aimed = await aimedAt(opened, typed, options);
  const held = disposables.move();
  return { ...aimed, [Symbol.asyncDispose]: async () => await held.disposeAsync() };
}

/** The same open copies with the moments of a target alone. `found` was read without one, and is what to close. */
export async function aimedAt(
  found: ReadCopies,
  typed: string | undefined,
  { context, site }: ReadOptions,
): Promise<ReadCopies> {
  const points = found.candidates.flatMap(({ moments }) => moments);
  const target =
    typed === undefined ? undefined : await resolveTarget(typed, { context, site, points });
  const group = context.arguments.text("group");
  const candidates = found.candidates.map((one) => ({
    ...one,
    moments: momentsOf(one.moments, { target, group }),
  }));
  return {
    ...found,
    candidates,
    points: pointsOf(candidates),
    ...(target === undefined ? {} : { target }),
  };
}

/** One copy has them in its own order: the sequence decides, not the clock. */
function pointsOf(candidates: readonly CopyCandidate[]): readonly RecoveryPoint[] {
  return candidates.length === 1 ? (candidates[0] as CopyCandidate).moments : byTime(candidates);
}

function byTime(candidates: readonly CopyCandidate[]): readonly RecoveryPoint[] {
  return candidates
    .flatMap(({ moments }) => moments)
    .toSorted((a, b) => (a.atNs < b.atNs ? -1 : a.atNs > b.atNs ? 1 : 0));
}

/** A tape that is away makes its moments those of a shelf, whatever else the library has. */
async function candidatesOf(
  { copy, tapes }: AnyCopy,
  signal: AbortSignal,
): Promise<readonly CopyCandidate[]> {
  if (tapes === undefined) return [{ copy, moments: await copy.moments(undefined, signal) }];
  const moments = await copy.moments(undefined, signal);
  const here: RecoveryPoint[] = [];
  const away: RecoveryPoint[] = [];
  for (const point of moments)
    ((await tapes.reachOf(point, signal)) === "shelf" ? away : here).push(point);
  const { name, method } = copy;
  const shelf = { name, method, reach: "shelf" } as const;
  const hand = { name, method, reach: "at-hand" } as const;
  if (away.length === 0) return [{ copy: hand, moments: here }];
  if (here.length === 0) return [{ copy: shelf, moments: away }];
  return [
    { copy: hand, moments: here },
    { copy: shelf, moments: away },
  ];
}

/** The copies that the groups of a target fill. Where nobody can say which groups, those of all. */
async function placesOf(
  typed: string | undefined,
  options: ReadOptions,
): Promise<readonly CopyPlace[]> {
  const { context, site } = options;
  const groups = await groupsOf(typed, options);
  const names = groups.flatMap(({ methods, disaster }) => [
    ...methods.map(({ copy }) => copy),
    // Tapes that have left are still their library's.
    ...(disaster?.filled.kind === "repository" ? [disaster.copy] : []),
  ]);
  return [...new Set(names)].map((name) => namedPlace(name, { context, site }));
}

async function groupsOf(
  typed: string | undefined,
  { context, site }: ReadOptions,
): Promise<readonly SiteGroup[]> {
  const wanted = context.arguments.text("group");
  const named = site.groups.filter(({ name, tag }) => [name, tag].includes(wanted ?? name));
  const all = named.length === 0 ? site.groups : named;
  if (typed === undefined) return all;
  const target = await resolveTarget(typed, { context, site, points: [] });
  const { groups, store } = target;
  if (groups !== undefined) return site.groups.filter(({ tag }) => groups.includes(tag));
  const servers = (site.config?.servers ?? []).filter(
    ({ path }) => store === path || store.startsWith(`${path}/`),
  );
  const ofServers = all.filter(({ server }) => servers.some(({ name }) => name === server));
  return ofServers.length === 0 ? all : ofServers;
}

/** Says which copies could not be looked at, and what can still be recovered from the others. */
export function tellUnavailable(
  { unavailable, candidates }: Pick<ReadCopies, "unavailable" | "candidates">,
  { output }: Pick<CommandContext, "output">,
  { zone }: Pick<Site, "zone">,
): void {
  if (unavailable.length === 0) return;
  for (const { place, error } of unavailable)
    output.warning(`copy “${safeText(place.name)}” cannot be used: ${safeText(error.message)}`);
  const rest = stillThere(candidates, zone);
  output.warning(
    rest.length === 0
      ? "no other copy has a moment of it"
      : `what can still be recovered: ${rest.join("; ")}`,
  );
}

/** "“clones” (rotation of clones): 2 moments, the newest of …", for each candidate with any. */
export function stillThere(candidates: readonly CopyCandidate[], zone: string): readonly string[] {
  return candidates.flatMap(({ copy, moments }) => {
    const newest = moments.at(-1);
    if (newest === undefined) return [];
    const away = copy.reach === "shelf" ? ", on tapes that are away" : "";
    return `${copyText(copy)}: ${plural(moments.length, "moment")}, the newest of ${formatInstant(newest.atNs, zone)}${away}`;
  });
}

export function copyText({ name, method }: CopyCandidate["copy"]): string {
  return `“${safeText(name)}” (${method})`;
}

/** One copy by its name; of several each with its method, and what could not be looked at. */
export function copiesJson({ isChoice, copies, unavailable }: ReadCopies): object {
  if (!isChoice) return { copy: copies[0]?.place.name };
  return {
    copies: copies.map(({ copy: { name, method, reach } }) => ({ name, method, reach })),
    unavailable: unavailable.map(({ place, error: { code, message } }) => ({
      name: place.name,
      error: { code, message },
    })),
  };
}
