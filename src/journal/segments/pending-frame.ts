import type { Sequence } from "../journal-event.ts";
import type { SegmentEncoder } from "./segment-encoder.ts";

export type PendingFrameOptions = {
  readonly segment: SegmentEncoder;
  readonly sequence: Sequence;
  readonly parts: readonly Buffer[];
  readonly sizeBytes: number;
  readonly whenDurable?: () => void;
  /** It need not be durable at once: it is written, and goes with the next sync, or the one that is due soon. */
  readonly isPatient?: boolean;
};

/**
 * A frame on its way to the disk. Who waits for it is told when it has left this process, and when it
 * survives a power cut; for most frames nobody does, so promises are made when they are asked for.
 */
export class PendingFrame {
  readonly segment: SegmentEncoder;
  readonly sequence: Sequence;
  readonly sizeBytes: number;
  readonly isPatient: boolean;
  readonly #whenDurable: (() => void) | undefined;
  #parts: readonly Buffer[];
  #isWritten = false;
  #isDurable = false;
  #failure: Error | undefined;
  #waitsForWritten: PromiseWithResolvers<void> | undefined;
  #waitsForDurable: PromiseWithResolvers<void> | undefined;

  constructor(options: PendingFrameOptions) {
    this.segment = options.segment;
    this.sequence = options.sequence;
    this.sizeBytes = options.sizeBytes;
    this.isPatient = options.isPatient === true;
    this.#whenDurable = options.whenDurable;
    this.#parts = options.parts;
  }

  /** What is to be written; nothing when that is done. */
  get parts(): readonly Buffer[] {
    return this.#parts;
  }

  get written(): Promise<void> {
    this.#waitsForWritten ??= promiseOf(this.#isWritten, this.#failure);
    return this.#waitsForWritten.promise;
  }

  get durable(): Promise<void> {
    this.#waitsForDurable ??= promiseOf(this.#isDurable, this.#failure);
    return this.#waitsForDurable.promise;
  }

  nowWritten(): void {
    this.#isWritten = true;
    this.#parts = [];
    this.#waitsForWritten?.resolve();
  }

  nowDurable(): void {
    this.#isDurable = true;
    this.#whenDurable?.();
    this.#waitsForDurable?.resolve();
  }

  /** It will never be durable; what was written before stays so. */
  fail(error: Error): void {
    this.#failure = error;
    this.#parts = [];
    this.#waitsForWritten?.reject(error);
    this.#waitsForDurable?.reject(error);
  }
}

function promiseOf(isDone: boolean, failure: Error | undefined): PromiseWithResolvers<void> {
  const waiting = Promise.withResolvers<void>();
  // Not everybody waits to the end: the next call throws the reason.
  waiting.promise.catch(() => undefined);
  if (isDone) waiting.resolve();
  else if (failure !== undefined) waiting.reject(failure);
  return waiting;
}
