/**
 * Turns what is seen in the store into events of the journal: looks at a name, compares it with what
 * is observed, writes the difference and observes it. A file that is known by its inode is renamed or
 * linked, and its bytes are not stored again.
 */
import { type Entry, isImageError, type RawPath, rawParent, Turns } from "#image";
import type { Appended, FileState, Journal, JournalEvent } from "#journal";
import { readContent } from "./content/read-content.ts";
import type { Difference } from "./evidence.ts";
import type { ChangeHints } from "./hints/change-hints.ts";
import { isAsCopied, otherName, type OtherName } from "./other-name.ts";
import {
  hasSameRights,
  isSameState,
  type ObservedEntry,
  type ObservedFile,
  stateOf,
} from "./state/observed-file.ts";
import type { ObservedState } from "./state/observed-state.ts";
import {
  isIndex,
  isInMaildirTemporary,
  isMaildirMessage,
  isPassing,
  type StoreFiles,
} from "./store-files.ts";
import { SettledAccounts, withMoves } from "./settled-accounts.ts";
import type { StoreAccounts } from "./store-accounts.ts";
import type { Wanted, WorkQueue } from "./work-queue.ts";

/** The kernel's clock ticks every 1 to 10 ms: what changes again within a tick has the same times. */
const tickDoubtNs = 50_000_000n;
const againMs = 60;
/** The rest of a large file that only grew is compared after this long, and no faster than this. */
const restAfterMs = 2000;
const restBytesPerMs = 20_000;
/** Bytes of files that are written before the disk is waited for. */
const storedAtOnceBytes = 4 * 1024 * 1024;

export type ChangeRecorderParts = {
  readonly journal: Journal;
  readonly state: ObservedState;
  readonly files: StoreFiles;
  readonly accounts: StoreAccounts;
  readonly queue: WorkQueue;
  readonly hints: () => Pick<ChangeHints, "watchFolder" | "forgetFolder">;
  readonly nowNs: () => bigint;
  /** The label of what is sealed now; what it returns of the clock stands before all else. */
  readonly label: () => { readonly atNs: bigint; readonly jump?: JournalEvent };
  /** Whether a path is the group's, and not held. */
  readonly isOpen: (path: RawPath) => boolean;
  /** Asked before anything is recorded as removed: false where a volume is not what it was. */
  readonly mayRemove: (path: RawPath) => boolean;
  /** Whether what is at one path can be the file that was known at the other. */
  readonly mayBeOne: (path: RawPath, known: RawPath) => boolean;
  readonly onProblem: (path: RawPath, error: Error) => void;
  /** A scan found it. */
  readonly onScanned: (difference: Difference) => void;
};

type Seen = { readonly wanted: Wanted; readonly entry: Entry | undefined };

/** How a look is meant. */
export type Look = {
  /**
   * Nothing is looked at after it although the store goes on changing: what came is recorded, so that no index
   * tells of a message that is not there; what left, and the indexes themselves, wait for the next round.
   */
  readonly isLast?: boolean;
};

export class ChangeRecorder {
  readonly #parts: ChangeRecorderParts;
  /** What was seen in this round. */
  #seen: JournalEvent[] = [];
  readonly accounts: StoreAccounts;
  readonly #settled: SettledAccounts;
  #last: Appended | undefined;
  #stored = 0;
  readonly #turns = new Turns();
  changes = 0;
  storedBytes = 0;
  /** Of the newest event that was recorded here: others may write to the journal as well. */
  lastSequence = 0;

  constructor(parts: ChangeRecorderParts) {
    this.#parts = parts;
    this.accounts = parts.accounts;
    this.#settled = new SettledAccounts({ ...parts, steadyMs: () => performance.now() });
  }

  /** Resolves when all that was recorded is durable. Rejects with JournalError. */
  async durable(): Promise<void> {
    await this.#last?.durable;
  }

  append(event: JournalEvent): void {
    this.#seen.push(event);
  }

