import type { JournalPoint, JournalRecord, Sequence } from "#journal";

/**
 * What a first scan finds happened somewhen while nothing was followed, whenever it is written down: all was
 * well for the last time when following had ended.
 */
export class UnseenSpan {
  /** The last record before following began anew: the gap after it may begin before it was seen. */
  last: JournalPoint | undefined;
  #known: JournalPoint | undefined;
  #from: Sequence = 0;
  #until: Sequence | undefined;

  see({ sequence, event }: JournalRecord): void {
    const isOver = this.#known === undefined || this.#until !== undefined;
    // The scan tells of the same gap again, narrowed, before it is done.
    if (event.type === "gap" && event.why === "not-running" && isOver) {
      const { last = { sequence: sequence - 1, atNs: 0n } } = this;
      const atNs = last.atNs > event.fromNs ? last.atNs : event.fromNs;
      this.#known = { sequence: last.sequence, atNs };
      this.#from = sequence;
      this.#until = undefined;
    } else if (event.type === "mark" && event.name === "reconciled" && event.path === undefined)
      this.#until ??= sequence;
  }

  /** The last point at which it is known that what comes after this one had not happened. */
  before(point: JournalPoint): JournalPoint {
    const next = point.sequence + 1;
    if (this.#known === undefined || next < this.#from) return point;
    return this.#until === undefined || next <= this.#until ? this.#known : point;
  }
}
