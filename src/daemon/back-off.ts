const firstMs = 1000;
const mostMs = 5 * 60_000;

/**
 * How long a group waits before it is started again, after so many failures in a row: 1 s, 2 s, 4 s, …
 * up to five minutes. `spread` is a random number from 0 to 1: what failed together does not start together.
 */
export function backOffMs(failures: number, spread: number): number {
  const wait = Math.min(mostMs, firstMs * 2 ** Math.min(30, Math.max(0, failures - 1)));
  return Math.round(wait * (0.75 + spread / 2));
}
