import { rawBaseName, type RawPath } from "#image";
import { looksRandom } from "./byte-entropy.ts";
import type { At } from "./burst-window.ts";
import { isTrashName } from "./mail-place.ts";

/** Who hears of what happened to an mbox. */
export type MboxTeller = {
  /** How many KiB it has now. */
  readonly size: (path: RawPath, kib: number) => void;
  readonly lose: (path: RawPath, kib: number, at: At) => void;
  /** It became noise. */
  readonly scramble: (path: RawPath, at: At) => void;
};

/** Files of many messages whose size is their mail. */
export class MboxMail {
  readonly #tell: MboxTeller;
  /** Bytes of each. */
  readonly #sizes = new Map<RawPath, number>();

  constructor(tell: MboxTeller) {
    this.#tell = tell;
  }

  learn(path: RawPath, sizeBytes: number): void {
    this.#sizes.set(path, sizeBytes);
    this.#tell.size(path, Math.ceil(sizeBytes / 1024));
  }

  /** `head`: how it begins, where that is at hand. */
  written(
    path: RawPath,
    { sizeBytes, head }: { readonly sizeBytes: number; readonly head: Uint8Array | undefined },
    at: At,
  ): void {
    const before = this.#sizes.get(path);
    if (before === undefined && !startsAsMbox(head)) return;
    if (before !== undefined && head !== undefined && looksRandom(head))
      this.#tell.scramble(path, at);
    this.learn(path, sizeBytes);
    const lostBytes = (before ?? 0) - sizeBytes;
    if (lostBytes > 0 && !isTrashName(rawBaseName(path)))
      this.#tell.lose(path, Math.ceil(lostBytes / 1024), at);
  }

  removed(path: RawPath, at: At): void {
    if (!this.#sizes.has(path)) return;
    this.written(path, { sizeBytes: 0, head: undefined }, at);
    this.#sizes.delete(path);
  }

  /** A program that writes an mbox anew puts the new one in the place of the old by its name. */
  renamed(path: RawPath, to: RawPath, at: At): void {
    const sizeBytes = this.#sizes.get(path);
    if (sizeBytes === undefined) return;
    this.learn(path, 0);
    this.#sizes.delete(path);
    this.written(to, { sizeBytes, head: mboxStart }, at);
  }
}

const mboxStart = Buffer.from("From ");

function startsAsMbox(head: Uint8Array | undefined): boolean {
  return head !== undefined && Buffer.from(head.subarray(0, 5)).equals(mboxStart);
}