  /** Accounts that did not stand still while they were looked at in this round; `isOver`: nor at its end. */
  unsettled(accounts: ReadonlySet<RawPath>, { isOver }: { readonly isOver: boolean }): void {
    const all = withMoves(accounts, this.#seen, (path) => this.accounts.of(path));
    this.#seen.unshift(...this.#settled.begin(all));
    if (isOver) this.#seen.push(...this.#settled.end(all));
  }

  /**
   * Writes down what was seen since, all as of one instant: no moment lies between two events of a
   * round. Returns whether there was anything.
   */
  seal(): boolean {
    const { atNs, jump } = this.#parts.label();
    if (jump !== undefined) this.#seen.unshift(jump);
    const hasSeen = this.#seen.length > 0;
    for (const event of this.#seen.splice(0)) {
      const appended = this.#parts.journal.append(event, atNs);
      // Whoever asks for the last is told; the others must not go unheard.
      appended.durable.catch(() => undefined);
      this.#last = appended;
      this.lastSequence = appended.sequence;
    }
    return hasSeen;
  }

  /** Looks at names and records what differs. */
  async record(names: readonly Wanted[], { isLast = false }: Look = {}): Promise<void> {
    const seen: Seen[] = [];
    for (const wanted of this.#reachable(names)) {
      const entry = this.#look(wanted.path);
      if (entry === "unseen") continue;
      if (isLast && (entry === undefined || isIndex(wanted.path))) {
        this.#parts.queue.addName(wanted.path, wanted);
        continue;
      }
      seen.push({ wanted, entry });
    }
    // Folders come before what lies in them, what came before what changed, what is gone last. Servers write
    // messages before indexes: indexes are read before messages, and never tell of what was not there yet.
    for (const one of seen.toSorted((a, b) => this.#rank(a) - this.#rank(b))) await this.#one(one);
  }

  /** Names in folders that are not known yet: the first unknown folder on the way stands for them. */
  *#reachable(names: readonly Wanted[]): Generator<Wanted> {
    const { state, isOpen } = this.#parts;
    const done = new Set<RawPath>();
    for (const wanted of names) {
      let { path } = wanted;
      for (let above = rawParent(path); !state.has(above); above = rawParent(above)) path = above;
      if (done.has(path) || !isOpen(path)) continue;
      const has = (one: RawPath): boolean => state.has(one);
      if (isInMaildirTemporary(path, has) && !state.has(path)) continue;
      done.add(path);
      yield path === wanted.path ? wanted : { ...wanted, path, below: true, isFinal: false };
    }
  }

  #rank({ wanted, entry }: Seen): number {
    const depth = Math.min(wanted.path.split("/").length, 999);
    if (entry === undefined) return 4000 - depth;
    const isNew = !this.#parts.state.has(wanted.path);
    if (entry.type === "directory") return (isNew ? 0 : 2000) + depth;
    if (isIndex(wanted.path)) return 999;
    return isNew ? 1000 : 3000;
  }

  #look(path: RawPath): Entry | undefined | "unseen" {
    try {
      return this.#parts.files.look(path);
    } catch (error) {
      if (!isImageError(error)) throw error;
      this.#parts.onProblem(path, error);
      return "unseen";
    }
  }

  async #one({ wanted, entry }: Seen): Promise<void> {
    const { state, journal, queue } = this.#parts;
    const { path } = wanted;
    if (this.#turns.isDue) await this.#turns.give();
    if (this.storedBytes - this.#stored >= storedAtOnceBytes) {
      this.#stored = this.storedBytes;
      await journal.ready();
    }
    const before = state.get(path);
    if (entry === undefined) {
      if (before !== undefined) this.#gone(wanted, before);
      return;
    }
    queue.arrive(path);
    if (entry.type !== "directory" && isPassing(path)) return;
    try {
      if (before === undefined) await this.#came(wanted, entry);
      else if (before.state.type === entry.type && before.state.inode === entry.inode)
        await this.#changed(wanted, entry, before);
      else await this.#replaced(wanted, entry, before);
    } catch (error) {
      if (!isImageError(error)) throw error;
      this.#parts.onProblem(path, error);
    }
  }

