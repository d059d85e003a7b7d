/**
 * UIDs of a Maildir's messages by their base names. Servers number mail as it arrives and name it by the
 * time, so most names come in ascending order: those are kept in a list, which is a fifth of the work of
 * hashing a hundred thousand names, and only the others in a map.
 */
export class UidsByName {
  /** Strictly ascending. */
  readonly #names: string[] = [];
  readonly #uids: number[] = [];
  readonly #others = new Map<string, number>();
  /** Whoever asks goes through a folder in order. */
  #next = 0;

  /** False where the name had a UID before, which is forgotten then. */
  add(name: string, uid: number): boolean {
    const last = this.#names.at(-1);
    if (last === undefined || name > last) {
      this.#names.push(name);
      this.#uids.push(uid);
      return true;
    }
    const at = this.#find(name);
    if (at !== undefined) {
      this.#uids[at] = uid;
      return false;
    }
    const before = this.#others.size;
    this.#others.set(name, uid);
    return this.#others.size > before;
  }

  get(name: string): number | undefined {
    const at = this.#names[this.#next] === name ? this.#next : this.#find(name);
    if (at === undefined) return this.#others.get(name);
    this.#next = at + 1;
    return this.#uids[at];
  }

  #find(name: string): number | undefined {
    let low = 0;
    let high = this.#names.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const found = this.#names[middle] as string;
      if (found === name) return middle;
      if (found < name) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }
}
