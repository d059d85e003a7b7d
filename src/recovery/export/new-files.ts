import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  futimesSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";

/** Only its owner may read what was other people's mail. */
const fileMode = 0o600;
const folderMode = 0o700;

export function makeFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: folderMode });
}

/** A file that was not there; it grows at its end, and can be cut back to where it was. */
export class NewFile implements Disposable {
  readonly path: string;
  #file: number | undefined;
  #sizeBytes = 0;

  constructor(path: string) {
    this.path = path;
    this.#file = openSync(path, "wx", fileMode);
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  write(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      at += writeSync(this.#open(), bytes, at, bytes.length - at, this.#sizeBytes + at);
    }
    this.#sizeBytes += bytes.length;
  }

  /** Over bytes that are there already. */
  writeAgain(offset: number, bytes: Uint8Array): void {
    writeSync(this.#open(), bytes, 0, bytes.length, offset);
  }

  cutTo(sizeBytes: number): void {
    ftruncateSync(this.#open(), sizeBytes);
    this.#sizeBytes = sizeBytes;
  }

  /** Ends it, with a time of its own where one is given. */
  finish({
    mtimeNs,
    isDurable = false,
  }: { readonly mtimeNs?: bigint; readonly isDurable?: boolean } = {}): void {
    const file = this.#open();
    if (mtimeNs !== undefined) {
      const seconds = Number(mtimeNs) / 1e9;
      futimesSync(file, seconds, seconds);
    }
    if (isDurable) fsyncSync(file);
    this[Symbol.dispose]();
  }

  /** Takes it away again. */
  discard(): void {
    this[Symbol.dispose]();
    rmSync(this.path, { force: true });
  }

  renameTo(path: string): void {
    renameSync(this.path, path);
  }

  [Symbol.dispose](): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #open(): number {
    if (this.#file === undefined) throw new Error(`${this.path} was closed`);
    return this.#file;
  }
}
