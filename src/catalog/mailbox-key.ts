import { displayPath } from "#image";
import type { AccountKey, MailboxKey } from "./catalog.ts";

/** Keys as text, to find them by. */
export function accountText({ layout, root, owner }: AccountKey): string {
  return JSON.stringify([layout, root, owner ?? ""]);
}

export function mailboxText({ account, name, path }: MailboxKey): string {
  return JSON.stringify([accountText(account), name, path]);
}

/** As a person reads it. */
export function shownMailbox({ account, name }: MailboxKey): string {
  return `${account.owner ?? displayPath(account.root)}/${name}`;
}
