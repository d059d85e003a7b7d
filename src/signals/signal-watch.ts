import { rawParent, type RawPath } from "#image";
import type { ContentPiece, FileState, JournalPoint, JournalRecord } from "#journal";
import { AccountState, type AccountTeller } from "./account-state.ts";
import type { At } from "./burst-window.ts";
import { looksRandom } from "./byte-entropy.ts";
import { CyrusMail, isCyrusOwnFile } from "./cyrus-mail.ts";
import { HeadCache } from "./head-cache.ts";
import { KnownNames } from "./known-names.ts";
import { type MailPlace, mailPlaceOf } from "./mail-place.ts";
import type { MailThere } from "./mail-there.ts";
import { MboxMail } from "./mbox-mail.ts";
import { MdboxMail } from "./mdbox-mail.ts";
import { keyOf, type RecentEvent, RecentPaths } from "./recent-paths.ts";
import type { Signal } from "./signal.ts";
import { SignalJudge } from "./signal-judge.ts";
import { UnseenSpan } from "./unseen-span.ts";

export type SignalWatchOptions = {
  /** More than this share in `withinMs` is an alarm. Default 20. */
  readonly percent?: number;
  /** Default 10 minutes. */
  readonly withinMs?: number;
  /** `mailbox`: of one person's mail, or of the whole store; `group`: of the whole store alone. Default mailbox. */
  readonly of?: "mailbox" | "group";
  /** Fewer messages than this are no mass. Default 20. */
  readonly ignoredCount?: number;
  /** How long it must last: a move may look like a removal until its other half is seen. Default 2 s. */
  readonly settleMs?: number;
  /** How many messages are expected; decides what the memory of names takes (10 bits each). Default 1 million. */
  readonly expectedMessages?: number;
  /** Where an account has folders of its own elsewhere: the one that stands for it. Default: each stands for itself. */
  readonly accountOf?: (path: RawPath) => RawPath;
};

type Written = {
  readonly path: RawPath;
  readonly offset: number;
  readonly sizeBytes: number;
  readonly content: readonly ContentPiece[];
};

/**
 * Looks at every record of a journal, in order, and says when mail disappears, is rewritten or turns into
 * noise in masses. Give it first, with `learn`, what there is; then every record; then ask with `check`.
 *
 * Moves, copies, flags, renamed folders, the server's own files, and emptying what people threw away
 * earlier are not removals. Memory is bounded by the number of folders, not of messages.
 */
export class SignalWatch {
  readonly #windowMs: number;
  readonly #windowNs: bigint;
  readonly #accounts = new Map<RawPath, AccountState>();
  readonly #store: AccountState;
  /** Messages by the folder that holds the files: a folder may go as a whole. */
  readonly #folders = new Map<RawPath, number>();
  readonly #accountOf: (path: RawPath) => RawPath;
  readonly #known: KnownNames;
  readonly #recent: RecentPaths;
  readonly #heads = new HeadCache();
  readonly #mboxes: MboxMail;
  readonly #mdbox: MdboxMail;
  readonly #cyrus: CyrusMail;
  readonly #touched = new Set<AccountState>();
  readonly #judge: SignalJudge;
  readonly #unseen = new UnseenSpan();
  /** What is recorded may have been there when it was counted: a first scan goes on. */
  isCatchingUp = false;

