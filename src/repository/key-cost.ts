import type { ScryptCost } from "#derivation";

/** restic calibrates to half a second; these are what it chose on a small server of 2026. */
let cost: ScryptCost = { N: 32_768, r: 8, p: 7 };

/** How hard the password of a new key is to guess. */
export function keyCost(): ScryptCost {
  return cost;
}

/**
 * For tests, which make and open repositories by the hundred: keys of this process are guessed in no
 * time from here on. The room's door does not lead here, so that no build has it.
 */
export function makeKeysCheap(): void {
  cost = { N: 2, r: 1, p: 1 };
}
