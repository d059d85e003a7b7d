/** Every entry of an Image as members of a set. What cannot be had is a problem, never left out in silence. */
import {
  type Entry,
  type ExtendedAttribute,
  type Image,
  type ImageProblem,
  isImageError,
  rawBaseName,
  rawParent,
  type RawPath,
  readAll,
  rootPath,
  walkImage,
} from "#image";
import {
  type IndexedMember,
  isSafeMemberPath,
  type TarMember,
  type TarType,
} from "../format/index.ts";
import type { IndexSpool } from "./index-spool.ts";
import type { SetWriter, WrittenMember } from "./set-writer.ts";

/** Files up to this size are read before their header is written, so that no half of one is on the tape. */
const smallBytes = 8 * 1024 * 1024;
const attempts = 3;

export type WriteImageOptions = {
  readonly writer: SetWriter;
  readonly spool: IndexSpool;
  readonly onFile?: (counts: ImageCounts) => void;
  readonly signal?: AbortSignal | undefined;
};

export type ImageCounts = { readonly files: number; readonly sizeBytes: number };

export type WrittenImage = ImageCounts & { readonly problems: readonly ImageProblem[] };

export async function writeImage(image: Image, options: WriteImageOptions): Promise<WrittenImage> {
  return await new ImageWriter(image, options).run();
}

class ImageWriter {
  readonly #image: Image;
  readonly #options: WriteImageOptions;
  readonly #problems = new Map<string, ImageProblem>();
  /** Inode → the member that has the content, for files of several names. */
  readonly #linked = new Map<string, IndexedMember>();
  readonly #folders: TarMember[] = [];
  #files = 0;
  #sizeBytes = 0;

  constructor(image: Image, options: WriteImageOptions) {
    this.#image = image;
    this.#options = options;
  }

  async run(): Promise<WrittenImage> {
    const { signal } = this.#options;
    // Where the top itself cannot be listed there is no moment, not an empty one.
    await this.#image.list(rootPath, signal);
    const onProblem = (problem: ImageProblem): void => this.#add(problem);
    const walked = walkImage(this.#image, rootPath, {
      onProblem,
      ...(signal === undefined ? {} : { signal }),
    });
    for await (const { path, entry } of walked) await this.#writeEntry(path, entry);
    for (const problem of this.#image.problems) this.#add(problem);
    await this.#repeatFolders();
    return {
      files: this.#files,
      sizeBytes: this.#sizeBytes,
      problems: [...this.#problems.values()],
    };
  }

  /**
   * tar gives a folder its time and mode at the end of an archive, and the next archive changes the time again: where
   * there are several, the folders come once more, last.
   */
  async #repeatFolders(): Promise<void> {
    if (this.#options.writer.dataFiles < 2) return;
    for (const folder of this.#folders) await this.#options.writer.writeMember(folder);
  }

  async #writeEntry(path: RawPath, entry: Entry): Promise<void> {
    if (!isSafeMemberPath(path)) {
      this.#add({ path, code: "unsupported", message: "Its name cannot be put on a tape." });
      return;
    }
    const attributes = await this.#attributesOf(path);
    if (entry.type === "file") await this.#writeFile(path, { entry, attributes });
    else await this.#writeOther(path, { entry, attributes });
  }

  async #writeOther(path: RawPath, what: EntryWithAttributes): Promise<void> {
    const { entry } = what;
    const base = indexedOf(path, what);
    // tar has no sockets: a server makes its own. The index knows of it.
    if (entry.type === "socket") {
      await this.#options.spool.add(base);
      return;
    }
    const member = tarMemberOf(path, { ...what, type: entry.type, sizeBytes: 0 });
    if (entry.type === "directory") this.#folders.push(member);
    const written = await this.#options.writer.writeMember(member);
    await this.#addTorn(base, written);
    await this.#options.spool.add({ ...base, place: written.place });
  }

