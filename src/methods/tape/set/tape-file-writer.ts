import {
  encodeFileLabels,
  encodeVolumeLabel,
  type FileLabel,
  type LabelKind,
} from "../format/index.ts";
import { volumeSerialOf } from "../drive/index.ts";
import type { TapeSession } from "./tape-session.ts";

export type TapeFileOptions = Omit<FileLabel, "blockCount" | "tornAtByte"> & {
  readonly signal?: AbortSignal | undefined;
  /** Write VOL1 first: the file is the first of the tape. */
  readonly withVolumeLabel?: boolean;
};

/** One file of tape between its labels. Bytes are gathered into whole blocks; the last one is filled up with zeros. */
export class TapeFileWriter {
  readonly session: TapeSession;
  readonly #options: TapeFileOptions;
  readonly #buffer: Buffer;
  #buffered = 0;
  #blocks = 0;

  private constructor(session: TapeSession, options: TapeFileOptions) {
    this.session = session;
    this.#options = options;
    this.#buffer = Buffer.allocUnsafeSlow(options.blockBytes);
  }

  /** Writes the labels before the file. */
  static async begin(session: TapeSession, options: TapeFileOptions): Promise<TapeFileWriter> {
    const { signal } = options;
    if (options.withVolumeLabel === true)
      await session.requiredBlock(encodeVolumeLabel(volumeSerialOf(session.barcode)), signal);
    for (const label of encodeFileLabels("HDR", { ...options, blockCount: 0 }))
      await session.requiredBlock(label, signal);
    await session.mark(signal);
    return new TapeFileWriter(session, options);
  }

  /** Number of the tape's file that the bytes lie in. */
  get file(): number {
    return this.session.file;
  }

  get blocks(): number {
    return this.#blocks;
  }

  /** Bytes so far, those on tape and those still gathered. */
  get sizeBytes(): number {
    return this.writtenBytes + this.#buffered;
  }

  /** Bytes that are on the tape and cannot be taken back. */
  get writtenBytes(): number {
    return this.#blocks * this.#options.blockBytes;
  }

  /** False when the tape is at its end and not everything was taken; some of it may be on the tape. */
  async write(bytes: Uint8Array): Promise<boolean> {
    for (let at = 0; at < bytes.length;) {
      if (this.#buffered === this.#buffer.length && !(await this.#flush())) return false;
      if (this.session.full) return false;
      const piece = bytes.subarray(at, at + this.#buffer.length - this.#buffered);
      this.#buffer.set(piece, this.#buffered);
      this.#buffered += piece.length;
      at += piece.length;
    }
    return this.#buffered < this.#buffer.length || (await this.#flush());
  }

  /** Takes back gathered bytes from a place on; what is on the tape stays. */
  cutTo(sizeBytes: number): void {
    if (sizeBytes < this.sizeBytes) this.#buffered = Math.max(0, sizeBytes - this.writtenBytes);
  }

  /** Writes out what is gathered and these last bytes: into the reserve at the end of the tape, if need be. */
  async finish(last: Uint8Array): Promise<void> {
    const rest = Buffer.concat([this.#buffer.subarray(0, this.#buffered), last]);
    const { blockBytes, signal } = this.#options;
    for (let at = 0; at < rest.length; at += blockBytes) {
      const block = Buffer.alloc(blockBytes);
      rest.copy(block, 0, at, at + blockBytes);
      await this.session.requiredBlock(block, signal);
      this.#blocks++;
    }
    this.#buffered = 0;
  }

  /** Writes the labels behind the file. EOV: it goes on on another tape. */
  async end(kind: Exclude<LabelKind, "HDR">, tornAtByte?: number): Promise<void> {
    const { signal } = this.#options;
    await this.session.mark(signal);
    const torn = tornAtByte === undefined ? {} : { tornAtByte };
    const label = { ...this.#options, blockCount: this.#blocks, ...torn };
    for (const block of encodeFileLabels(kind, label))
      await this.session.requiredBlock(block, signal);
    await this.session.mark(signal);
  }

  async #flush(): Promise<boolean> {
    const written = await this.session.block(this.#buffer, this.#options.signal);
    if (!written) return false;
    this.#blocks++;
    this.#buffered = 0;
    return true;
  }
}
