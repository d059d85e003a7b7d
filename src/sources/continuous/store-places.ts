/**
 * Where the store lies: one folder, which is the root of the group's Image, or several, each at its own
 * path in an Image whose root is that of the machine, as a copy of them has it (`joinImages`).
 */
import {
  foldersAbove,
  isImageError,
  joinRawPath,
  type RawName,
  type RawPath,
  resolveFolder,
  rootPath,
} from "#image";

export type StorePlace = {
  /** Within the Image; "" where there is one folder. */
  readonly path: RawPath;
  /** On this machine: absolute, without symbolic links as far as it is there. */
  readonly folder: RawPath;
};

type Place = StorePlace & { readonly named: RawPath };

export class StorePlaces {
  #all: readonly Place[];
  readonly #above: ReadonlyMap<RawPath, ReadonlySet<RawName>>;

  private constructor(all: readonly Place[], isJoined: boolean) {
    this.#all = all;
    this.#above = isJoined ? foldersAbove(all.map(({ path: at }) => ({ at }))) : new Map();
  }

  /** The first folder has to be there (ImageError); the others may turn up later. None may lie in another. */
  static async open(first: RawPath, beside: readonly RawPath[] = []): Promise<StorePlaces> {
    const isJoined = beside.length > 0;
    const placed = (named: RawPath, folder: RawPath): Place => ({
      path: isJoined ? (named.replace(/^\/+/, "") as RawPath) : rootPath,
      named,
      folder,
    });
    const others = beside.map((one) => placed(one, one));
    const places = new StorePlaces(
      [placed(first, await resolveFolder(first)), ...others],
      isJoined,
    );
    await places.resolve();
    return places;
  }

  /** Looks where the folders lie now; what is away lies where it lay. */
  async resolve(): Promise<void> {
    this.#all = await Promise.all(
      this.#all.map(async (place) => {
        try {
          return { ...place, folder: await resolveFolder(place.named) };
        } catch (error) {
          if (!isImageError(error)) throw error;
          return place;
        }
      }),
    );
  }

  get all(): readonly StorePlace[] {
    return this.#all;
  }

  /** The folder that the Image's root stands for. */
  get root(): RawPath {
    return this.isJoined ? ("/" as RawPath) : (this.#all[0] as Place).folder;
  }

  get isJoined(): boolean {
    return this.#above.size > 0;
  }

  /** No symbolic link leads to any of them: a copy then has the folders on the way as the machine has them. */
  get isLocal(): boolean {
    return this.#all.every(({ named, folder }) => named === folder);
  }

  /** What tells stores apart that are laid out otherwise: their journals have other paths. */
  get layout(): string {
    return this.isJoined ? JSON.stringify(this.#all.map(({ path }) => path).toSorted()) : "";
  }

  /** The place that a path lies in, and where in it; undefined above the places, and outside. */
  at(path: RawPath): { readonly root: RawPath; readonly within: RawPath } | undefined {
    for (const { path: place, folder: root } of this.#all) {
      if (place === rootPath) return { root, within: path };
      if (path === place) return { root, within: rootPath };
      if (path.startsWith(`${place}/`))
        return { root, within: path.slice(place.length + 1) as RawPath };
    }
    return undefined;
  }

  /** On this machine; undefined above the places, and outside. */
  absolute(path: RawPath): RawPath | undefined {
    const found = this.at(path);
    if (found === undefined || found.within === rootPath) return found?.root;
    return joinRawPath(found.root, found.within);
  }

  /** The names in a folder that is above the places, and of which nothing else counts. */
  namesAbove(path: RawPath): ReadonlySet<RawName> | undefined {
    return this.#above.get(path);
  }

  /** A place's own folder, where there are several. */
  isPart(path: RawPath): boolean {
    return this.isJoined && this.#all.some((place) => place.path === path);
  }

  /** A place, or a folder above: whatever happens, it is not the same as one elsewhere. */
  isFixed(path: RawPath): boolean {
    return this.#above.has(path) || this.#all.some((place) => place.path === path);
  }
}
