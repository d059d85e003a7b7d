import type { Repository, Snapshot } from "#repository";
import { contentsOfImage } from "../test/support/mail-store.ts";

/** Path → kind and digest. */
export type Contents = ReadonlyMap<string, string>;

/** A moment keeps its first ID in `original` when its tags change and when it is duplicated. */
type MomentId = string;

type Owed = {
  /** Snapshot files that are this moment: two where a change of tags was killed in the middle. */
  snapshots: readonly string[];
  /** Removal was begun: there or not there are both right, but not in part. */
  isLeaving: boolean;
};

/** What a repository owes: moments, each with everything that was in the store when it was taken. */
export class Promises {
  /** Of every moment that ever was, in any repository of this soak. */
  readonly #known: Map<MomentId, Contents>;
  readonly #owed: Map<MomentId, Owed> = new Map();
  #expected: string[] = [];

  constructor(known: Map<MomentId, Contents> = new Map()) {
    this.#known = known;
  }

  /** Moments that can be asked for: whose removal was not begun. */
  get moments(): readonly MomentId[] {
    return [...this.#owed].filter(([, { isLeaving }]) => !isLeaving).map(([id]) => id);
  }

  snapshotsOf(moments: readonly MomentId[]): readonly string[] {
    return moments.flatMap((id) => this.#owed.get(id)?.snapshots ?? []);
  }

  /** A run said that it made this snapshot; the beginning of its ID will do. */
  expect(snapshot: string): void {
    this.#expected.push(snapshot);
  }

  beginRemoval(moments: readonly MomentId[]): void {
    for (const id of moments) {
      const owed = this.#owed.get(id);
      if (owed !== undefined) owed.isLeaving = true;
    }
  }

  /**
   * Compares the list of moments with what is owed. One that nobody told of (its run was killed behind
   * its last write) is owed from now on, with `now`; without `now` it must have been known before.
   * Throws what is wrong.
   */
  async look(repository: Repository, now?: Contents): Promise<void> {
    const snapshots = await repository.snapshots();
    for (const expected of this.#expected) {
      if (!snapshots.some(({ id }) => id.startsWith(expected)))
        throw new Error(`snapshot ${expected} was said to be made and is not there`);
    }
    this.#expected = [];
    const found = Map.groupBy(snapshots, momentOf);
    for (const [id, { isLeaving }] of this.#owed) {
      if (!found.has(id) && !isLeaving) throw new Error(`moment ${id} is lost`);
    }
    this.#owed.clear();
    for (const [id, files] of found) {
      const contents = this.#known.get(id) ?? now;
      if (contents === undefined) throw new Error(`moment ${id} comes from nowhere`);
      this.#known.set(id, contents);
      this.#owed.set(id, { snapshots: files.map((file) => file.id), isLeaving: false });
    }
  }

  /** Reads every byte of every moment and compares it with what is owed. */
  async verify(repository: Repository): Promise<void> {
    for (const snapshot of await repository.snapshots()) {
      const contents = this.#known.get(momentOf(snapshot));
      if (contents === undefined) throw new Error(`moment ${snapshot.id} comes from nowhere`);
      const found = await contentsOfImage(await repository.image(snapshot));
      assertSame(found, { contents, id: snapshot.id });
    }
  }
}

function momentOf({ id, original }: Snapshot): MomentId {
  return original ?? id;
}

function assertSame(
  found: Contents,
  { contents, id }: { readonly contents: Contents; readonly id: string },
): void {
  for (const [path, digest] of contents) {
    if (found.get(path) !== digest)
      throw new Error(`moment ${id}: ${path} is ${found.get(path) ?? "gone"} instead of ${digest}`);
  }
  for (const path of found.keys())
    if (!contents.has(path)) throw new Error(`moment ${id}: ${path} was never there`);
}
