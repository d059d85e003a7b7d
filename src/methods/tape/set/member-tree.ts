import {
  type Entry,
  ImageError,
  type Listing,
  ListingBuilder,
  rawBaseName,
  rawParent,
  type RawPath,
  displayPath,
} from "#image";
import type { IndexedMember } from "../format/index.ts";

/** The folders of a set, out of the list of its members. */
export class MemberTree {
  readonly #members = new Map<RawPath, IndexedMember>();
  readonly #children = new Map<RawPath, Map<RawPath, IndexedMember>>([["" as RawPath, new Map()]]);
  readonly #inodes = new Map<RawPath, bigint>();

  /** A folder that a member lies in and that has no member of its own gets plain attributes: its own was lost. */
  constructor(members: readonly IndexedMember[]) {
    for (const member of members) this.#add(member);
    for (const path of this.#children.keys()) this.#addParents(path);
    for (const member of this.#members.values()) {
      const first = member.hardLinkTo ?? member.path;
      if (!this.#inodes.has(first)) this.#inodes.set(first, BigInt(this.#inodes.size + 2));
    }
  }

  /** Throws `image.not-found`. */
  get(path: RawPath): IndexedMember {
    const member = this.#members.get(path);
    if (member !== undefined) return member;
    throw new ImageError(
      "image.not-found",
      `Cannot open "${displayPath(path)}": it is not in this image`,
      { hint: "List its folder to see what is there." },
    );
  }

  /** Throws `image.not-found`, `image.not-a-folder`. */
  list(path: RawPath): Listing {
    const children = this.#children.get(path);
    if (children !== undefined && (path === "" || this.get(path).type === "directory")) {
      const builder = new ListingBuilder();
      for (const child of children.values()) builder.add(this.#entryOf(child));
      return builder.build();
    }
    if (this.get(path).type === "directory") return new ListingBuilder().build();
    throw new ImageError(
      "image.not-a-folder",
      `Cannot list "${displayPath(path)}": it is not a folder`,
      { hint: "Read it as a file, or list the folder that it lies in." },
    );
  }

  #add(member: IndexedMember): void {
    this.#members.set(member.path, member);
    const parent = rawParent(member.path);
    let siblings = this.#children.get(parent);
    if (siblings === undefined) this.#children.set(parent, (siblings = new Map()));
    siblings.set(member.path, member);
  }

  #addParents(path: RawPath): void {
    for (let folder = path; folder !== ""; folder = rawParent(folder)) {
      if (this.#members.has(folder)) return;
      this.#add({
        path: folder,
        type: "directory",
        mode: 0o700,
        uid: 0,
        gid: 0,
        sizeBytes: 0,
        mtimeNs: 0n,
        ctimeNs: 0n,
        links: 2,
        attributes: [],
        state: "whole",
      });
    }
  }

  #entryOf(member: IndexedMember): Entry {
    const { path, type, mode, uid, gid, user, group, sizeBytes, mtimeNs, ctimeNs, links } = member;
    const { linkTarget, device } = member;
    return {
      name: rawBaseName(path),
      type,
      mode,
      uid,
      gid,
      ...(user === undefined ? {} : { user }),
      ...(group === undefined ? {} : { group }),
      sizeBytes,
      mtimeNs,
      ctimeNs,
      inode: this.#inodes.get(member.hardLinkTo ?? path) ?? 0n,
      deviceId: 1n,
      links,
      ...(linkTarget === undefined ? {} : { linkTarget }),
      ...(device === undefined ? {} : { device }),
    };
  }
}
