import type { Sequence } from "../journal-event.ts";

const pattern = /^(\d{16})\.journal$/;

/** By the first sequence in it, so that names sort as segments do. */
export function segmentName(first: Sequence): string {
  return `${String(first).padStart(16, "0")}.journal`;
}

/** The first sequence; undefined of a file that is no segment. */
export function firstOfSegment(name: string): Sequence | undefined {
  const [, digits] = pattern.exec(name) ?? [];
  return digits === undefined ? undefined : Number(digits);
}
