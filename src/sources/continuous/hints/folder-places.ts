/**
 * Where folders lie by their handles, so that a change costs no call of the system for a folder that
 * was seen before. A rename of a folder may move any of them: it forgets all.
 */
export class FolderPlaces {
  readonly #resolve: (filesystem: string, handle: string) => string | undefined;
  readonly #places: readonly { readonly path: string; readonly folder: string }[];
  readonly #limit: number;
  /** Within the Image; undefined is outside of the store. */
  readonly #known = new Map<string, string | undefined>();

  constructor(
    places: readonly { readonly path: string; readonly folder: string }[],
    options: {
      readonly resolve: (filesystem: string, handle: string) => string | undefined;
      /** Default 65,536. */
      readonly limit?: number;
    },
  ) {
    this.#places = places;
    this.#resolve = options.resolve;
    this.#limit = options.limit ?? 65_536;
  }

  get size(): number {
    return this.#known.size;
  }

  /** Within the Image; undefined where it is outside, or gone. */
  placeOf({
    filesystem,
    handle,
  }: {
    readonly filesystem: string;
    readonly handle: string;
  }): string | undefined {
    const key = filesystem + handle;
    if (this.#known.has(key)) return this.#known.get(key);
    const path = this.#resolve(filesystem, handle);
    // A folder that is gone is not kept: its handle may be another's soon.
    if (path === undefined) return undefined;
    const place = this.#within(path);
    if (this.#known.size >= this.#limit) this.#known.delete(this.#known.keys().next().value ?? "");
    this.#known.set(key, place);
    return place;
  }

  forget(): void {
    this.#known.clear();
  }

  #within(absolute: string): string | undefined {
    for (const { path, folder } of this.#places) {
      if (absolute === folder) return path;
      const prefix = folder.endsWith("/") ? folder : `${folder}/`;
      if (!absolute.startsWith(prefix)) continue;
      const within = absolute.slice(prefix.length);
      return path === "" ? within : `${path}/${within}`;
    }
    return undefined;
  }
}
