/**
 * What of a store is changed as one: the mail of one account with its indexes and lists, wherever they lie.
 * The layout tells it, and what is known of the server where an account is spread over several folders.
 */
import {
  isWithin,
  joinRawPath,
  rawBaseName,
  type RawPath,
  rawParent,
  rootPath,
  type ServerFacts,
} from "#image";
import { partsByFacts, type PartsOf } from "#mail";
import { isIndex } from "./store-files.ts";

/** Where the mail of one account begins: Maildir++, dbox, a Cyrus mailbox, and what Dovecot keeps beside them. */
const marker =
  /(?:^|\/)(?:(?:cur|new|tmp|mailboxes|storage|dbox-Mails)(?:\/|$)|\.[^/]|dovecot[.-]|cyrus\.|\d+\.$)/;

export class StoreAccounts {
  readonly #partsOf: PartsOf;

  constructor(facts?: ServerFacts) {
    this.#partsOf = facts === undefined ? () => undefined : partsByFacts(facts);
  }

  /**
   * The folder that stands for the account: messages, indexes and lists belong together, and what lies elsewhere
   * may be looked at apart. A file where no layout is recognised, as an mbox, stands for itself.
   */
  of(path: RawPath): RawPath {
    const parts = this.#partsOf(path);
    if (parts !== undefined) return parts.all[0] as RawPath;
    const at = path.search(marker);
    return at < 0 ? path : (path.slice(0, at) as RawPath);
  }

  /** All folders that are the account's, itself among them. */
  partsOf(account: RawPath): readonly RawPath[] {
    return this.#partsOf(account)?.all ?? [account];
  }

  /** The lock that whoever changes this file holds, where it is a program that writes lock files. */
  lockOf(path: RawPath): RawPath {
    const folder = rawParent(path);
    const isInMaildir = ["cur", "new", "tmp"].includes(rawBaseName(folder));
    if (!isInMaildir && !isIndex(path)) return `${path}.lock` as RawPath;
    const mailbox = isInMaildir ? rawParent(folder) : folder;
    return joinRawPath(this.#listsOf(mailbox), "dovecot-uidlist.lock" as RawPath);
  }

  /** Where the lists of a Maildir's folder lie, by that folder or its counterpart among the indexes. */
  #listsOf(mailbox: RawPath): RawPath {
    const parts = this.#partsOf(mailbox);
    const { control } = parts ?? {};
    if (parts === undefined || control === undefined) return mailbox;
    const part = parts.all.find((one) => isWithin(mailbox, one)) ?? mailbox;
    const within = mailbox.slice(part.length + 1) as RawPath;
    // Beside the Maildir itself INBOX has a folder of its own.
    return joinRawPath(control, within === rootPath ? (".INBOX" as RawPath) : within);
  }
}
