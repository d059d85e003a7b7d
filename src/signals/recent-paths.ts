import type { RawPath } from "#image";

export type RecentEvent = "new" | "removed" | "thrown-away";

/** Beyond this an alarm is due anyway. */
const mostPaths = 100_000;

/** What happened to single names in the last minutes; bounded, oldest forgotten first. */
export class RecentPaths {
  readonly #windowNs: bigint;
  readonly #seen = new Map<string, { readonly what: RecentEvent; readonly atNs: bigint }>();

  constructor(windowMs: number) {
    this.#windowNs = BigInt(windowMs) * 1_000_000n;
  }

  note(key: string, what: RecentEvent, atNs: bigint): void {
    this.#seen.delete(key);
    this.#seen.set(key, { what, atNs });
    for (const [oldest, seen] of this.#seen) {
      if (this.#seen.size <= mostPaths && atNs - seen.atNs <= this.#windowNs) break;
      this.#seen.delete(oldest);
    }
  }

  /** What it was, and forgets it. */
  take(key: string, nowNs: bigint): RecentEvent | undefined {
    const seen = this.#seen.get(key);
    this.#seen.delete(key);
    return seen === undefined || nowNs - seen.atNs > this.#windowNs ? undefined : seen.what;
  }

  has(key: string, what: RecentEvent, nowNs: bigint): boolean {
    const seen = this.#seen.get(key);
    return seen?.what === what && nowNs - seen.atNs <= this.#windowNs;
  }
}

export function keyOf(kind: "path" | "message", name: string | RawPath): string {
  return `${kind}:${name}`;
}