  constructor(options: SignalWatchOptions = {}) {
    const { withinMs = 600_000, expectedMessages = 1_000_000 } = options;
    this.#accountOf = options.accountOf ?? ((path) => path);
    this.#windowMs = withinMs;
    this.#windowNs = BigInt(withinMs) * 1_000_000n;
    this.#store = this.#state("" as RawPath, "messages");
    this.#known = new KnownNames(expectedMessages);
    this.#recent = new RecentPaths(withinMs);
    this.#judge = new SignalJudge(options);
    const tell: AccountTeller = {
      count: (account, change) => this.#countIn(account, change),
      lose: (account, count, at) => this.#tell({ account }, "losses", { count, at }),
    };
    this.#mdbox = new MdboxMail(withinMs, tell);
    this.#cyrus = new CyrusMail(withinMs, tell);
    this.#mboxes = new MboxMail({
      size: (path, kib) => void (this.#mboxState(path).count = kib),
      lose: (path, count, at) => this.#tellState(this.#mboxState(path), "losses", { count, at }),
      scramble: (path, at) =>
        this.#tellState(this.#mboxState(path), "containers", { count: 1, at }),
    });
  }

  learn({ path, sizeBytes = 0, isMbox, index, head }: MailThere): void {
    if (isMbox === true) this.#mboxes.learn(path, sizeBytes);
    if (index !== undefined) this.#mdbox.learn(path, index);
    if (head !== undefined) this.#cyrus.learn(path, head);
    const place = mailPlaceOf(path);
    if (place === undefined) return;
    this.#known.add(path);
    if (place.kind === "container") this.#mdbox.noteStorage(place.account);
    else if (place.spool !== undefined) this.#cyrus.learnFile(place.spool);
    else this.#count(path, place, 1);
  }

  /** What was recorded last before following began anew. */
  learnLast(point: JournalPoint): void {
    this.#unseen.last = point;
  }

  /** How many messages are known now, of the whole store. */
  get messages(): number {
    return this.#store.count;
  }

  observe(record: JournalRecord): void {
    const { sequence, atNs, event } = record;
    this.#unseen.see(record);
    const at = { sequence, atNs };
    switch (event.type) {
      case "data":
        return this.#heads.add(sequence, event.bytes);
      case "put":
        return this.#put(event, at);
      case "write":
        return this.#write(event, at);
      case "truncate":
        return this.#truncate(event, at);
      case "link":
        return this.#link(event, at);
      case "rename":
        return this.#rename(event, at);
      case "remove":
        return this.#remove(event.path, at);
      case "rmdir":
        return this.#removeFolder(event.path, at);
      case "mkdir":
      case "attributes":
      case "arrived":
      case "outcome":
      case "mark":
      case "gap":
        return;
    }
  }

  /** What has become an alarm by this instant. An episode is told of again for each further account. */
  check(nowNs: bigint): readonly Signal[] {
    const signals: Signal[] = [];
    for (const account of this.#touched) {
      const { signals: seen, isQuiet } = this.#judge.judge(account, nowNs, this.#store);
      for (const one of seen) signals.push({ ...one, before: this.#unseen.before(one.before) });
      if (isQuiet) this.#touched.delete(account);
    }
    // What began first comes first: its moment is the one to go back to.
    return signals.toSorted((a, b) => a.before.sequence - b.before.sequence);
  }

  #put(
    event: { path: RawPath; state: FileState; sizeBytes: number; content: readonly ContentPiece[] },
    at: At,
  ): void {
    const { path, state, sizeBytes, content } = event;
    const place = this.#placeOf(path);
    const head = this.#heads.of(content, 0);
    if (place === undefined)
      return this.#putOther({ path, offset: 0, sizeBytes, content, head }, at);
    if (place.kind === "container") this.#mdbox.noteStorage(place.account);
    const isKnown = this.#known.has(path);
    const reappears =
      this.#recent.take(keyOf("message", place.key), at.atNs) === "removed" &&
      place.kind === "message";
    if (place.kind === "message" && place.isOddName && !isKnown) {
      // Beside the messages, and none itself.
      if (this.#isNoise(head)) this.#scrambled(place, at);
      return;
    }
    if (isKnown && this.isCatchingUp) {
      // It was counted already. What is noise now, was not always.
      if (reappears || at.atNs - state.mtimeNs > this.#windowNs) this.#lose(place, -1, at);
      if (this.#isNoise(head)) this.#scrambled(place, at);
    } else if (isKnown && !reappears) this.#rewritten(path, place, { head, at });
    else if (place.kind === "message") {
      // What was not written just now was copied from elsewhere.
      const isCopy = reappears || at.atNs - state.mtimeNs > this.#windowNs;
      this.#arrive(path, place, { at, what: isCopy && place.isTrash ? "thrown-away" : "new" });
      if (isCopy) this.#lose(place, -1, at);
    }
    this.#known.add(path);
  }

  #write(event: Written, at: At): void {
    const { path, offset } = event;
    const place = this.#placeOf(path);
    const head = offset === 0 ? this.#heads.of(event.content, 0) : undefined;
    if (place === undefined) return this.#putOther({ ...event, head }, at);
    // Files of many messages grow, and their headers are written last.
    if (place.kind === "message" || this.#isNoise(head)) this.#rewritten(path, place, { head, at });
  }

  /** What is no message, and may tell of many: an mbox, a log. */
  #putOther(
    { path, offset, sizeBytes, content, head }: Written & { readonly head: Uint8Array | undefined },
    at: At,
  ): void {
    this.#mboxes.written(path, { sizeBytes, head }, at);
    if (isCyrusOwnFile(path))
      this.#cyrus.written(path, offset === 0 ? this.#heads.all(content) : undefined, at);
    this.#mdbox.written(path, () => ({ offset, sizeBytes, bytes: this.#heads.all(content) }), at);
  }

  #truncate({ path, sizeBytes }: { path: RawPath; sizeBytes: number }, at: At): void {
    const place = this.#placeOf(path);
    if (place === undefined) this.#mboxes.written(path, { sizeBytes, head: undefined }, at);
    else if (place.kind === "message") this.#rewritten(path, place, { head: undefined, at });
  }

  #link({ to }: { to: RawPath }, at: At): void {
    const place = this.#placeOf(to);
    if (place?.kind !== "message") return;
    this.#known.add(to);
    this.#arrive(to, place, { at, what: place.isTrash ? "thrown-away" : undefined });
    this.#lose(place, -1, at);
  }

  #rename({ path, to }: { path: RawPath; to: RawPath }, at: At): void {
    const [before, after] = [this.#placeOf(path), this.#placeOf(to)];
    if (before === undefined && after === undefined) {
      this.#renameFolder(path, to);
      this.#mdbox.renamed(path, to);
      this.#cyrus.renamed(path, to, at);
      return this.#mboxes.renamed(path, to, at);
    }
    const isMove = before?.kind === "message" && after?.kind === "message";
    if (isMove) this.#move({ path, before }, { path: to, after }, at);
    else {
      if (before?.kind === "message") this.#remove(path, at);
      if (after?.kind === "message") this.#arrive(to, after, { at, what: "new" });
      // Dovecot puts a file that it gave up aside under this name.
      else if (after?.isOddName === true && !to.endsWith(".broken")) this.#scrambled(after, at);
    }
    this.#known.add(to);
  }

  #move(
    { path, before }: { readonly path: RawPath; readonly before: MailPlace },
    { path: to, after }: { readonly path: RawPath; readonly after: MailPlace },
    at: At,
  ): void {
    if (before.spool === undefined) this.#count(path, before, -1);
    else this.#cyrus.fileWent(before.spool, { isLoss: false, at });
    const recent = this.#recent.take(keyOf("path", path), at.atNs);
    const what = after.isTrash && !before.isTrash ? "thrown-away" : recent;
    this.#arrive(to, after, { at, what });
    // A flag changes the end of a name, a move its folder. Another name in its place is nobody's custom.
    const isSameFolder = rawParent(path) === rawParent(to);
    if (after.isOddName || (isSameFolder && before.key !== after.key))
      this.#rewritten(to, after, { head: undefined, at });
  }

  /** What lies in a Cyrus mailbox is whose that is; in one that was deleted, nobody's. */
  #placeOf(path: RawPath): MailPlace | undefined {
    const place = mailPlaceOf(path);
    if (place?.spool === undefined) return place;
    const known = this.#cyrus.placeIn(place.spool);
    return known === undefined ? undefined : { ...place, ...known };
  }

  #arrive(
    path: RawPath,
    place: MailPlace,
    { at, what }: { readonly at: At; readonly what: RecentEvent | undefined },
  ): void {
    if (place.spool === undefined) this.#count(path, place, 1);
    else this.#cyrus.fileCame(place.spool, { isThrownAway: what === "thrown-away", at });
    if (what !== undefined) this.#recent.note(keyOf("path", path), what, at.atNs);
  }

  #remove(path: RawPath, at: At): void {
    const place = this.#placeOf(path);
    if (place === undefined) return this.#mboxes.removed(path, at);
    if (place.kind !== "message" || (place.isOddName && !this.#known.has(path))) return;
    const recent = this.#recent.take(keyOf("path", path), at.atNs);
    this.#recent.note(keyOf("message", place.key), "removed", at.atNs);
    // People empty what they threw away earlier; what was put there just now goes with the burst.
    const isLoss = !place.isTrash || recent === "thrown-away";
    if (place.spool !== undefined) {
      // What went before it was counted may have been expunged long ago.
      if (!this.isCatchingUp) this.#cyrus.fileWent(place.spool, { isLoss, at });
      return;
    }
    this.#count(path, place, -1);
    if (isLoss) this.#lose(place, 1, at);
  }

  #rewritten(
    path: RawPath,
    place: MailPlace,
    { head, at }: { readonly head: Uint8Array | undefined; readonly at: At },
  ): void {
    // A message may be seen before it was written to its end.
    if (this.#recent.has(keyOf("path", path), "new", at.atNs) && !place.isOddName) return;
    if (place.kind === "message") this.#tell(place, "rewrites", { count: 1, at });
    if (this.#isNoise(head)) this.#scrambled(place, at);
  }

  #scrambled(place: MailPlace, at: At): void {
    this.#tell(place, place.kind === "message" ? "scrambles" : "containers", { count: 1, at });
  }

  #isNoise(head: Uint8Array | undefined): boolean {
    return head !== undefined && looksRandom(head);
  }

  #removeFolder(path: RawPath, at: At): void {
    this.#mdbox.removedFolder(path, at);
    this.#cyrus.removedFolder(path, at);
    const below = `${path}/`;
    for (const [folder, count] of this.#folders) {
      if (count <= 0 || (folder !== path && !folder.startsWith(below))) continue;
      const place =
        mailPlaceOf(`${folder}/1` as RawPath) ?? mailPlaceOf(`${folder}/u.1` as RawPath);
      this.#folders.delete(folder);
      if (place === undefined) continue;
      this.#countIn(place.account, -count);
      if (!place.isTrash) this.#lose(place, count, at);
    }
  }

  /** All that is below it is elsewhere from here on. */
  #renameFolder(path: RawPath, to: RawPath): void {
    const below = `${path}/`;
    for (const [folder, count] of this.#folders) {
      if (folder !== path && !folder.startsWith(below)) continue;
      const moved = `${to}${folder.slice(path.length)}` as RawPath;
      this.#folders.delete(folder);
      this.#folders.set(moved, (this.#folders.get(moved) ?? 0) + count);
      const [from, into] = [folder, moved].map(
        (one) => mailPlaceOf(`${one}/1` as RawPath) ?? mailPlaceOf(`${one}/u.1` as RawPath),
      );
      if (from !== undefined) this.#stateOf(from.account).count -= count;
      if (into !== undefined) this.#stateOf(into.account).count += count;
    }
  }

  #mboxState(path: RawPath): AccountState {
    return this.#accounts.get(path) ?? this.#state(path, "KiB");
  }

  #count(path: RawPath, place: MailPlace, change: 1 | -1): void {
    const folder = rawParent(path);
    this.#folders.set(folder, Math.max(0, (this.#folders.get(folder) ?? 0) + change));
    this.#countIn(place.account, change);
  }

  #countIn(path: RawPath, change: number): void {
    const account = this.#stateOf(path);
    account.count += change;
    if (account !== this.#store) this.#store.count += change;
  }

  #lose(place: MailPlace, count: number, at: At): void {
    this.#tell(place, "losses", { count, at });
  }

  #tell(
    { account: path }: Pick<MailPlace, "account">,
    what: "losses" | "rewrites" | "scrambles" | "containers",
    happened: { readonly count: number; readonly at: At },
  ): void {
    const account = this.#stateOf(path);
    this.#tellState(account, what, happened);
    if (account !== this.#store) this.#tellState(this.#store, what, happened);
  }

  #tellState(
    account: AccountState,
    what: "losses" | "rewrites" | "scrambles" | "containers",
    { count, at }: { readonly count: number; readonly at: At },
  ): void {
    account[what].add(count, at);
    this.#touched.add(account);
  }

  #stateOf(path: RawPath): AccountState {
    const account = this.#accountOf(path);
    return this.#accounts.get(account) ?? this.#state(account, "messages");
  }

  #state(path: RawPath, unit: "messages" | "KiB"): AccountState {
    const state = new AccountState(path, { windowMs: this.#windowMs, unit });
    this.#accounts.set(path, state);
    return state;
  }
}
