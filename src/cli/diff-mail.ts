import { findEntry, type Image, type RawPath } from "#image";
import {
  isMailError,
  type MailAccount,
  openAccountsAround,
  openMailStore,
  type StoredMailbox,
} from "#mail";
import { diffAccounts, type MailDifference, type Placed } from "#recovery";
import { accountAddress } from "./mailbox-address.ts";
import { messageName } from "./message-number.ts";
import { type MessageSummary, summariseBytes } from "./message-summary.ts";
import { shownPath } from "./moment-view.ts";
import type { Scope } from "./scope.ts";
import { accountsIn } from "./selected-mail.ts";

/** A message that differs, as it is shown. */
export type MailRow = {
  readonly kind: MailDifference["kind"];
  readonly account: string;
  readonly past?: PlacedName;
  readonly now?: PlacedName;
  readonly message?: MessageSummary;
};
export type PlacedName = { readonly folder: string; readonly target: string };

/** One owner's mail on both sides; absent where it is not there. */
export type AccountPair = {
  readonly past?: MailAccount;
  readonly now?: MailAccount;
};

export type DiffMailOptions = {
  readonly past: Image;
  readonly now: Image;
  /** Where the Images' roots lie on their machine. */
  readonly root: RawPath;
  readonly signal: AbortSignal;
};

/**
 * The accounts of a scope whose messages cannot be told apart by files: all but Maildirs, and these
 * too where a single folder of another layout was named.
 */
export async function accountPairs(
  scope: Scope,
  { past, now, root, signal }: DiffMailOptions,
): Promise<readonly AccountPair[]> {
  const isByFiles = ({ layout }: MailAccount): boolean => layout === "maildir";
  const before = await accountsIn(scope, { image: past, root, signal });
  const pairs: AccountPair[] = [];
  for (const account of before.filter((one) => !isByFiles(one))) {
    const there = await sameAccount(now, { account, signal });
    pairs.push({ past: account, ...(there === undefined ? {} : { now: there }) });
  }
  if (scope.account !== undefined) return pairs;
  const isThere = scope.path === "" || (await findEntry(now, scope.path)) !== undefined;
  const after = isThere ? (await openMailStore(now, { root: scope.path, signal })).accounts : [];
  for (const account of after.filter((one) => !isByFiles(one)))
    if (!before.some((one) => isSame(one, account))) pairs.push({ now: account });
  return pairs;
}

async function sameAccount(
  image: Image,
  { account, signal }: { readonly account: MailAccount; readonly signal: AbortSignal },
): Promise<MailAccount | undefined> {
  const around = await openAccountsAround(image, account.root, signal);
  return around.find((one) => isSame(one, account));
}

function isSame(a: MailAccount, b: MailAccount): boolean {
  return a.root === b.root && a.owner === b.owner;
}

export type MailRows = {
  readonly rows: readonly MailRow[];
  readonly same: number;
  readonly warnings: readonly string[];
};

/** What differs between both sides of an account, message by message. */
export async function diffMail(
  pair: AccountPair,
  scope: Scope,
  { root, signal }: DiffMailOptions,
): Promise<MailRows> {
  const { mailbox } = scope;
  const isMeant =
    mailbox === undefined ? undefined : (one: StoredMailbox) => one.name === mailbox.name;
  const { differences, same, warnings } = await diffAccounts(pair.past, pair.now, {
    signal,
    ...(isMeant === undefined ? {} : { isMeant }),
  });
  const rows: MailRow[] = [];
  for (const difference of differences) rows.push(await rowOf(difference, pair, { root, signal }));
  return { rows, same, warnings };
}

type Naming = { readonly root: RawPath; readonly signal: AbortSignal };

async function rowOf(
  difference: MailDifference,
  { past, now }: AccountPair,
  { root, signal }: Naming,
): Promise<MailRow> {
  const account = past ?? now;
  if (account === undefined) throw new Error("a difference of no account");
  const nameOf = ({ mailbox, message }: Placed, of: MailAccount): PlacedName => ({
    folder: mailbox.name,
    target: messageName(message, { account: of, folder: shownPath(root, mailbox.path), root }),
  });
  const one = difference.kind === "created" ? difference.now : difference.past;
  const reader = difference.kind === "created" ? now : past;
  const message = await summaryOf(one, reader as MailAccount, signal);
  return {
    kind: difference.kind,
    account: accountAddress(account, root),
    ...("past" in difference ? { past: nameOf(difference.past, past as MailAccount) } : {}),
    ...("now" in difference ? { now: nameOf(difference.now, now as MailAccount) } : {}),
    ...(message === undefined ? {} : { message }),
  };
}

async function summaryOf(
  { message }: Placed,
  account: MailAccount,
  signal: AbortSignal,
): Promise<MessageSummary | undefined> {
  try {
    return await summariseBytes(account.read(message, { signal }));
  } catch (error) {
    if (!isMailError(error)) throw error;
    return undefined;
  }
}
