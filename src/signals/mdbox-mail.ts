import type { RawPath } from "#image";
import { type DovecotIndexCount, type DovecotLogChanges, type UidRange, uidsIn } from "#mail";
import type { AccountTeller } from "./account-state.ts";
import { type At, BurstWindow } from "./burst-window.ts";
import { IndexLogs, type LogStretch } from "./index-logs.ts";
import { dboxMailboxOf, type LogPlace, logPlaceOf } from "./mail-place.ts";
import { RecentUids } from "./recent-uids.ts";

type Mailbox = {
  readonly logs: IndexLogs;
  account: RawPath;
  isTrash: boolean;
  count: number;
  /** What came into it lately. */
  readonly recent: RecentUids;
};

type Account = {
  readonly map: IndexLogs;
  readonly mailboxes: Map<RawPath, Mailbox>;
  /** Messages that got one more mailbox: copied, or moved, when the other half is an expunge. */
  readonly copies: BurstWindow;
  /** An account of files of many messages has a map; with a file for each message, the files tell. */
  isMdbox: boolean;
};

/**
 * Messages of mdbox, which come and go in the logs of their mailboxes' indexes and not as files. A log says
 * what was appended and expunged, the account's map what was copied.
 */
export class MdboxMail {
  readonly #windowMs: number;
  readonly #tell: AccountTeller;
  readonly #accounts = new Map<RawPath, Account>();

  constructor(windowMs: number, tell: AccountTeller) {
    this.#windowMs = windowMs;
    this.#tell = tell;
  }

  /** A log that is there when watching begins, and its index. */
  learn(path: RawPath, { messages, log, older }: DovecotIndexCount): void {
    const place = logPlaceOf(path);
    if (place === undefined) return;
    const { logs, mailbox } = this.#logsOf(place);
    if (older !== undefined) logs.learn("log.2", older);
    if (log !== undefined) logs.learn("log", log);
    if (mailbox !== undefined) this.#count(mailbox, messages);
  }

  /** A file of the account's storage: that makes it one. */
  noteStorage(account: RawPath): void {
    const known = this.#accountOf(account);
    if (known.isMdbox) return;
    known.isMdbox = true;
    for (const { count } of known.mailboxes.values()) this.#tell.count(account, count);
  }

  /** `stretch`: asked for of a log alone. */
  written(path: RawPath, stretch: () => LogStretch, at: At): void {
    const place = logPlaceOf(path);
    if (place === undefined) return;
    const { logs, mailbox } = this.#logsOf(place);
    const read = logs.read(place.name, stretch());
    if (read === undefined) return;
    const { references } = read.changes;
    if (mailbox !== undefined) this.#changed(mailbox, read, at);
    else if (!read.isAnew) this.#copied(place.account, references, at);
  }

  renamed(from: RawPath, to: RawPath): void {
    const [before, after] = [logPlaceOf(from), logPlaceOf(to)];
    if (before !== undefined && after !== undefined && before.folder === after.folder)
      this.#logsOf(before).logs.rename(before.name, after.name);
    if (before === undefined && after === undefined) this.#renamedFolder(from, to);
  }

  /** The messages of a mailbox go with its folder, if they were not expunged before. */
  removedFolder(path: RawPath, at: At): void {
    for (const { folder, mailbox } of this.#below(path)) {
      const { account, count, isTrash } = mailbox;
      this.#count(mailbox, -count);
      this.#accounts.get(account)?.mailboxes.delete(folder);
      if (!isTrash) this.#lose(account, count, at);
    }
  }

