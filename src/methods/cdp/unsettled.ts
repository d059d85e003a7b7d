import { isWithin, type RawPath } from "#image";
import type { JournalEvent, Sequence } from "#journal";

/** While an account was seen in the middle of a change, and stood still soon after. */
export type UnsettledSpan = {
  readonly path: RawPath;
  /** The mark, and the one that ends it. What lies in between is shown from the second on. */
  readonly from: Sequence;
  readonly until: Sequence;
};

/** Account → the mark after which its events do not count yet. */
export type Withheld = ReadonlyMap<RawPath, Sequence>;

/** Gathers spans while a journal is read. One that nothing ended is none: all that was seen counts. */
export class UnsettledSpans {
  readonly #open = new Map<RawPath, Sequence>();
  readonly spans: UnsettledSpan[] = [];

  see(
    sequence: Sequence,
    { name, path = "" as RawPath }: Extract<JournalEvent, { type: "mark" }>,
  ): void {
    if (name === "start") this.#open.clear();
    if (name === "unsettled" && !this.#open.has(path)) this.#open.set(path, sequence);
    if (name !== "settled") return;
    const from = this.#open.get(path);
    this.#open.delete(path);
    if (from !== undefined) this.spans.push({ path, from, until: sequence });
  }
}

/** Of which accounts an event is in the middle of a change. */
export function withheldAt(spans: readonly UnsettledSpan[], sequence: Sequence): Withheld {
  const withheld = new Map<RawPath, Sequence>();
  for (const { path, from, until } of spans)
    if (from <= sequence && sequence < until) withheld.set(path, from);
  return withheld;
}

/** Whether an event is of an account that is in the middle of a change. */
export function isWithheld(withheld: Withheld, sequence: Sequence, event: JournalEvent): boolean {
  if (!("path" in event) || event.type === "mark" || event.type === "gap") return false;
  const paths = "to" in event ? [event.path, event.to] : [event.path];
  for (const [account, from] of withheld)
    if (sequence > from && paths.some((path) => isWithin(path, account))) return true;
  return false;
}
