import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { RecoveryPoint } from "#copies";
import { isRecoveryError, systemErrorCode } from "#errors";
import { writeDurably } from "#files";
import { displayPath, type Image, type ImageProblem, joinRawPath } from "#image";
import type { Disappeared } from "./lost-accounts.ts";
import { accountAddress } from "./mailbox-address.ts";
import { imageRoot } from "./moment-view.ts";
import { ownFolder } from "./folders.ts";
import { safeText } from "./text.ts";

/**
 * Whose mail the newest moment of a group has in a copy whose moments cannot be compared cheaply: a tape
 * would have to be fetched, a clone read anew. A file of the state folder, which may be deleted: then
 * the next moment is compared with nothing. JSON; paths are absolute, as text.
 */
export type KnownAccounts = {
  readonly version: 1;
  /** The folders that were captured: of others the accounts are others. */
  readonly paths: readonly string[];
  readonly point: KnownPoint;
  readonly accounts: readonly KnownAccount[];
  readonly gone?: {
    readonly since: KnownPoint;
    readonly foundAtNs: string;
    readonly accounts: readonly KnownAccount[];
  };
};

type KnownAccount = { readonly address: string; readonly path: string };
type KnownPoint = { readonly id: string; readonly atNs: string };

const mostAccounts = 200_000;
const mostGone = 1000;

/** What of a copy and a group its file is named by. */
export type KnownPlace = {
  readonly stateFolder: string;
  /** Where the copy lies. */
  readonly copy: string;
  readonly group: string;
};

export type SeenAccounts = {
  readonly accounts: readonly KnownAccount[];
  /** All folders were looked at. */
  readonly isComplete: boolean;
};

/** The accounts of an Image that was just captured. */
export async function seeAccounts(
  image: Image,
  { point, signal }: { readonly point: RecoveryPoint; readonly signal: AbortSignal },
): Promise<SeenAccounts | undefined> {
  const { openMailStore } = await import("#mail");
  const root = imageRoot(point);
  try {
    const { accounts, problems } = await openMailStore(image, { signal });
    if (accounts.length > mostAccounts) return undefined;
    const seen = accounts.map((account) => ({
      address: accountAddress(account, root),
      path: displayPath(account.root === "" ? root : joinRawPath(root, account.root)),
    }));
    return { accounts: seen, isComplete: problems.length === 0 };
  } catch (error) {
    signal.throwIfAborted();
    // The moment is taken; that its accounts are not known is no failure of that.
    if (!isRecoveryError(error)) throw error;
    return undefined;
  }
}

export type CompareAccounts = {
  readonly seen: SeenAccounts;
  readonly point: RecoveryPoint;
  /** What the moment could not read is not gone. */
  readonly problems: readonly ImageProblem[];
  readonly nowNs: bigint;
};

/** Pure: what to remember, and who is newly gone since the moment before. */
export function compareAccounts(
  before: KnownAccounts | undefined,
  { seen, point, problems, nowNs }: CompareAccounts,
): { readonly known: KnownAccounts; readonly gone: readonly KnownAccount[] } {
  const now = { id: point.id, atNs: String(point.atNs) };
  const known = { version: 1, paths: point.paths, point: now } as const;
  const isSame = before !== undefined && before.paths.join("\0") === point.paths.join("\0");
  if (!isSame) return { known: { ...known, accounts: seen.accounts }, gone: [] };
  const there = new Set(seen.accounts.map(keyOf));
  const missing = before.accounts.filter((account) => !there.has(keyOf(account)));
  const root = imageRoot(point);
  const unread = problems
    .filter(({ code }) => code === "unlistable" || code === "unreadable")
    .map(({ path }) => displayPath(path === "" ? root : joinRawPath(root, path)));
  const isUnread = ({ path }: KnownAccount): boolean =>
    unread.some((one) => one === path || path.startsWith(`${one}/`) || one.startsWith(`${path}/`));
  const gone = missing.filter((account) => !isUnread(account));
  // One that is back is not gone any more.
  const stillGone = (before.gone?.accounts ?? []).filter((account) => !there.has(keyOf(account)));
  const all = [...stillGone, ...gone].slice(0, mostGone);
  const since = stillGone.length > 0 && before.gone !== undefined ? before.gone : undefined;
  return {
    gone,
    known: {
      ...known,
      // What could not be looked at is compared again next time.
      accounts: [...seen.accounts, ...missing.filter(isUnread)],
      ...(all.length === 0
        ? {}
        : {
            gone: {
              since: since?.since ?? before.point,
              foundAtNs: since?.foundAtNs ?? String(nowNs),
              accounts: all,
            },
          }),
    },
  };
}

