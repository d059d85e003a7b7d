import type { Catalog, KnownAccount, KnownMoment, Query } from "#catalog";
import { displayPath, isWithin, joinRawPath, type RawPath, rawPathFromText } from "#image";
import { accountAddress, isAddressOf } from "./mailbox-address.ts";
import type { Target } from "./target.ts";

/** What of a catalog a target means. */
export type FindScope = {
  /** Undefined: all. */
  readonly accounts?: readonly number[];
  readonly query: Query;
};

/** An account with where it lies on its machine, and whose it is. */
export type PlacedAccount = {
  readonly account: KnownAccount;
  /** Absolute. */
  readonly path: RawPath;
  readonly address: string;
  readonly group: string;
};

/** By the account's number. */
export async function placedAccounts(
  catalog: Catalog,
): Promise<ReadonlyMap<number, PlacedAccount>> {
  const moments = new Map<string, KnownMoment>();
  for (const moment of await catalog.moments()) moments.set(moment.history, moment);
  const placed = new Map<number, PlacedAccount>();
  for (const account of await catalog.accounts()) {
    const moment = moments.get(account.history);
    if (moment === undefined) continue;
    const { paths, group } = moment;
    // A moment of several folders opens at the root of its machine.
    const root = rawPathFromText(paths.length === 1 ? (paths[0] as string) : "/");
    placed.set(account.id, {
      account,
      path: account.root === "" ? root : joinRawPath(root, account.root),
      address: accountAddress(account, root),
      group,
    });
  }
  return placed;
}

/** The accounts of a target, and its folder as a condition. */
export async function findScope(
  query: Query,
  target: Target | undefined,
  {
    catalog,
    placed,
  }: { readonly catalog: Catalog; readonly placed: ReadonlyMap<number, PlacedAccount> },
): Promise<FindScope> {
  if (target === undefined) return { query };
  const { mailboxes, groups } = target;
  const ofGroups = [...placed.values()].filter(
    ({ group }) => groups === undefined || groups.includes(group),
  );
  if (mailboxes !== undefined) {
    const meant = ofGroups.filter(({ address }) =>
      mailboxes.kind === "mailbox"
        ? isAddressOf(mailboxes.mailbox, address)
        : mailboxes.matches(address),
    );
    return { accounts: idsOf(meant), query: within(query, mailboxes.folder) };
  }
  const wanted = joinRawPath(rawPathFromText(target.store), target.within);
  const meant = ofGroups.filter(({ path }) => isWithin(path, wanted) || isWithin(wanted, path));
  const folder = await folderAt(wanted, meant, catalog);
  return { accounts: idsOf(meant), query: within(query, folder) };
}

function idsOf(placed: readonly PlacedAccount[]): readonly number[] {
  return placed.map(({ account }) => account.id);
}

/** The name of the folder that a path within an account's own folder is. */
async function folderAt(
  wanted: RawPath,
  meant: readonly PlacedAccount[],
  catalog: Catalog,
): Promise<string | undefined> {
  const around = meant.filter(({ path }) => wanted !== path && isWithin(wanted, path));
  if (around.length === 0) return undefined;
  const ids = new Set(idsOf(around));
  for (const { account, path, name } of await catalog.mailboxes()) {
    const place = around.find((one) => one.account.id === account.id);
    if (place === undefined || !ids.has(account.id) || path === account.root) continue;
    const absolute = (place.path.slice(0, place.path.length - account.root.length) +
      path) as RawPath;
    if (isWithin(wanted, absolute)) return name;
  }
  return displayPath(wanted);
}

function within({ conditions }: Query, folder: string | undefined): Query {
  if (folder === undefined) return { conditions };
  return { conditions: [...conditions, { kind: "in", mailbox: folder, isNot: false }] };
}
