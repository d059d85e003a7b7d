import type { RawPath } from "#image";
import type { MailProblem } from "../mail-problem.ts";
import type { DboxAccountFiles } from "./dbox-account-files.ts";
import { indexFiles, type ReadIndex, readMailIndex } from "./index/read-mail-index.ts";
import { viewOf } from "./index/record-body.ts";

const mapPrefix = "dovecot.map.index";

/** Where a message of mdbox lies: in which `m.<file>`, and at which byte. */
export type MapPlace = { readonly fileId: number; readonly offset: number };

/** mdbox's map (`dovecot.map.index` and its log): UID in the map → place, count of references. */
export class MdboxMap {
  readonly #read: ReadIndex;
  readonly problems: readonly MailProblem[];

  private constructor(read: ReadIndex, problems: readonly MailProblem[]) {
    this.#read = read;
    this.problems = problems;
  }

  static async read(files: DboxAccountFiles, storage: RawPath): Promise<MdboxMap> {
    const problems: MailProblem[] = [];
    const folder = files.indexFolder(storage);
    const read = await readMailIndex(files.image, { folder, prefix: mapPrefix, problems });
    return new MdboxMap(read, problems);
  }

  static files(files: DboxAccountFiles, storage: RawPath): readonly RawPath[] {
    return indexFiles(files.indexFolder(storage), mapPrefix);
  }

  get isMissing(): boolean {
    return this.#read.isMissing;
  }

  get isDamaged(): boolean {
    return this.#read.isDamaged;
  }

  get uidValidity(): number {
    return this.#read.index.header.uidValidity;
  }

  placeOf(mapUid: number): MapPlace | undefined {
    const row = this.#read.index.rowOf(mapUid);
    return row < 0 ? undefined : this.#place(row);
  }

  /** Places that nothing refers to any more: `placeKey` of each. */
  expunged(): ReadonlySet<string> {
    const keys = new Set<string>();
    const counts = this.#read.index.extension("ref");
    for (const { row } of this.#read.index.messages()) {
      const count = counts?.row(row);
      const place = this.#place(row);
      if (place !== undefined && count?.length === 2 && viewOf(count).getUint16(0, true) === 0)
        keys.add(placeKey(place));
    }
    return keys;
  }

  #place(row: number): MapPlace | undefined {
    const bytes = this.#read.index.extension("map")?.row(row);
    if (bytes?.length !== 12) return undefined;
    const view = viewOf(bytes);
    const fileId = view.getUint32(0, true);
    return fileId === 0 ? undefined : { fileId, offset: view.getUint32(4, true) };
  }
}

export function placeKey({ fileId, offset }: MapPlace): string {
  return `${fileId}@${offset}`;
}
