import { rawBaseName, type RawPath, rawParent } from "#image";
import type { ContentPiece, JournalEvent, JournalPoint, JournalRecord } from "#journal";
import {
  type CyrusIndexHeader,
  openDovecotLog,
  parseCyrusIndex,
  readDovecotLogChanges,
  type UidRange,
} from "#mail";
import { isCyrusOwnFile } from "./cyrus-mail.ts";
import { logPlaceOf, mailPlaceOf } from "./mail-place.ts";

/** Mail that a journal saw come and go: from when on it was there, and what ended it. */
export type PassedMail = {
  /** The file that it was in, or the folder of its mailbox. */
  readonly path: RawPath;
  readonly came: JournalPoint;
  readonly went: JournalPoint;
};

type Range = UidRange & { readonly came: JournalPoint };
type Sized = { sizeBytes: number; grown?: JournalPoint };
type Spool = { came?: JournalPoint; index?: CyrusIndexHeader; next?: CyrusIndexHeader };

/** What is remembered of each kind; beyond it the oldest are forgotten. */
const most = 200_000;
const mostRanges = 10_000;

/**
 * Follows the records of a journal and tells of mail that came and went within them: of Maildir, sdbox and
 * Cyrus by their files, of dbox by the logs of its indexes, of Cyrus also by how many its indexes count, of
 * mbox by files that grew and shrank. Where one file has many messages it may tell of more than there was,
 * and of an mbox that took in as much as it lost, of nothing.
 */
export class PassingMail {
  readonly #tell: (mail: PassedMail) => void;
  readonly #files = new Map<RawPath, JournalPoint>();
  readonly #uids = new Map<RawPath, Range[]>();
  readonly #spools = new Map<RawPath, Spool>();
  readonly #sized = new Map<RawPath, Sized>();
  /** How often something was forgotten because there was too much. */
  forgotten = 0;

  constructor(tell: (mail: PassedMail) => void) {
    this.#tell = tell;
  }

  /** The content that has to be at hand to understand an event; undefined where none has. */
  static wanted(event: JournalEvent): readonly ContentPiece[] | undefined {
    if (event.type !== "put" && event.type !== "write") return undefined;
    const { path, content } = event;
    if (logPlaceOf(path)?.kind === "mailbox") return content;
    return isCyrusOwnFile(path) && (event.type === "put" || event.offset === 0)
      ? content
      : undefined;
  }

  /** What came before that instant was there at another moment, and counts no more. */
  forgetBefore(atNs: bigint): void {
    for (const [path, came] of this.#files) if (came.atNs < atNs) this.#files.delete(path);
    for (const [folder, ranges] of this.#uids)
      this.#uids.set(
        folder,
        ranges.filter(({ came }) => came.atNs >= atNs),
      );
    for (const one of this.#spools.values()) if ((one.came?.atNs ?? atNs) < atNs) delete one.came;
    for (const one of this.#sized.values()) if ((one.grown?.atNs ?? atNs) < atNs) delete one.grown;
  }

  /** `bytes`: of the content that is wanted; undefined where it is not kept any more. */
  observe({ sequence, atNs, event }: JournalRecord, bytes?: Uint8Array): void {
    const at = { sequence, atNs };
    switch (event.type) {
      case "put":
        return this.#written(event.path, { ...event, offset: 0, isWhole: true, bytes }, at);
      case "write":
        return this.#written(event.path, { ...event, isWhole: false, bytes }, at);
      case "truncate":
        return this.#sizeIs(event.path, event.sizeBytes, at);
      case "link":
        return this.#came(event.to, at);
      case "rename":
        return this.#renamed(event, at);
      case "remove":
        return this.#removed(event.path, at);
      case "rmdir":
        return this.#removedFolder(event.path, at);
      default:
    }
  }

  #written(
    path: RawPath,
    what: {
      readonly offset: number;
      readonly isWhole: boolean;
      readonly sizeBytes: number;
      readonly bytes: Uint8Array | undefined;
    },
    at: JournalPoint,
  ): void {
    const { offset, isWhole, sizeBytes, bytes } = what;
    const place = mailPlaceOf(path);
    if (place?.kind === "message") {
      if (isWhole) this.#came(path, at);
    } else if (place !== undefined) return;
    else if (logPlaceOf(path)?.kind === "mailbox") this.#logged(rawParent(path), offset, bytes, at);
    else if (isCyrusOwnFile(path)) this.#indexed(path, bytes, at);
    else {
      const known = this.#sized.get(path)?.sizeBytes ?? 0;
      // What stands in the place of what was there is not what was there.
      if (offset < known) this.#sizeIs(path, Math.min(offset, sizeBytes), at);
      this.#sizeIs(path, sizeBytes, at);
    }
  }

  #came(path: RawPath, at: JournalPoint): void {
    const place = mailPlaceOf(path);
    if (place?.kind !== "message" || this.#files.has(path)) return;
    this.#remember(this.#files, path, at);
    if (place.spool !== undefined) this.#spool(place.spool).came ??= at;
  }

  #renamed({ path, to, file }: Extract<JournalEvent, { type: "rename" }>, at: JournalPoint): void {
    if (to !== path) this.#ended(to, at);
    const came = this.#files.get(path);
    this.#files.delete(path);
    if (came !== undefined && mailPlaceOf(to)?.kind === "message")
      this.#remember(this.#files, to, came);
    else if (came !== undefined) this.#tell({ path, came, went: at });
    else if (mailPlaceOf(path)?.kind !== "message") this.#came(to, at);
    const name = rawBaseName(path);
    if (name === "cyrus.index.NEW" && rawBaseName(to) === "cyrus.index") {
      const folder = rawParent(to);
      this.#counted(folder, this.#spool(folder).next, at);
    } else if (isContainerName(to)) {
      this.#sizeIs(to, file.sizeBytes, at);
      this.#sized.delete(path);
    }
    this.#renamedFolder(path, to);
  }

  #renamedFolder(path: RawPath, to: RawPath): void {
    const below = `${path}/`;
    for (const map of [this.#files, this.#uids, this.#spools, this.#sized] as Map<
      RawPath,
      unknown
    >[])
      for (const [one, value] of map) {
        if (!one.startsWith(below)) continue;
        map.delete(one);
        map.set(`${to}${one.slice(path.length)}` as RawPath, value);
      }
  }

  #removed(path: RawPath, at: JournalPoint): void {
    this.#ended(path, at);
    this.#sizeIs(path, 0, at);
    this.#sized.delete(path);
  }

