import { rawBaseName, rawParent, type RawPath } from "#image";
import { type CyrusIndexHeader, type CyrusMailboxName, cyrusNameIn, parseCyrusIndex } from "#mail";
import { type At, BurstWindow } from "./burst-window.ts";
import type { AccountTeller } from "./account-state.ts";
import { isTrashName } from "./mail-place.ts";

type Mailbox = {
  owner: RawPath;
  isTrash: boolean;
  /** It waits to be removed, and its owner has lost it already. */
  isDeleted: boolean;
  /** Its path has its name: a header may still have the one of before. */
  isByName: boolean;
  readonly folders: Set<RawPath>;
  /** Of messages, also of those that are expunged and wait to be removed. */
  files: number;
  index: CyrusIndexHeader | undefined;
  /** An index that is put in the other's place next. */
  next: CyrusIndexHeader | undefined;
  /** How many messages have files elsewhere, by what there was when following began. */
  elsewhere: number;
  /** It was only learnt: its files may not all be counted. */
  isFresh: boolean;
  /** How many of its messages were told of. */
  shown: number;
  /** What was thrown away into it lately. */
  readonly thrown: BurstWindow;
};

/**
 * Mailboxes of Cyrus. Whose they are says `cyrus.header`, or the path where folders have names; how many
 * messages there are, the head of `cyrus.index`: what is expunged keeps its file until `cyr_expire` removes
 * it, and that is no removal any more. A message is there while both say so.
 */
export class CyrusMail {
  readonly #windowMs: number;
  readonly #tell: AccountTeller;
  readonly #mailboxes = new Map<string, Mailbox>();

  constructor(windowMs: number, tell: AccountTeller) {
    this.#windowMs = windowMs;
    this.#tell = tell;
  }

  /** A mailbox's own file that is there when watching begins, by its first bytes. */
  learn(path: RawPath, head: Uint8Array): void {
    const mailbox = this.#mailboxOf(rawParent(path), { isFresh: true });
    if (rawBaseName(path) === "cyrus.header") this.#headed(mailbox, cyrusNameIn(head));
    else mailbox.index = parseCyrusIndex(head) ?? mailbox.index;
    this.#refresh(mailbox);
  }

  learnFile(folder: RawPath): void {
    const mailbox = this.#mailboxOf(folder, { isFresh: true });
    mailbox.files++;
    this.#refresh(mailbox);
  }

  /** Whose it is, and whether emptying it is nothing; undefined of a mailbox that was deleted. */
  placeIn(folder: RawPath): { readonly account: RawPath; readonly isTrash: boolean } | undefined {
    const { owner, isTrash, isDeleted } = this.#mailboxOf(folder);
    return isDeleted ? undefined : { account: owner, isTrash };
  }

  fileCame(folder: RawPath, { isThrownAway, at }: { isThrownAway: boolean; at: At }): void {
    const mailbox = this.#followed(folder);
    mailbox.files++;
    this.#refresh(mailbox);
    if (isThrownAway) mailbox.thrown.add(1, at);
  }

  /** `isLoss`: unless it was expunged before, or does so later. */
  fileWent(folder: RawPath, { isLoss, at }: { isLoss: boolean; at: At }): void {
    const mailbox = this.#followed(folder);
    mailbox.files = Math.max(0, mailbox.files - 1);
    const gone = -this.#refresh(mailbox);
    if (isLoss) this.#lose(mailbox, gone, at);
  }

  /** `cyrus.index`, `cyrus.header`; `head`: its first bytes, where these are at hand. */
  written(path: RawPath, head: Uint8Array | undefined, at: At): void {
    const [, file, isNext] = ownFile.exec(rawBaseName(path)) ?? [];
    if (file === undefined || head === undefined) return;
    const mailbox = this.#followed(rawParent(path));
    if (file === "header") {
      if (isNext === undefined) this.#headed(mailbox, cyrusNameIn(head), at);
      return;
    }
    const index = parseCyrusIndex(head);
    if (index === undefined) return;
    if (isNext === undefined) this.#indexed(mailbox, index, at);
    else mailbox.next = index;
  }