  async #writeFile(path: RawPath, what: EntryWithAttributes): Promise<void> {
    const { entry } = what;
    const key = `${entry.deviceId}:${entry.inode}:${entry.sizeBytes}:${entry.mtimeNs}`;
    const first = entry.links > 1 ? this.#linked.get(key) : undefined;
    const indexed =
      first === undefined
        ? await this.#writeContent(path, what)
        : await this.#writeLink(path, { ...what, first });
    if (indexed === undefined) return;
    if (entry.links > 1 && first === undefined) this.#linked.set(key, indexed);
    this.#files++;
    this.#sizeBytes += indexed.sizeBytes;
    this.#options.onFile?.({ files: this.#files, sizeBytes: this.#sizeBytes });
  }

  async #writeLink(
    path: RawPath,
    what: EntryWithAttributes & { readonly first: IndexedMember },
  ): Promise<IndexedMember> {
    const { first } = what;
    const link = { type: "hard-link" as const, sizeBytes: 0 };
    const written = await this.#options.writer.writeMember({
      ...tarMemberOf(path, { ...what, ...link }),
      linkTarget: first.path,
    });
    const indexed: IndexedMember = {
      ...indexedOf(path, what),
      sizeBytes: first.sizeBytes,
      hardLinkTo: first.path,
      ...(first.sha256 === undefined ? {} : { sha256: first.sha256 }),
      place: written.place,
    };
    await this.#addTorn(indexed, written);
    await this.#options.spool.add(indexed);
    return indexed;
  }

  async #writeContent(
    path: RawPath,
    what: EntryWithAttributes,
  ): Promise<IndexedMember | undefined> {
    let { entry } = what;
    for (let attempt = 1; ; attempt++) {
      const { content, failure } = await this.#contentOf(path, entry);
      if (content !== undefined) {
        const { sizeBytes, pieces } = content;
        const current = { ...what, entry: { ...entry, sizeBytes } };
        const member = tarMemberOf(path, { ...current, type: "file", sizeBytes });
        const written = await this.#options.writer.writeMember(member, pieces);
        const base = { ...indexedOf(path, current), place: written.place };
        await this.#addTorn(base, written);
        const isWhole = written.failure === undefined;
        const indexed: IndexedMember = isWhole
          ? { ...base, sha256: written.sha256 }
          : { ...base, state: "void" };
        await this.#options.spool.add(indexed);
        if (isWhole) return indexed;
        if (attempt === attempts) return this.#giveUp(path, written.failure);
      } else if (attempt === attempts || !mayComeAgain(failure)) return this.#giveUp(path, failure);
      const fresh = await this.#lookUp(path);
      if (fresh === undefined) return this.#giveUp(path, undefined);
      entry = fresh;
    }
  }

  async #contentOf(path: RawPath, entry: Entry): Promise<ReadContent> {
    const { signal } = this.#options;
    const optional = signal === undefined ? {} : { signal };
    if (entry.sizeBytes > smallBytes) {
      const pieces = (): AsyncIterable<Uint8Array> => this.#image.read(path, optional);
      return { content: { sizeBytes: entry.sizeBytes, pieces } };
    }
    try {
      const bytes = await readAll(this.#image, path, { limitBytes: 2 * smallBytes, ...optional });
      const pieces = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
        yield bytes;
      };
      return { content: { sizeBytes: bytes.length, pieces } };
    } catch (failure) {
      if (!isImageError(failure) || failure.code === "image.closed") throw failure;
      return { failure };
    }
  }

  async #lookUp(path: RawPath): Promise<Entry | undefined> {
    try {
      const listing = await this.#image.list(rawParent(path), this.#options.signal);
      const index = listing.indexOf(rawBaseName(path));
      const entry = index < 0 ? undefined : listing.entry(index);
      return entry?.type === "file" ? entry : undefined;
    } catch (error) {
      if (!isImageError(error) || error.code === "image.closed") throw error;
      return undefined;
    }
  }

  #giveUp(path: RawPath, failure: unknown): undefined {
    const reason = failure instanceof Error ? `: ${failure.message}` : "";
    if (failure === undefined || isImageError(failure, "image.not-found"))
      this.#add({ path, code: "vanished", message: "It was gone when it was to be read." });
    else if (isImageError(failure) && !mayComeAgain(failure))
      this.#add({ path, code: "unreadable", message: `It could not be read${reason}.` });
    else {
      this.#add({
        path,
        code: "still-changing",
        message: `It changed each of the ${attempts} times that it was read${reason}.`,
      });
    }
    return undefined;
  }

  async #attributesOf(path: RawPath): Promise<readonly ExtendedAttribute[]> {
    try {
      return await this.#image.extendedAttributes(path);
    } catch (error) {
      if (!isImageError(error) || error.code === "image.closed") throw error;
      // A file that is gone is told of when it is read.
      if (error.code !== "image.not-found") {
        this.#add({
          path,
          code: "unreadable",
          message: `Its extended attributes could not be read: ${error.message}.`,
        });
      }
      return [];
    }
  }

  async #addTorn(member: IndexedMember, { torn }: WrittenMember): Promise<void> {
    for (const place of torn) await this.#options.spool.add({ ...member, place, state: "torn" });
  }

  #add(problem: ImageProblem): void {
    const key = `${problem.code} ${problem.path}`;
    if (!this.#problems.has(key)) this.#problems.set(key, problem);
  }
}

/** It changed, or it grew beyond what is read at once: looked at again, it may be had. */
function mayComeAgain(failure: unknown): boolean {
  return isImageError(failure, "image.changed") || isImageError(failure, "image.too-large");
}

type EntryWithAttributes = {
  readonly entry: Entry;
  readonly attributes: readonly ExtendedAttribute[];
};

type ReadContent = {
  readonly content?: {
    readonly sizeBytes: number;
    readonly pieces: () => AsyncIterable<Uint8Array>;
  };
  readonly failure?: unknown;
};

function tarMemberOf(
  path: RawPath,
  what: EntryWithAttributes & { readonly type: TarType; readonly sizeBytes: number },
): TarMember {
  const { entry, attributes, type, sizeBytes } = what;
  const { mode, uid, gid, user, group, mtimeNs, ctimeNs, linkTarget, device } = entry;
  return {
    path,
    type,
    mode,
    uid,
    gid,
    ...(user === undefined ? {} : { user }),
    ...(group === undefined ? {} : { group }),
    sizeBytes,
    mtimeNs,
    ctimeNs,
    ...(linkTarget === undefined ? {} : { linkTarget }),
    ...(device === undefined ? {} : { device }),
    attributes,
  };
}

function indexedOf(path: RawPath, { entry, attributes }: EntryWithAttributes): IndexedMember {
  const { type, mode, uid, gid, user, group, mtimeNs, ctimeNs, links, linkTarget, device } = entry;
  return {
    path,
    type,
    mode,
    uid,
    gid,
    ...(user === undefined ? {} : { user }),
    ...(group === undefined ? {} : { group }),
    sizeBytes: entry.sizeBytes,
    mtimeNs,
    ctimeNs,
    links,
    ...(linkTarget === undefined ? {} : { linkTarget }),
    ...(device === undefined ? {} : { device }),
    attributes,
    state: "whole",
  };
}