  #ended(path: RawPath, at: JournalPoint): void {
    const came = this.#files.get(path);
    if (came === undefined) return;
    this.#files.delete(path);
    this.#tell({ path, came, went: at });
  }

  #removedFolder(path: RawPath, at: JournalPoint): void {
    const below = `${path}/`;
    for (const one of this.#files.keys()) if (one.startsWith(below)) this.#ended(one, at);
    for (const [folder, ranges] of this.#uids) {
      if (folder !== path && !folder.startsWith(below)) continue;
      for (const { came } of ranges) this.#tell({ path: folder, came, went: at });
      this.#uids.delete(folder);
    }
    for (const one of this.#sized.keys()) if (one.startsWith(below)) this.#removed(one, at);
    this.#spools.delete(path);
  }

  /** A log of an index grew: what it says of which messages came and went. */
  #logged(folder: RawPath, offset: number, bytes: Uint8Array | undefined, at: JournalPoint): void {
    if (bytes === undefined) return;
    let stretch = bytes;
    if (offset === 0) {
      const log = openDovecotLog(bytes);
      if (typeof log === "string") return;
      stretch = bytes.subarray(log.headerBytes);
    }
    const { appended, expunged, isDamaged, readBytes } = readDovecotLogChanges(stretch);
    const ranges = this.#uids.get(folder) ?? [];
    // It begins within a record: anything may have happened.
    if (isDamaged || (readBytes === 0 && stretch.length > 0)) {
      for (const { came } of ranges) this.#tell({ path: folder, came, went: at });
      return;
    }
    for (const gone of expunged)
      for (const { first, last, came } of ranges)
        if (first <= gone.last && gone.first <= last) this.#tell({ path: folder, came, went: at });
    for (const range of appended) ranges.push({ ...range, came: at });
    if (ranges.length > mostRanges) {
      this.forgotten++;
      ranges.splice(0, ranges.length - mostRanges);
    }
    this.#uids.set(folder, ranges);
  }

  #indexed(path: RawPath, bytes: Uint8Array | undefined, at: JournalPoint): void {
    const index = bytes === undefined ? undefined : parseCyrusIndex(bytes);
    if (index === undefined) return;
    const folder = rawParent(path);
    if (rawBaseName(path) === "cyrus.index.NEW") this.#spool(folder).next = index;
    else this.#counted(folder, index, at);
  }

  /** What is expunged keeps its file for a while: the index says that it is gone. */
  #counted(folder: RawPath, index: CyrusIndexHeader | undefined, at: JournalPoint): void {
    const spool = this.#spool(folder);
    const { index: before, came } = spool;
    if (index === undefined) return;
    spool.index = index;
    if (before === undefined || came === undefined) return;
    const added = Math.max(0, Math.min(index.lastUid - before.lastUid, index.records));
    if (before.exists + added > index.exists) this.#tell({ path: folder, came, went: at });
  }

  #spool(folder: RawPath): Spool {
    let spool = this.#spools.get(folder);
    if (spool === undefined) {
      spool = {};
      this.#remember(this.#spools, folder, spool);
    }
    return spool;
  }

  #sizeIs(path: RawPath, sizeBytes: number, at: JournalPoint): void {
    if (!isContainerName(path)) return;
    const known = this.#sized.get(path);
    if (known === undefined) return this.#remember(this.#sized, path, { sizeBytes, grown: at });
    if (sizeBytes > known.sizeBytes) known.grown ??= at;
    else if (sizeBytes < known.sizeBytes && known.grown !== undefined) {
      this.#tell({ path, came: known.grown, went: at });
      delete known.grown;
    }
    known.sizeBytes = sizeBytes;
  }

  #remember<Value>(map: Map<RawPath, Value>, path: RawPath, value: Value): void {
    map.set(path, value);
    if (map.size <= most) return;
    this.forgotten++;
    map.delete(map.keys().next().value as RawPath);
  }
}

/** Where an mbox may be: what a server or a program keeps for itself has other names. */
function isContainerName(path: RawPath): boolean {
  const name = rawBaseName(path);
  return (
    !/^(?:dovecot|cyrus[.-]|maildir|courier|subscriptions|\.)/.test(name) &&
    !/\.(?:lock|log|tmp|index)$/.test(name) &&
    !path.includes("/tmp/") &&
    mailPlaceOf(path) === undefined
  );
}