/** Compares with what is known and remembers the rest. Undefined where nobody is gone. */
export async function noteAccounts(
  place: KnownPlace,
  compared: CompareAccounts & { readonly onProblem: (sentence: string) => void },
): Promise<Disappeared | undefined> {
  const before = await recallAccounts(place);
  const { known, gone } = compareAccounts(before, compared);
  try {
    await ownFolder(join(place.stateFolder, folderName));
    await writeDurably(fileOf(place), Buffer.from(`${JSON.stringify(known)}\n`));
  } catch (error) {
    const reason = systemErrorCode(error) ?? safeText(String(error));
    compared.onProblem(
      `whose mail there is was not remembered (${reason}): who disappears next is not noticed here`,
    );
  }
  if (gone.length === 0 || before === undefined) return undefined;
  return disappearedOf(before.point, gone, compared.seen.isComplete);
}

/** Who is gone from the newest moment and was noticed within this time. */
export async function recallDisappeared(
  place: KnownPlace,
  { nowNs, withinMs }: { readonly nowNs: bigint; readonly withinMs: number },
): Promise<Disappeared | undefined> {
  const gone = (await recallAccounts(place))?.gone;
  if (gone === undefined) return undefined;
  const ageNs = nowNs - BigInt(gone.foundAtNs);
  if (ageNs > BigInt(Math.round(withinMs)) * 1_000_000n) return undefined;
  return disappearedOf(gone.since, gone.accounts, true);
}

function disappearedOf(
  { id, atNs }: KnownPoint,
  accounts: readonly KnownAccount[],
  isComplete: boolean,
): Disappeared {
  return {
    since: { id, atNs: BigInt(atNs) },
    accounts: accounts.toSorted((a, b) => (a.address < b.address ? -1 : 1)),
    isComplete,
  };
}

const folderName = "accounts";
const longestBytes = 64 * 1024 * 1024;

function fileOf({ stateFolder, copy, group }: KnownPlace): string {
  const name = createHash("sha256").update(`${copy}\0${group}`).digest("hex");
  return join(stateFolder, folderName, `${name}.json`);
}

/** Undefined where there is none, or it cannot be read: then nothing is known. */
export async function recallAccounts(place: KnownPlace): Promise<KnownAccounts | undefined> {
  try {
    const bytes = await readFile(fileOf(place));
    const value: unknown = bytes.length > longestBytes ? undefined : JSON.parse(bytes.toString());
    return isKnownAccounts(value) ? value : undefined;
  } catch (error) {
    if (systemErrorCode(error) === undefined && !(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}

function isKnownAccounts(value: unknown): value is KnownAccounts {
  if (typeof value !== "object" || value === null) return false;
  const { version, paths, point, accounts, gone } = value as Partial<
    Record<keyof KnownAccounts, unknown>
  >;
  if (version !== 1 || !isListOf(paths, isText) || !isPoint(point)) return false;
  if (!isListOf(accounts, isAccount)) return false;
  if (gone === undefined) return true;
  if (typeof gone !== "object" || gone === null) return false;
  const { since, foundAtNs, accounts: those } = gone as Readonly<Record<string, unknown>>;
  return isPoint(since) && isNumber(foundAtNs) && isListOf(those, isAccount);
}

function isPoint(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { id, atNs } = value as Readonly<Record<string, unknown>>;
  return isText(id) && isNumber(atNs);
}

function isAccount(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { address, path } = value as Readonly<Record<string, unknown>>;
  return isText(address) && isText(path);
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

function isNumber(value: unknown): boolean {
  return typeof value === "string" && /^-?\d{1,20}$/.test(value);
}

function isListOf(value: unknown, isOne: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every((item) => isOne(item));
}

function keyOf({ address, path }: KnownAccount): string {
  return `${path}\0${address}`;
}