  renamed(from: RawPath, to: RawPath, at: At): void {
    if (rawBaseName(from) === "cyrus.index.NEW" && rawBaseName(to) === "cyrus.index") {
      const mailbox = this.#followed(rawParent(to));
      if (mailbox.next !== undefined) this.#indexed(mailbox, mailbox.next, at);
      return;
    }
    // Other files of a mailbox's own are put in each other's place as well.
    if (rawBaseName(from).startsWith("cyrus.")) return;
    for (const [key, mailbox] of this.#at(from)) {
      this.#mailboxes.delete(key);
      const [folder = from] = mailbox.folders;
      const moved = `${to}${folder.slice(from.length)}` as RawPath;
      mailbox.folders.clear();
      mailbox.folders.add(moved);
      this.#mailboxes.set(keyOf(moved), mailbox);
      const name = nameOfPath(moved);
      mailbox.isByName = name !== undefined;
      if (name !== undefined) this.#named(mailbox, name, at);
    }
  }

  /** The messages of a mailbox go with its last folder. */
  removedFolder(path: RawPath, at: At): void {
    for (const [key, mailbox] of this.#at(path)) {
      for (const folder of mailbox.folders) if (isIn(folder, path)) mailbox.folders.delete(folder);
      if (mailbox.folders.size > 0) continue;
      const { shown } = mailbox;
      this.#show(mailbox, 0);
      if (!mailbox.isTrash) this.#lose(mailbox, shown, at);
      this.#mailboxes.delete(key);
    }
  }

  #indexed(mailbox: Mailbox, index: CyrusIndexHeader, at: At): void {
    const { index: before, shown } = mailbox;
    mailbox.index = index;
    if (before === undefined || before.uidValidity !== index.uidValidity) {
      this.#refresh(mailbox);
      return;
    }
    // Records of what is expunged may have been taken out meanwhile: then fewer came than it seems.
    const came = Math.min(index.lastUid - before.lastUid, index.records - before.records);
    const expunged = Math.max(0, before.exists + Math.max(0, came) - index.exists);
    const missing = Math.max(0, before.exists - mailbox.files - mailbox.elsewhere);
    mailbox.elsewhere = Math.min(mailbox.elsewhere, index.exists);
    this.#refresh(mailbox);
    if (index.isDeleted && !before.isDeleted) return this.#deleted(mailbox, shown, at);
    // No more than there are files of, whatever the head says.
    const most = Math.max(shown, mailbox.files + mailbox.elsewhere);
    const lost = Math.min(most, Math.max(0, expunged - missing));
    if (!mailbox.isTrash) return this.#lose(mailbox, lost, at);
    const thrown = Math.max(0, Math.min(lost, mailbox.thrown.sum(at.atNs)));
    mailbox.thrown.add(-thrown, at);
    this.#lose(mailbox, thrown, at);
  }

  #headed(mailbox: Mailbox, name: CyrusMailboxName | undefined, at?: At): void {
    if (name !== undefined && !mailbox.isByName) this.#named(mailbox, name, at);
  }

  /** Without `at` it was so when following began. */
  #named(mailbox: Mailbox, name: CyrusMailboxName, at?: At): void {
    const { shown, isDeleted } = mailbox;
    this.#name(mailbox, name);
    if (at === undefined || isDeleted === mailbox.isDeleted) return;
    if (mailbox.isDeleted) this.#deleted(mailbox, shown, at);
    // It is back.
    else this.#tell.lose(mailbox.owner, -mailbox.shown, at);
  }

  #deleted(mailbox: Mailbox, shown: number, at: At): void {
    mailbox.isDeleted = true;
    this.#show(mailbox, 0);
    if (!mailbox.isTrash && shown > 0) this.#tell.lose(mailbox.owner, shown, at);
  }

  #name(mailbox: Mailbox, name: CyrusMailboxName): void {
    const { shown } = mailbox;
    this.#show(mailbox, 0);
    mailbox.owner = (name.owner ?? "") as RawPath;
    mailbox.isTrash = isTrashName(name.folders.at(-1) ?? "");
    mailbox.isDeleted = name.isDeleted;
    this.#show(mailbox, name.isDeleted ? 0 : shown);
    this.#refresh(mailbox);
  }

  /** Returns by how many there are more. */
  #refresh(mailbox: Mailbox): number {
    const { index, files, elsewhere, isFresh, isDeleted } = mailbox;
    const exists = index?.exists ?? files;
    const there = isFresh ? exists : Math.min(exists, files + elsewhere);
    return this.#show(mailbox, isDeleted ? 0 : there);
  }

  #show(mailbox: Mailbox, count: number): number {
    const change = count - mailbox.shown;
    mailbox.shown = count;
    if (change !== 0) this.#tell.count(mailbox.owner, change);
    return change;
  }

  #lose({ owner, isDeleted }: Mailbox, count: number, at: At): void {
    if (count > 0 && !isDeleted) this.#tell.lose(owner, count, at);
  }

  /** The mailbox of that folder; else those below it. */
  #at(path: RawPath): readonly (readonly [key: string, mailbox: Mailbox])[] {
    const key = keyOf(path);
    const own = this.#mailboxes.get(key);
    if (own !== undefined) return [[key, own]];
    return [...this.#mailboxes].filter(([, { folders }]) =>
      [...folders].some((folder) => isIn(folder, path)),
    );
  }

  #followed(folder: RawPath): Mailbox {
    const mailbox = this.#mailboxOf(folder);
    if (!mailbox.isFresh) return mailbox;
    mailbox.isFresh = false;
    mailbox.elsewhere = Math.max(0, (mailbox.index?.exists ?? 0) - mailbox.files);
    return mailbox;
  }

  #mailboxOf(folder: RawPath, { isFresh = false } = {}): Mailbox {
    const key = keyOf(folder);
    const known = this.#mailboxes.get(key);
    if (known !== undefined) {
      known.folders.add(folder);
      return known;
    }
    const name = nameOfPath(folder);
    const mailbox: Mailbox = {
      owner: (name?.owner ?? "") as RawPath,
      isTrash: isTrashName(name?.folders.at(-1) ?? rawBaseName(folder)),
      isDeleted: name?.isDeleted ?? false,
      isByName: name !== undefined,
      folders: new Set([folder]),
      files: 0,
      index: undefined,
      next: undefined,
      elsewhere: 0,
      isFresh,
      shown: 0,
      thrown: new BurstWindow(this.#windowMs),
    };
    this.#mailboxes.set(key, mailbox);
    return mailbox;
  }
}