  async #came(wanted: Wanted, entry: Entry): Promise<void> {
    const { path } = wanted;
    const { state, queue } = this.#parts;
    const other = this.#otherName(path, entry);
    if (other !== undefined) {
      const { inode, mtimeNs } = other.entry.state;
      const file = { inode, sizeBytes: other.entry.sizeBytes, mtimeNs };
      const from = other.entry.path;
      if (other.isGone) {
        this.#write({ type: "rename", path: from, to: path, file }, wanted);
        if (entry.type === "directory") this.#unwatch(from);
        state.rename(from, path);
        queue.arrive(from);
        if (entry.type === "directory") this.#watch(path);
      } else {
        this.#write({ type: "link", path: from, to: path, file }, wanted);
        state.set(path, other.entry);
        this.#otherNamesOf(entry.inode, path, wanted);
      }
      this.#attributes(wanted, entry, other.entry);
      if (entry.type === "directory") queue.addFolder(path, { below: true });
      return;
    }
    if (entry.type !== "directory") return this.#content(wanted, entry, undefined);
    this.#makeFolder(wanted, entry);
  }

  #makeFolder(wanted: Wanted, entry: Entry): void {
    const { path } = wanted;
    const known = stateOf(entry, this.#parts.files.attributes(path));
    this.#write({ type: "mkdir", path, state: known }, wanted, entry);
    this.#parts.state.set(path, { state: known, sizeBytes: 0 });
    this.#parts.hints().watchFolder(path);
    this.#parts.queue.addFolder(path, { below: true, origin: wanted.origin });
  }

  /** Another inode has the name now. */
  async #replaced(wanted: Wanted, entry: Entry, before: ObservedEntry): Promise<void> {
    const { state, queue } = this.#parts;
    const { path } = wanted;
    const isFolder = entry.type === "directory";
    if (before.state.type === "directory" && isFolder) {
      // What lies in it is compared name by name; a folder is its path, not its inode.
      this.#attributes(wanted, entry, before);
      return queue.addFolder(path, { below: true, origin: wanted.origin });
    }
    if (before.state.type === "directory" || isFolder) {
      if (!this.#parts.mayRemove(path)) return;
      this.#removeTree(wanted, before);
      return this.#came(wanted, entry);
    }
    if (isAsCopied(entry, before, state)) return this.#attributes(wanted, entry, before);
    if (this.#otherName(path, entry) !== undefined) await this.#came(wanted, entry);
    else await this.#content(wanted, entry, undefined);
    if (before.state.links > 1) this.#otherNamesOf(before.state.inode, path, wanted);
  }

  /** Names of an inode that has one name more or less, or other bytes. */
  #otherNamesOf(inode: bigint, path: RawPath, { origin }: Wanted): void {
    for (const other of this.#parts.state.withInode(inode))
      if (other.path !== path) this.#parts.queue.addName(other.path, { origin });
  }

  async #changed(wanted: Wanted, entry: Entry, before: ObservedEntry): Promise<void> {
    const { path, compare, below } = wanted;
    if (entry.type === "directory") {
      this.#attributes(wanted, entry, before);
      if (below) this.#parts.queue.addFolder(path, { below: true, origin: wanted.origin });
      return;
    }
    const { state } = before;
    const hasOtherBytes = entry.sizeBytes !== before.sizeBytes || entry.mtimeNs !== state.mtimeNs;
    // A new name or link changes ctime; something else may be a change whose time was put back.
    const isDoubtful = entry.ctimeNs !== state.ctimeNs && entry.links === state.links;
    const canCompare = before.content !== undefined;
    if (
      entry.type === "file" &&
      (hasOtherBytes || (canCompare && (compare !== "none" || isDoubtful)))
    )
      return this.#content(wanted, entry, before);
    this.#attributes(wanted, entry, before);
  }

  #attributes(wanted: Wanted, entry: Entry, before: ObservedFile): void {
    const { state, files } = this.#parts;
    const { path } = wanted;
    const known = before.state;
    const isFolder = entry.type === "directory";
    const hasNewTime = entry.ctimeNs !== known.ctimeNs || entry.inode !== known.inode;
    const attributes = hasNewTime ? files.attributes(path) : (known.extendedAttributes ?? []);
    const now = stateOf(entry, attributes);
    const isSame = isFolder ? hasSameRights(now, known) : isSameState(now, known);
    if (!isSame) this.#write({ type: "attributes", path, state: now }, wanted, entry);
    if (!isSame || hasNewTime || !state.has(path))
      state.set(path, { ...before, state: now, sizeBytes: isFolder ? 0 : entry.sizeBytes });
  }

  async #content(wanted: Wanted, entry: Entry, before: ObservedEntry | undefined): Promise<void> {
    const { path } = wanted;
    const { state, queue, nowNs } = this.#parts;
    if (entry.type !== "file") {
      const known = stateOf(entry, this.#parts.files.attributes(path));
      const { sizeBytes } = entry;
      this.#write({ type: "put", path, state: known, sizeBytes, content: [] }, wanted, entry);
      return state.set(path, { state: known, sizeBytes });
    }
    const read = await readContent({ path, entry, before, compare: wanted.compare }, this.#parts);
    // It went away while it was read: the next look says what became of it.
    if (read === undefined) return queue.addName(path, { origin: wanted.origin });
    this.storedBytes += read.storedBytes;
    for (const event of read.events) this.#write(event, wanted, entry);
    const { file } = read;
    if (read.events.length === 0 && before !== undefined && !isSameState(file.state, before.state))
      this.#write({ type: "attributes", path, state: file.state }, wanted, entry);
    state.set(path, file);
    if (before !== undefined && entry.links > 1) this.#otherNamesOf(entry.inode, path, wanted);
    if (read.isPartial)
      queue.lookAgain(path, Math.max(restAfterMs, file.sizeBytes / restBytesPerMs), "whole");
    // By ctime, which nobody sets: a file from the future, or from before the clock was set back, is not young for ever.
    const ageNs = nowNs() - file.state.ctimeNs;
    const isYoung = ageNs < tickDoubtNs && ageNs > -tickDoubtNs;
    if (isYoung && !isMaildirMessage(path, (name) => state.has(name)))
      queue.lookAgain(path, againMs, "end");
  }

  #gone(wanted: Wanted, before: ObservedEntry): void {
    const { queue, mayRemove } = this.#parts;
    if (!wanted.isFinal) return queue.depart(wanted.path, wanted.origin);
    if (mayRemove(wanted.path)) this.#removeTree(wanted, before);
  }

  #removeTree(wanted: Wanted, { path, state }: ObservedEntry): void {
    if (state.type === "directory") {
      for (const below of this.#parts.state.list(path)) this.#removeTree(wanted, below);
      this.#parts.hints().forgetFolder(path);
    }
    this.#write({ type: state.type === "directory" ? "rmdir" : "remove", path }, wanted);
    this.#parts.state.remove(path);
    if (state.type !== "directory" && state.links > 1)
      this.#otherNamesOf(state.inode, path, wanted);
  }

  #otherName(path: RawPath, entry: Entry): OtherName | undefined {
    return otherName(path, entry, { ...this.#parts, look: (known) => this.#look(known) });
  }

  #watch(folder: RawPath): void {
    for (const path of this.#foldersBelow(folder)) this.#parts.hints().watchFolder(path);
  }

  #unwatch(folder: RawPath): void {
    for (const path of this.#foldersBelow(folder)) this.#parts.hints().forgetFolder(path);
  }

  *#foldersBelow(folder: RawPath): Generator<RawPath> {
    yield folder;
    for (const { path, state } of this.#parts.state.list(folder))
      if (state.type === "directory") yield* this.#foldersBelow(path);
  }

  #write(event: JournalEvent, wanted: Wanted, entry?: Entry): void {
    this.append(event);
    this.changes++;
    if (wanted.origin !== "scan") return;
    const isArrival = event.type === "put" || event.type === "mkdir";
    const { path } = wanted;
    this.#parts.onScanned({
      path,
      ...(isArrival && entry !== undefined ? { notBeforeNs: oldest(entry) } : {}),
      ...changedNs(entry ?? this.#folderOf(path)),
    });
  }

  /** A folder changes when a name in it goes. */
  #folderOf(path: RawPath): Entry | undefined {
    const folder = this.#look(rawParent(path));
    return folder === "unseen" ? undefined : folder;
  }
}

function changedNs(entry: Entry | undefined): { readonly changedNs?: bigint } {
  return entry === undefined ? {} : { changedNs: newest(entry) };
}

function newest({ mtimeNs, ctimeNs }: Pick<FileState, "mtimeNs" | "ctimeNs">): bigint {
  return mtimeNs > ctimeNs ? mtimeNs : ctimeNs;
}

function oldest({ mtimeNs, ctimeNs }: Pick<FileState, "mtimeNs" | "ctimeNs">): bigint {
  return mtimeNs < ctimeNs ? mtimeNs : ctimeNs;
}
