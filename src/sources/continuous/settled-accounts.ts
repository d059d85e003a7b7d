import type { RawPath } from "#image";
import type { JournalEvent } from "#journal";
import { accountOf } from "./account-of.ts";

/** An account that is never still is shown as it was seen all the same. */
const patienceMs = 2000;

/**
 * Which accounts were seen in the middle of a change. What was seen is journalled at once, between two marks: a moment
 * in between shows the account as it was when it last stood still, and where the second mark is missing, all of it.
 */
export class SettledAccounts {
  readonly #steadyMs: () => number;
  readonly #open = new Map<RawPath, number>();
  readonly #restless = new Set<RawPath>();

  constructor({ steadyMs }: { readonly steadyMs: () => number }) {
    this.#steadyMs = steadyMs;
  }

  /** What stands before the events of a round that did not see these stand still. */
  begin(accounts: ReadonlySet<RawPath>): readonly JournalEvent[] {
    const marks: JournalEvent[] = [];
    for (const path of accounts) {
      if (this.#open.has(path) || this.#restless.has(path)) continue;
      this.#open.set(path, this.#steadyMs());
      marks.push({ type: "mark", name: "unsettled", path });
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
      marks.push({ type: "mark", name: "settled", path });
    }
    return marks;
  }
}

/** With the accounts that something moved to or from: it is in both, or in neither. */
export function withMoves(
  accounts: ReadonlySet<RawPath>,
  events: readonly JournalEvent[],
): ReadonlySet<RawPath> {
  const all = new Set(accounts);
  for (const event of events) {
    if (event.type !== "rename" && event.type !== "link") continue;
    const [from, to] = [accountOf(event.path), accountOf(event.to)];
    if (all.has(from) !== all.has(to)) all.add(from).add(to);
  }
  return all;
}