const ownFile = /^cyrus\.(index|header)(\.NEW)?$/;

/** The files of a Cyrus mailbox that say whose it is and what is in it. */
export function isCyrusOwnFile(path: RawPath): boolean {
  return ownFile.test(rawBaseName(path));
}

/** A mailbox that is kept by its ID may have folders in several partitions. */
function keyOf(folder: RawPath): string {
  const [, id] = /(?:^|\/)uuid\/[^/]\/[^/]\/([^/]+)$/.exec(folder) ?? [];
  return id === undefined ? folder : `\0${id}`;
}

const byName =
  /(?:^|\/)(?:domain\/(?:[^/]\/)?(?<domain>[^/]+)\/)?(?:[^/]\/)?(?<deleted>DELETED\/)?user\/(?<user>[^/]+)(?<folders>(?:\/[^/]+)*)$/;

/** Of a mailbox whose folder has its name: `[domain/[e/]example.org/][c/]user/cass/Folder`. */
function nameOfPath(folder: RawPath): CyrusMailboxName | undefined {
  const { domain, deleted, user, folders = "" } = byName.exec(folder)?.groups ?? {};
  if (user === undefined) return undefined;
  const name = user.replaceAll("^", ".");
  const parts = folders.split("/").slice(1);
  return {
    owner: domain === undefined ? name : `${name}@${domain}`,
    // Of what was deleted, the last part says when.
    folders: deleted === undefined ? parts : parts.slice(0, -1),
    isDeleted: deleted !== undefined,
  };
}

function isIn(path: RawPath, folder: RawPath): boolean {
  return folder === "" || path === folder || path.startsWith(`${folder}/`);
}
