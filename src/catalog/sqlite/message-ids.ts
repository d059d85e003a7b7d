/**
 * Numbers of messages: they grow with the date, so that walking them down is walking from the newest
 * message, without sorting. What they are follows from the message alone, save for the few that find
 * their place taken.
 *
 * | message   | number                                                     |
 * | --------- | ---------------------------------------------------------- |
 * | dated     | seconds since 1970 × 2^20 + 20 bits of its identity         |
 * | undated   | −1 − 44 bits of its identity: older than all                |
 */
const slots = 2 ** 20;
/** Of 64 hexadecimal digits: each try takes others. */
const tries = [0, 8, 16, 24, 32, 40, 48] as const;

export function messageNumber(
  { identity, dateS }: { readonly identity: string; readonly dateS?: number },
  { isFree, lowest }: { readonly isFree: (id: number) => boolean; readonly lowest: () => number },
): number {
  const bits = (from: number, digits: number): number =>
    Number.parseInt(identity.slice(from, from + digits), 16);
  if (dateS !== undefined) {
    for (const from of tries) {
      const id = dateS * slots + bits(from, 5);
      if (isFree(id)) return id;
    }
  }
  for (const from of tries) {
    const id = -1 - bits(from, 11);
    if (isFree(id)) return id;
  }
  // Only where somebody made messages to fit: they come last.
  return Math.min(lowest(), -(2 ** 44)) - 1;
}

/** The lowest and the highest number of messages of a span of dates; without bounds also undated ones. */
export function numbersBetween(
  fromS: number | undefined,
  beforeS: number | undefined,
): { readonly lowest: number; readonly highest: number } {
  return {
    lowest: fromS === undefined ? (beforeS === undefined ? -(2 ** 52) : 0) : fromS * slots,
    highest: beforeS === undefined ? Number.MAX_SAFE_INTEGER : beforeS * slots - 1,
  };
}
