import { inOrder, type RecoveryPoint } from "#copies";
import { isRecoveryError } from "#errors";
import { displayPath, type ImageProblem, joinRawPath, type RawPath } from "#image";
import type { LostAccount } from "#servers";
import { formatInstant } from "#time";
import { mailboxAddress } from "./mailbox-address.ts";
import type { AnyCopy } from "./methods/index.ts";
import { imageRoot } from "./moment-view.ts";
import { shortId } from "./moments.ts";
import { safeText } from "./text.ts";

/** Accounts that an earlier moment has and the newest has not. */
export type Disappeared = {
  readonly since: Pick<RecoveryPoint, "id" | "atNs">;
  /** By address, ascending; the place within the store. */
  readonly accounts: readonly { readonly address: string; readonly path: string }[];
  readonly isComplete: boolean;
};

export type DisappearedOptions = {
  /** Moments of one group; the newest is compared with the one before it, or with an older one. */
  readonly moments: readonly RecoveryPoint[];
  /** What the newest moment could not read is not gone. */
  readonly problems?: readonly ImageProblem[];
  /** Compare with a moment at least so old, where there is one. Default: the one before. */
  readonly ageMs?: number;
  readonly signal: AbortSignal;
};

/**
 * Compares two moments of a repository, in which what did not change costs nothing. Undefined where
 * there is nothing to compare, nobody has disappeared, or the copy cannot tell cheaply (clones, tapes: see known-accounts.ts).
 */
export async function findDisappeared(
  { copy, repository }: Pick<AnyCopy, "copy" | "repository">,
  options: DisappearedOptions,
): Promise<Disappeared | undefined> {
  if (repository === undefined) return undefined;
  const { signal, problems = [] } = options;
  const [newest, since] = pairOf(options);
  if (newest === undefined || since === undefined) return undefined;
  // The room of servers is loaded only where there is something to compare.
  const { findLostAccounts } = await import("#servers");
  try {
    await using before = await copy.open(since, signal);
    await using now = await copy.open(newest, signal);
    const unread = problems.map(({ path }) => path);
    const { lost, isComplete } = await findLostAccounts(before, now, { unread, signal });
    if (lost.length === 0) return undefined;
    const root = imageRoot(newest);
    const accounts = lost.map((account) => shownAccount(account, root));
    return {
      since,
      isComplete,
      accounts: accounts.toSorted((a, b) => (a.address < b.address ? -1 : 1)),
    };
  } catch (error) {
    signal.throwIfAborted();
    // What an older moment lacks is the business of verify; this one is taken.
    if (!isRecoveryError(error)) throw error;
    return undefined;
  }
}

function pairOf({
  moments,
  ageMs = 0,
}: DisappearedOptions): readonly [RecoveryPoint | undefined, RecoveryPoint | undefined] {
  const ordered = inOrder(moments);
  const newest = ordered.at(-1);
  if (newest === undefined) return [undefined, undefined];
  const earlier = ordered.filter(
    ({ id, generation, paths }) =>
      id !== newest.id &&
      generation === newest.generation &&
      // What another folder holds is not gone from this one.
      paths.join("\0") === newest.paths.join("\0"),
  );
  const oldEnough = newest.atNs - BigInt(Math.round(ageMs)) * 1_000_000n;
  return [newest, earlier.findLast(({ atNs }) => atNs <= oldEnough) ?? earlier[0]];
}

function shownAccount(
  { root, owner }: LostAccount,
  folder: RawPath,
): Disappeared["accounts"][number] {
  const path = root === "" ? folder : joinRawPath(folder, root);
  return { address: owner ?? mailboxAddress(path), path: displayPath(path) };
}

const shownAccounts = 10;

/** One sentence. */
export function disappearedText(
  { since, accounts, isComplete }: Disappeared,
  zone: string,
): string {
  const names = accounts.slice(0, shownAccounts).map(({ address }) => safeText(address));
  const more = accounts.length - names.length;
  const who = `${names.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
  const verb = accounts.length === 1 ? "has" : "have";
  const rest = isComplete ? "" : " (not all folders could be compared)";
  return `${who} ${verb} no mail in the store any more, since moment ${shortId(since)} of ${formatInstant(since.atNs, zone)}${rest}: nothing is deleted from the copy, and it can be restored from there`;
}

export function disappearedJson({ since, accounts, isComplete }: Disappeared): object {
  return { since: since.id, accounts, isComplete };
}
