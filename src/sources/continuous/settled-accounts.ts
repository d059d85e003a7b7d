import type { RawPath } from "#image";
import type { JournalEvent } from "#journal";
import type { StoreAccounts } from "./store-accounts.ts";

/** An account that is never still is shown as it was seen all the same. */
const patienceMs = 2000;

/**
 * Which accounts were seen in the middle of a change. What was seen is journalled at once, between two marks: a moment
 * in between shows the account as it was when it last stood still, and where the second mark is missing, all of it.
 */
export class SettledAccounts {
  readonly #steadyMs: () => number;
  readonly #accounts: StoreAccounts;
  readonly #open = new Map<RawPath, number>();
  readonly #restless = new Set<RawPath>();

  constructor(options: { readonly steadyMs: () => number; readonly accounts: StoreAccounts }) {
    this.#steadyMs = options.steadyMs;
    this.#accounts = options.accounts;
  }

  /** What stands before the events of a round that did not see these stand still. */
  begin(accounts: ReadonlySet<RawPath>): readonly JournalEvent[] {
    const marks: JournalEvent[] = [];
    for (const path of accounts) {
      if (this.#open.has(path) || this.#restless.has(path)) continue;
      this.#open.set(path, this.#steadyMs());
      marks.push(...this.#marks("unsettled", path));
    }
    return marks;
  }

  /** What stands after the events of a round, when it is over. */
  end(unsettled: ReadonlySet<RawPath>): readonly JournalEvent[] {
    for (const path of this.#restless) if (!unsettled.has(path)) this.#restless.delete(path);
    const marks: JournalEvent[] = [];
    for (const [path, sinceMs] of this.#open) {
      const isRestless = unsettled.has(path);
      if (isRestless && this.#steadyMs() - sinceMs < patienceMs) continue;
      if (isRestless) this.#restless.add(path);
      this.#open.delete(path);
      marks.push(...this.#marks("settled", path));
    }
    return marks;
  }

  /** Of all that is the account's, side by side: no moment has one part of it without the others. */
  #marks(name: "unsettled" | "settled", account: RawPath): readonly JournalEvent[] {
    return this.#accounts.partsOf(account).map((path) => ({ type: "mark", name, path }));
  }
}

/** With the accounts that something moved to or from: it is in both, or in neither. */
export function withMoves(
  accounts: ReadonlySet<RawPath>,
  events: readonly JournalEvent[],
  accountOf: (path: RawPath) => RawPath,
): ReadonlySet<RawPath> {
  const all = new Set(accounts);
  for (const event of events) {
    if (event.type !== "rename" && event.type !== "link") continue;
    const [from, to] = [accountOf(event.path), accountOf(event.to)];
    if (all.has(from) !== all.has(to)) all.add(from).add(to);
  }
  return all;
}
