/**
 * The set of blobs that need not be stored, shared by all threads of a capture: what the
 * repository has, and what some thread has claimed in this run. A claim is decided by one
 * compare-and-exchange, so no blob is stored twice and no thread waits for another.
 *
 * Open addressing in a SharedArrayBuffer: a state word and 32 bytes of ID a slot.
 */
import type { BlobType } from "./pack-format.ts";

const slotFree = 0;
const slotBusy = 1;
const slotData = 2;
const slotTree = 3;

export type KnownBlobs = {
  /** True when the caller is the first to name this blob and must store it. */
  claim(id: Uint8Array, type: BlobType): boolean;
  has(id: Uint8Array, type: BlobType): boolean;
};

/** Room for `blobs` claims at half load. */
export function allocateKnownBlobs(blobs: number): SharedArrayBuffer {
  const slots = 2 ** Math.ceil(Math.log2(Math.max(blobs, 1024) * 2));
  return new SharedArrayBuffer(slots * 36);
}

/** `stored`: blobs that are known beside those of the table, where not all of an index is worth filling in. */
export function openKnownBlobs(
  memory: SharedArrayBuffer,
  stored?: Pick<KnownBlobs, "has">,
): KnownBlobs {
  const slots = memory.byteLength / 36;
  const mask = slots - 1;
  const states = new Int32Array(memory, 0, slots);
  const words = new Int32Array(memory, slots * 4, slots * 8);
  const wanted = new Int32Array(8);
  const wantedBytes = new Uint8Array(wanted.buffer);

  function settled(slot: number): number {
    // Another thread is copying 32 bytes: it is done within nanoseconds.
    let state = Atomics.load(states, slot);
    while (state === slotBusy) state = Atomics.load(states, slot);
    return state;
  }

  function equal(slot: number): boolean {
    const start = slot * 8;
    for (let word = 0; word < 8; word++) if (words[start + word] !== wanted[word]) return false;
    return true;
  }

  function claim(id: Uint8Array, type: BlobType): boolean {
    if (stored?.has(id, type) === true) return false;
    const typeState = type === "tree" ? slotTree : slotData;
    wantedBytes.set(id);
    let slot = ((wanted[0] as number) >>> 0) & mask;
    for (let tries = 0; tries < slots; tries++) {
      if (Atomics.load(states, slot) === slotFree) {
        if (Atomics.compareExchange(states, slot, slotFree, slotBusy) === slotFree) {
          words.set(wanted, slot * 8);
          Atomics.store(states, slot, typeState);
          return true;
        }
      }
      if (settled(slot) === typeState && equal(slot)) return false;
      slot = (slot + 1) & mask;
    }
    // Full: the blob is stored again, which is harmless.
    return true;
  }

  function has(id: Uint8Array, type: BlobType): boolean {
    if (stored?.has(id, type) === true) return true;
    const typeState = type === "tree" ? slotTree : slotData;
    wantedBytes.set(id);
    let slot = ((wanted[0] as number) >>> 0) & mask;
    for (let tries = 0; tries < slots; tries++) {
      const state = settled(slot);
      if (state === slotFree) return false;
      if (state === typeState && equal(slot)) return true;
      slot = (slot + 1) & mask;
    }
    return false;
  }

  return { claim, has };
}

/** A table of twice the size, with room for `moreBlobs` beside that, with all of this one's blobs. Only while no thread uses the old one. */
export function growKnownBlobs(memory: SharedArrayBuffer, moreBlobs = 0): SharedArrayBuffer {
  const slots = memory.byteLength / 36;
  const states = new Int32Array(memory, 0, slots);
  const ids = new Uint8Array(memory, slots * 4);
  const larger = allocateKnownBlobs(slots + moreBlobs);
  const blobs = openKnownBlobs(larger);
  for (let slot = 0; slot < slots; slot++) {
    const state = states[slot];
    if (state === slotFree) continue;
    blobs.claim(ids.subarray(slot * 32, slot * 32 + 32), state === slotTree ? "tree" : "data");
  }
  return larger;
}
