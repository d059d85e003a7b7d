import { isWithin, type RawPath } from "#image";
import type { JournalEvent, JournalPoint, Sequence } from "#journal";

/** While an account was seen in the middle of a change, and stood still soon after. */
export type UnsettledSpan = {
  readonly path: RawPath;
  /** The mark, and the one that ends it. What lies in between is shown from the second on. */
  readonly from: Sequence;
  readonly until: Sequence;
  /** How those are labelled, nanoseconds since 1970 UTC. */
  readonly fromNs: bigint;
  readonly untilNs: bigint;
};

/** An account that a moment shows as it was before the moment: later changes of it had not come to rest. */
export type EarlierAccount = { readonly path: RawPath; readonly atNs: bigint };

/** Account → the mark after which its events do not count yet. */
export type Withheld = ReadonlyMap<RawPath, Sequence>;

/** Gathers spans while a journal is read. One that nothing ended is none: all that was seen counts. */
export class UnsettledSpans {
  readonly #open = new Map<RawPath, JournalPoint>();
  readonly spans: UnsettledSpan[] = [];

  see(
    { sequence, atNs }: JournalPoint,
    { name, path = "" as RawPath }: Extract<JournalEvent, { type: "mark" }>,
  ): void {
    if (name === "start") this.#open.clear();
    if (name === "unsettled" && !this.#open.has(path)) this.#open.set(path, { sequence, atNs });
    if (name !== "settled") return;
    const from = this.#open.get(path);
    this.#open.delete(path);
    if (from === undefined) return;
    const untilNs = atNs < from.atNs ? from.atNs : atNs;
    this.spans.push({ path, from: from.sequence, until: sequence, fromNs: from.atNs, untilNs });
  }
}

/** Of which accounts an event is in the middle of a change. */
export function withheldAt(spans: readonly UnsettledSpan[], sequence: Sequence): Withheld {
  const withheld = new Map<RawPath, Sequence>();
  for (const { path, from, until } of spans)
    if (from <= sequence && sequence < until) withheld.set(path, from);
  return withheld;
}

/** Which accounts a moment shows as they were earlier; the one that is furthest behind first. */
export function earlierAt(
  spans: readonly UnsettledSpan[],
  sequence: Sequence,
): readonly EarlierAccount[] {
  return spans
    .filter(({ from, until }) => from <= sequence && sequence < until)
    .map(({ path, fromNs }) => ({ path, atNs: fromNs }))
    .toSorted((a, b) => (a.atNs < b.atNs ? -1 : a.atNs > b.atNs ? 1 : 0));
}

/** Whether an event is of an account that is in the middle of a change. */
export function isWithheld(withheld: Withheld, sequence: Sequence, event: JournalEvent): boolean {
  if (!("path" in event) || event.type === "mark" || event.type === "gap") return false;
  const paths = "to" in event ? [event.path, event.to] : [event.path];
  for (const [account, from] of withheld)
    if (sequence > from && paths.some((path) => isWithin(path, account))) return true;
  return false;
}
