/*
 * Accounts that were in one moment and are not in another. Folders whose fingerprints are equal are
 * not looked into, and of an account nothing but that it is there: the cost is that of the folders
 * above accounts that changed.
 */
import {
  type Image,
  isImageError,
  joinRawPath,
  type Listing,
  type RawPath,
  rootPath,
} from "#image";
import { type MailAccount, openMailStore } from "#mail";

export type LostAccount = Pick<MailAccount, "root" | "owner" | "layout">;

export type LostAccounts = {
  readonly lost: readonly LostAccount[];
  /** All folders were looked at. A folder that could not be listed is no lost account. */
  readonly isComplete: boolean;
};

export type FindLostAccountsOptions = {
  /** Paths within the images that the later one could not list or read: what is missing there is not lost. */
  readonly unread?: readonly RawPath[];
  readonly signal?: AbortSignal;
};

const mostFolders = 50_000;
const mostLost = 1000;

/** What `before` has and `now` has not, by its place, and where the store names owners by them. */
export async function findLostAccounts(
  before: Image,
  now: Image,
  options: FindLostAccountsOptions = {},
): Promise<LostAccounts> {
  const search = new Search(before, now, options);
  await search.walk();
  return search.result();
}

class Search {
  readonly #before: Image;
  readonly #now: Image;
  readonly #options: FindLostAccountsOptions;
  readonly #lost = new Map<string, LostAccount>();
  /** Folders whose accounts are compared as a whole. */
  readonly #whole = new Set<RawPath>();
  #isComplete = true;

  constructor(before: Image, now: Image, options: FindLostAccountsOptions) {
    this.#before = before;
    this.#now = now;
    this.#options = options;
  }

  result(): LostAccounts {
    return { lost: [...this.#lost.values()], isComplete: this.#isComplete };
  }

  async walk(): Promise<void> {
    const { signal } = this.#options;
    const pending: RawPath[] = [rootPath];
    for (let count = 0; pending.length > 0; count++) {
      signal?.throwIfAborted();
      if (count >= mostFolders || this.#lost.size >= mostLost) {
        this.#isComplete = false;
        break;
      }
      pending.push(...(await this.#compare(pending.pop() as RawPath)));
    }
    for (const folder of this.#whole) await this.#compareAccounts(folder);
  }

  /** Looks at one folder that both have; gives those below it that must be looked at too. */
  async #compare(folder: RawPath): Promise<readonly RawPath[]> {
    const { signal } = this.#options;
    if (this.#isUnread(folder) || (await this.#isSame(folder))) return [];
    const before = await this.#before.list(folder, signal);
    const now = await this.#listed(folder);
    if (now === undefined) return [];
    // What happens within an account is not its disappearance, unless it is none any more.
    if (isAccount(before)) {
      if (!isAccount(now)) this.#whole.add(folder);
      return [];
    }
    const below: RawPath[] = [];
    let isChanged = before.indexOf("mailboxes.db" as RawPath) >= 0;
    for (const { name, type } of before) {
      const path = joinRawPath(folder, name);
      const index = now.indexOf(name);
      if (index < 0) {
        if (type === "directory") await this.#addThoseIn(path);
        else isChanged ||= mayBeMail(name);
      } else if (type === "directory") {
        if (now.entry(index).type === "directory") below.push(path);
        else await this.#addThoseIn(path);
      }
    }
    if (isChanged) this.#whole.add(folder);
    return below;
  }

  async #isSame(folder: RawPath): Promise<boolean> {
    if (this.#before.fingerprintScope !== this.#now.fingerprintScope) return false;
    const { signal } = this.#options;
    const before = await this.#before.fingerprint(folder, signal);
    return before !== undefined && before === (await this.#now.fingerprint(folder, signal));
  }

  /** Undefined where the later moment cannot tell. */
  async #listed(folder: RawPath): Promise<Listing | undefined> {
    try {
      return await this.#now.list(folder, this.#options.signal);
    } catch (error) {
      if (!isImageError(error)) throw error;
      this.#isComplete = false;
      return undefined;
    }
  }

  async #addThoseIn(root: RawPath): Promise<void> {
    if (this.#isUnread(root)) return;
    for (const account of (await openMailStore(this.#before, { root, ...this.#signal() })).accounts)
      this.#add(account);
  }

  /** Where files are accounts (mbox), or a list names them (Cyrus). */
  async #compareAccounts(root: RawPath): Promise<void> {
    const options = { root, ...this.#signal() };
    const now = (await openMailStore(this.#now, options)).accounts;
    const there = new Set(now.map(keyOf));
    for (const account of (await openMailStore(this.#before, options)).accounts)
      if (!there.has(keyOf(account))) this.#add(account);
  }

  #add(account: MailAccount): void {
    const { root, owner, layout } = account;
    if (this.#isUnread(root)) return;
    this.#lost.set(keyOf(account), { root, layout, ...(owner === undefined ? {} : { owner }) });
  }

  #isUnread(path: RawPath): boolean {
    return (this.#options.unread ?? []).some(
      (one) => one === path || path.startsWith(`${one}/`) || one === rootPath,
    );
  }

  #signal(): { readonly signal?: AbortSignal } {
    const { signal } = this.#options;
    return signal === undefined ? {} : { signal };
  }
}

function keyOf({ root, owner }: Pick<MailAccount, "root" | "owner">): string {
  return owner === undefined ? root : `${root}\0${owner}`;
}

/** A Maildir, or the folder of a dbox. */
function isAccount(listing: Listing): boolean {
  const has = (name: string): boolean => listing.indexOf(name as RawPath) >= 0;
  return (has("cur") && has("new")) || has("mailboxes") || has("dbox-Mails");
}

/** Files that servers make and remove beside mail say nothing. */
function mayBeMail(name: string): boolean {
  return !/^\.|^dovecot|^courier|\.lock$|\.log$|\.tmp$|^subscriptions$/.test(name);
}
