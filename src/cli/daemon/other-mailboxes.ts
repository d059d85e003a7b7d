import { joinRawPath, type RawPath } from "#image";
import type { MailAccount } from "#mail";
import { accountAddress, isMailFolderName, mailboxAddress } from "../mailbox-address.ts";

export type OtherMailboxesOptions = {
  /** Mailboxes that were there at the start. */
  readonly accounts: readonly Pick<MailAccount, "owner" | "root">[];
  /** Folders of them that are other groups'. */
  readonly others: ReadonlySet<RawPath>;
  /** Whether an address is the group's. */
  readonly has: (address: string) => boolean;
  /** The store on its machine. */
  readonly root: RawPath;
};

/** Folders whose answer is kept at hand. */
const mostKept = 65_536;

/**
 * Which paths are other groups' mail, in a store of several groups. A mailbox that was made since the start
 * is told by its place: it lies as deep as one that was there, and its folder says its address. Where places
 * say no address (the store itself says whose mail it is), all that is new is captured.
 */
export class OtherMailboxes {
  readonly #options: OtherMailboxesOptions;
  readonly #own: ReadonlySet<string>;
  /** By depth: whether mailboxes there end in a folder's usual name, `…/Maildir`. */
  readonly #depths = new Map<number, boolean>();
  readonly #kept = new Map<string, boolean>();

  constructor(options: OtherMailboxesOptions) {
    this.#options = options;
    const { accounts, others, root } = options;
    this.#own = new Set(accounts.map((one) => one.root).filter((path) => !others.has(path)));
    for (const account of accounts) {
      const { owner, root: path } = account;
      if (owner !== undefined || path === "" || !accountAddress(account, root).includes("@"))
        continue;
      this.#depths.set(path.split("/").length, isMailFolderName(nameOf(path)));
    }
  }

  has(path: RawPath): boolean {
    if (this.#isBelowOther(path)) return true;
    let depth = 0;
    for (let end = path.indexOf("/"); ; end = path.indexOf("/", end + 1)) {
      const folder = end < 0 ? path : path.slice(0, end);
      depth++;
      if (this.#own.has(folder)) return false;
      const isNamed = this.#depths.get(depth);
      if (isNamed !== undefined && (!isNamed || isMailFolderName(nameOf(folder))))
        if (this.#isNewOther(folder)) return true;
      if (end < 0) return false;
    }
  }

  #isBelowOther(path: RawPath): boolean {
    const { others } = this.#options;
    for (let end = path.length; end > 0; end = path.lastIndexOf("/", end - 1))
      if (others.has(path.slice(0, end) as RawPath)) return true;
    return false;
  }

  #isNewOther(folder: string): boolean {
    const known = this.#kept.get(folder);
    if (known !== undefined) return known;
    const { has, root } = this.#options;
    const address = mailboxAddress(joinRawPath(root, folder as RawPath));
    const isOther = address.includes("@") && !has(address);
    if (this.#kept.size >= mostKept) this.#kept.clear();
    this.#kept.set(folder, isOther);
    return isOther;
  }
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
