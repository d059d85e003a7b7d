/** Counts the bytes of messages that are held in memory, and the most there ever were. */
export class BufferMeter {
  #heldBytes = 0;
  #peakBytes = 0;

  get heldBytes(): number {
    return this.#heldBytes;
  }

  get peakBytes(): number {
    return this.#peakBytes;
  }

  add(sizeBytes: number): void {
    this.#heldBytes += sizeBytes;
    this.#peakBytes = Math.max(this.#peakBytes, this.#heldBytes);
  }

  remove(sizeBytes: number): void {
    this.#heldBytes -= sizeBytes;
  }
}
