/**
 * Whether the store still lies on the volumes that it lay on. A volume that is not mounted shows an
 * empty folder, or an older one: nothing of that is a removal.
 */
import { statSync } from "node:fs";
import { systemErrorCode } from "#errors";
import {
  displayPath,
  isWithin,
  joinRawPath,
  type RawPath,
  rawPathToBytes,
  volumeIdentity,
  mountsBelow,
  readMounts,
} from "#image";
import type { StorePlaces } from "./store-places.ts";

/** A folder at which a filesystem begins, and which one. */
export type VolumeMark = { readonly path: RawPath; readonly id: string };

export type VolumeTrouble = { readonly path: RawPath; readonly message: string };

type Guarded = VolumeMark & { readonly device: bigint; readonly inode: bigint };

export class VolumeGuard {
  readonly #places: StorePlaces;
  readonly #identityOf: (folder: RawPath) => Promise<string>;
  #guarded: readonly Guarded[] = [];

  constructor(
    places: StorePlaces,
    identityOf: (folder: RawPath) => Promise<string> = volumeIdentity,
  ) {
    this.#places = places;
    this.#identityOf = identityOf;
  }

  /** As they are taken for right. */
  get marks(): readonly VolumeMark[] {
    return this.#guarded.map(({ path, id }) => ({ path, id }));
  }

  /**
   * Compares what is mounted with what was known; [] of a store that is new. What is in trouble goes
   * on to be compared with what was known; the rest is guarded as it is now.
   */
  async look(
    known: readonly VolumeMark[],
    {
      hasFiles,
      isAccepted = () => false,
    }: {
      /** Whether anything is known to lie there. */
      readonly hasFiles: (path: RawPath) => boolean;
      /** A person said that what is there, or is not, is right. */
      readonly isAccepted?: (path: RawPath) => boolean;
    },
  ): Promise<readonly VolumeTrouble[]> {
    await this.#places.resolve();
    const places = this.#places.all.map(({ path }) => path);
    const here = this.#mounts();
    const troubles: VolumeTrouble[] = [];
    const guarded: Guarded[] = [];
    for (const path of new Set([...places, ...known.map((mark) => mark.path), ...here])) {
      const now = await this.#markOf(path);
      const before = known.find((mark) => mark.path === path);
      if (now === undefined) {
        if (before !== undefined || (places.includes(path) && !isAccepted(path)))
          troubles.push({ path, message: "it is not there" });
      } else if (before !== undefined && before.id !== now.id)
        troubles.push({ path, message: `it lies on another volume: ${now.id}, not ${before.id}` });
      else if (before === undefined && known.length > 0 && !isAccepted(path) && hasFiles(path))
        troubles.push({ path, message: `another volume was mounted there: ${now.id}` });
      if (now !== undefined && !troubles.some((trouble) => trouble.path === path))
        guarded.push(now);
    }
    this.#guarded = guarded;
    return troubles;
  }

  /** Within the Image. */
  #mounts(): readonly RawPath[] {
    const mounts = readMounts();
    const found: RawPath[] = [];
    for (const { path, folder } of this.#places.all) {
      const from = folder === "/" ? 1 : folder.length + 1;
      for (const mount of mountsBelow(mounts, folder)) {
        const within = mount.slice(from) as RawPath;
        found.push(path === "" ? within : joinRawPath(path, within));
      }
    }
    return found;
  }

  /** As people read it. */
  nameOf(path: RawPath): string {
    return displayPath(this.#places.isJoined ? joinRawPath("/" as RawPath, path) : path);
  }

  isGuarded(path: RawPath): boolean {
    return this.#guarded.some((mark) => mark.path === path);
  }

  /** Whether what is at one path can be the file that was known at the other: both lie on one filesystem. */
  mayBeOne(path: RawPath, known: RawPath): boolean {
    return !this.#places.isFixed(known) && this.#deviceOf(path) === this.#deviceOf(known);
  }

  #deviceOf(path: RawPath): bigint | undefined {
    let deepest: Guarded | undefined;
    for (const mark of this.#guarded)
      if (isWithin(path, mark.path) && mark.path.length >= (deepest?.path.length ?? 0))
        deepest = mark;
    return deepest?.device;
  }

  /** The first volume on the way to a path that is not what it was a moment ago. */
  check(path: RawPath): VolumeTrouble | undefined {
    for (const mark of this.#guarded) {
      if (!isWithin(path, mark.path)) continue;
      const now = this.#statOf(mark.path);
      if (now?.dev !== mark.device || now.ino !== mark.inode)
        return {
          path: mark.path,
          message: "it is not there, or its volume is not mounted, or another one is",
        };
    }
    return undefined;
  }

  /** All that are not what they were a moment ago. */
  changed(): readonly VolumeTrouble[] {
    return this.#guarded.flatMap(({ path }) => this.check(path) ?? []);
  }

  async #markOf(path: RawPath): Promise<Guarded | undefined> {
    const stats = this.#statOf(path);
    if (stats === undefined) return undefined;
    const id = await this.#identityOf(this.#places.absolute(path) as RawPath);
    return { path, id, device: stats.dev, inode: stats.ino };
  }

  #statOf(path: RawPath): { readonly dev: bigint; readonly ino: bigint } | undefined {
    const absolute = this.#places.absolute(path);
    if (absolute === undefined) return undefined;
    try {
      const stats = statSync(rawPathToBytes(absolute), { bigint: true });
      return stats.isDirectory() || !this.#places.isPart(path) ? stats : undefined;
    } catch (error) {
      if (systemErrorCode(error) === undefined) throw error;
      return undefined;
    }
  }
}