  #copied(account: RawPath, count: number, at: At): void {
    if (count === 0) return;
    this.#accountOf(account).copies.add(count, at);
    this.#lose(account, -count, at);
  }

  #changed(
    mailbox: Mailbox,
    { changes, isAnew }: { readonly changes: DovecotLogChanges; readonly isAnew: boolean },
    at: At,
  ): void {
    const { appended, expunged } = changes;
    // An index that is made again tells again of the messages that were there.
    const isAgain = isAnew && mailbox.count > 0;
    if (isAgain) this.#count(mailbox, -mailbox.count);
    this.#count(mailbox, uidsIn(appended));
    if (mailbox.isTrash && !isAgain) mailbox.recent.add(appended, at.atNs);
    if (expunged.length === 0) return;
    // A range may have UIDs in it that no message has.
    const gone = Math.min(uidsIn(expunged), mailbox.count);
    this.#count(mailbox, -gone);
    if (isAnew) return;
    const lost = mailbox.isTrash ? Math.min(gone, this.#thrownAway(mailbox, expunged, at)) : gone;
    if (lost > 0) this.#lose(mailbox.account, lost, at);
  }

  /** Of what is expunged there, how much was put there just now, out of another mailbox. */
  #thrownAway(mailbox: Mailbox, expunged: readonly UidRange[], at: At): number {
    const { copies } = this.#accountOf(mailbox.account);
    const recent = mailbox.recent.take(expunged, at.atNs);
    const count = Math.max(0, Math.min(recent, copies.sum(at.atNs)));
    if (count > 0) copies.add(-count, at);
    return count;
  }

  #renamedFolder(from: RawPath, to: RawPath): void {
    for (const { folder, mailbox } of this.#below(from)) {
      const moved = `${to}${folder.slice(from.length)}` as RawPath;
      const { account: before, count } = mailbox;
      this.#accounts.get(before)?.mailboxes.delete(folder);
      this.#count(mailbox, -count);
      const place = dboxMailboxOf(moved);
      mailbox.account = place?.account ?? before;
      mailbox.isTrash = place?.isTrash ?? mailbox.isTrash;
      this.#accountOf(mailbox.account).mailboxes.set(moved, mailbox);
      this.#count(mailbox, count);
    }
  }

  /** The mailboxes in a folder of an account, or in a folder of accounts. */
  #below(path: RawPath): readonly { readonly folder: RawPath; readonly mailbox: Mailbox }[] {
    const found: { folder: RawPath; mailbox: Mailbox }[] = [];
    for (const [name, { mailboxes }] of this.#accountsAround(path))
      for (const [folder, mailbox] of mailboxes)
        if (isIn(folder, path) || name === path) found.push({ folder, mailbox });
    return found;
  }

  #accountsAround(path: RawPath): Iterable<[RawPath, Account]> {
    const own = dboxMailboxOf(path)?.account ?? accountAbove(path);
    if (own === undefined) return [...this.#accounts].filter(([name]) => isIn(name, path));
    const account = this.#accounts.get(own);
    return account === undefined ? [] : [[own, account]];
  }

  #count(mailbox: Mailbox, change: number): void {
    mailbox.count += change;
    if (this.#accounts.get(mailbox.account)?.isMdbox === true)
      this.#tell.count(mailbox.account, change);
  }

  #lose(account: RawPath, count: number, at: At): void {
    if (this.#accounts.get(account)?.isMdbox === true && count !== 0)
      this.#tell.lose(account, count, at);
  }

  #logsOf(place: LogPlace): { readonly logs: IndexLogs; readonly mailbox?: Mailbox } {
    const { account, folder, kind, isTrash } = place;
    if (kind === "map") {
      this.noteStorage(account);
      return { logs: this.#accountOf(account).map };
    }
    const { mailboxes } = this.#accountOf(account);
    let mailbox = mailboxes.get(folder);
    if (mailbox === undefined) {
      const recent = new RecentUids(this.#windowMs);
      mailbox = { logs: new IndexLogs(), account, isTrash, count: 0, recent };
      mailboxes.set(folder, mailbox);
    }
    return { logs: mailbox.logs, mailbox };
  }

  #accountOf(name: RawPath): Account {
    const known = this.#accounts.get(name);
    if (known !== undefined) return known;
    const copies = new BurstWindow(this.#windowMs);
    const account = { map: new IndexLogs(), mailboxes: new Map(), copies, isMdbox: false };
    this.#accounts.set(name, account);
    return account;
  }
}

/** Of the folder `mailboxes`, or one below it; undefined of any other. */
function accountAbove(path: RawPath): RawPath | undefined {
  const at = `/${path}/`.lastIndexOf("/mailboxes/");
  return at < 0 ? undefined : (path.slice(0, Math.max(0, at - 1)) as RawPath);
}

function isIn(path: RawPath, folder: RawPath): boolean {
  return folder === "" || path === folder || path.startsWith(`${folder}/`);
}
