import { renameSync } from "node:fs";
import { systemErrorCode } from "#errors";
import {
  displayPath,
  type Entry,
  type FileAttributes,
  type Image,
  type RawPath,
  rawParent,
  rawPathToBytes,
  readExtendedAttributes,
} from "#image";
import { type AttributeOptions, fileAttributesOf, setAttributes } from "./attributes.ts";
import { makeDurable } from "./make-durable.ts";
import { placeFile } from "./place-file.ts";
import type { RestoreLedger } from "./restore-ledger.ts";
import type { TargetFolders } from "./target-folders.ts";

export type Dressing = {
  readonly from: RawPath;
  readonly to: RawPath;
  readonly entry: Entry;
} & Pick<AttributeOptions, "keepWritable" | "mayBeSwapped">;

/** Names and attributes in the target: what every kind of step needs. */
export class TargetWriter {
  readonly folders: TargetFolders;
  readonly #image: Image;
  readonly #ledger: RestoreLedger;
  readonly #setOwner = process.geteuid?.() === 0;
  /** Folders of which names have changed since they were synced. */
  readonly #touched = new Set<RawPath>();
  /** A file went to another filesystem, mounted within the target. */
  #hasCrossed = false;
  #ownersMissing = false;

  constructor(image: Image, folders: TargetFolders, ledger: RestoreLedger) {
    this.#image = image;
    this.folders = folders;
    this.#ledger = ledger;
  }

  /** The folder and not the descriptor's name in /proc, which calls that follow no link would take it for. */
  folderItself(path: RawPath): RawPath {
    return `${this.folders.folder(path)}/.` as RawPath;
  }

  touch(path: RawPath): void {
    this.#touched.add(rawParent(path));
  }

  /** A folder that is about to be moved away, with all below it. */
  forget(path: RawPath): void {
    this.folders.forget(path);
    for (const touched of this.#touched) {
      if (touched === path || touched.startsWith(`${path}/`)) this.#touched.delete(touched);
    }
  }

  /** Gives a file its name; false where that is taken. */
  place(
    file: RawPath,
    { to, entry }: { readonly to: RawPath; readonly entry: Entry },
    { mayReplace }: { readonly mayReplace: boolean },
  ): boolean {
    const isPlaced = placeFile(file, this.folders.at(to), {
      mayReplace,
      dress: (copy) => {
        this.#hasCrossed = true;
        const extendedAttributes = readExtendedAttributes(file);
        this.#setAttributes(copy, { to, entry, extendedAttributes });
      },
    });
    if (isPlaced) this.touch(to);
    return isPlaced;
  }

  /**
   * Puts a folder that was filled aside in the place of the empty one that was made for it. False
   * where that is not so simple: somebody has put something there, another filesystem is mounted on
   * it. Then nothing was changed, for rename(2) replaces a folder only where it is empty.
   */
  placeFolder(staged: RawPath, to: RawPath): boolean {
    const place = this.folders.at(to);
    try {
      renameSync(rawPathToBytes(staged), rawPathToBytes(place));
    } catch (error) {
      if (systemErrorCode(error) === undefined) throw error;
      return false;
    }
    // Open descriptors are of the folder that was replaced.
    this.folders.forget(to);
    this.touch(to);
    return true;
  }

  /** What a file gets while it is written. */
  attributesOf(to: RawPath, entry: Entry): FileAttributes {
    this.#tellOwnersMissing(to, entry);
    return fileAttributesOf(entry, this.#setOwner);
  }

  async dress(path: RawPath, { from, ...what }: Dressing): Promise<void> {
    const extendedAttributes = await this.#image.extendedAttributes(from);
    this.#setAttributes(path, { ...what, extendedAttributes });
  }

  /** Makes all names that were given since the last time survive a power cut. */
  async sync(root: RawPath): Promise<void> {
    const touched = [...this.#touched];
    this.#touched.clear();
    await makeDurable(touched, {
      root: this.#hasCrossed ? undefined : root,
      pathOf: (path) => this.folders.folder(path),
    });
  }

  #setAttributes(
    path: RawPath,
    {
      to,
      entry,
      ...options
    }: Omit<Dressing, "from"> & Pick<AttributeOptions, "extendedAttributes">,
  ): void {
    setAttributes(path, entry, {
      ...options,
      setOwner: this.#setOwner,
      onMissing: (what) => this.#ledger.lacks(to, `"${displayPath(to)}": ${what}.`),
    });
    this.#tellOwnersMissing(to, entry);
  }

  #tellOwnersMissing(to: RawPath, entry: Entry): void {
    if (this.#setOwner || this.#ownersMissing || entry.uid === process.geteuid?.()) return;
    this.#ownersMissing = true;
    this.#ledger.lacks(to, "Owners are not put back: only root can.");
  }
}
