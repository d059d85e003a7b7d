/**
 * The Validator port (paper §2.1, hot split, step 3): "Validate the frozen images using a
 * server-specific utility." What it finds goes with the Image as evidence.
 */
import type { ClockNs, Image, RawPath, Validation } from "#image";

/** A throw-away copy of a frozen store, removed when it is closed. */
export type WritableStore = AsyncDisposable & {
  /** Absolute. */
  readonly path: RawPath;
};

export type ValidationRequest = {
  /** The frozen store, read-only. */
  readonly image: Image;
  /** Its root, absolute. */
  readonly path: RawPath;
  /** A throw-away copy of it, for a utility that writes while it looks; `forOtherUsers` lets them enter it. */
  readonly writableCopy: (options?: { readonly forOtherUsers?: boolean }) => Promise<WritableStore>;
  readonly clock: ClockNs;
  readonly signal?: AbortSignal;
};

export interface Validator {
  readonly name: string;
  /**
   * Whether the frozen image is usable, and what was counted. A frozen image that is not is an answer;
   * `server.validator-failed` is thrown when the utility itself cannot be had.
   */
  validate(request: ValidationRequest): Promise<Validation>;
}
