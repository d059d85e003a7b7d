import { aclText } from "./cyrus-header.ts";
import {
  type CyrusName,
  isKeyName,
  levelMark,
  parseInternalName,
  parseKeyName,
} from "./cyrus-name.ts";
import type { DatabaseContent } from "./database.ts";
import { type Dlist, parseDlist } from "./dlist.ts";

/** A mailbox that mailboxes.db knows to be on this server's disks. */
export type ListedMailbox = {
  readonly name: CyrusName;
  readonly uniqueId?: string;
  readonly partition: string;
  readonly uidValidity?: number;
  /** Identifier, tab, rights, tab, and so on; one character per byte. */
  readonly acl?: string;
  /** Kept in a folder by name although it has a unique ID (older than 3.6, or not moved yet). */
  readonly isByName: boolean;
};

export type MailboxList = {
  /** Each once. */
  readonly mailboxes: readonly ListedMailbox[];
  /** Unique IDs of what is no mailbox with mail any more: gone, or never there (a level between others). */
  readonly otherIds: ReadonlySet<string>;
  readonly problems: readonly string[];
};

/**
 * The records of mailboxes.db.
 *
 * | key                        | value                                                                      |
 * | -------------------------- | -------------------------------------------------------------------------- |
 * | `N` name                   | `%(T type I uniqueid P partition V uidvalidity A %(identifier rights …) …)` |
 * | `I` unique ID              | the same with `N name` in place of `I`, and `H` its names of before        |
 * | `A…`, `$RACL…`, `$RUNQ…`   | an index of rights or unique IDs; not read                                 |
 * | name (before 3.6)          | `%(…)` as above, or `[(uniqueid ID …) ]type partition ACL`                 |
 *
 * Type: a letter for its use (`e` or none: mail), then `d` deleted, `i` only a level between others,
 * `l` folder by name, `m` moving, `r` on another server, `z` reserved. `N` and `I` records say the same twice, so
 * that one that is damaged is made up for by the other. Source: Cyrus IMAP 3.6.1, imap/mboxlist.c. Never throws.
 */
export function readMailboxList({ records, problems: found }: DatabaseContent): MailboxList {
  const problems = [...found];
  const isKeyed = records.some(
    ({ key, value }) =>
      (key.startsWith("N") && isKeyName(key)) || (key.startsWith("I") && / N /.test(value)),
  );
  const byId = new Map<string, ListedMailbox>();
  const withoutId: ListedMailbox[] = [];
  const otherIds = new Set<string>();
  let unread = 0;
  for (const letter of isKeyed ? ["N", "I"] : [""]) {
    for (const { key, value } of records) {
      if (!key.startsWith(letter) || key.startsWith("$R") || key.startsWith(levelMark)) continue;
      const entry = readEntry(key.slice(letter.length), value, letter);
      if (entry === undefined) {
        unread++;
        continue;
      }
      const { id, mailbox } = entry;
      if (mailbox !== undefined && id === undefined) withoutId.push(mailbox);
      // Names of before are in the list too, each as deleted, under the ID of the mailbox that moved on.
      else if (id !== undefined && mailbox === undefined) otherIds.add(id);
      else if (id !== undefined && mailbox !== undefined && !byId.has(id)) byId.set(id, mailbox);
    }
  }
  if (unread > 0) problems.push(`${unread} records of mailboxes.db cannot be read`);
  for (const id of byId.keys()) otherIds.delete(id);
  return { mailboxes: [...byId.values(), ...withoutId], otherIds, problems };
}

type Entry = { readonly id?: string; readonly mailbox?: ListedMailbox };

/** Undefined where the record cannot be read; without a mailbox where it says that there is none with mail here. */
function readEntry(key: string, value: string, letter: string): Entry | undefined {
  const fields = value.startsWith("%") ? parseDlist(value) : readOldValue(value);
  if (!(fields instanceof Map)) return undefined;
  const text = (field: string): string | undefined => {
    const found: Dlist = fields.get(field);
    return typeof found === "string" ? found : undefined;
  };
  const id = letter === "I" ? key : text("I");
  const shown = letter === "I" ? text("N") : key;
  const name = letter === "" ? parseInternalName(key) : parseKeyName(shown ?? "");
  const type = text("T") ?? "";
  const use = /^[abcefnps]/.exec(type)?.[0] ?? "e";
  const isHere = !/[dirz]/.test(type.replace(/^[abcefnps]/, "")) && text("S") === undefined;
  if (use !== "e" || !isHere) return id === undefined ? {} : { id };
  if (name === undefined) return undefined;
  const uidValidity = Number(text("V") ?? Number.NaN);
  const acl = fields.get("A");
  return {
    ...(id === undefined ? {} : { id }),
    mailbox: {
      name,
      ...(id === undefined ? {} : { uniqueId: id }),
      partition: text("P") ?? "default",
      ...(uidValidity > 0 && uidValidity <= 0xffff_ffff ? { uidValidity } : {}),
      ...(acl instanceof Map ? { acl: aclText(acl) } : typeof acl === "string" ? { acl } : {}),
      isByName: letter === "" || type.includes("l"),
    },
  };
}

/** `[(uniqueid ID …) ]type [server!]partition ACL`, as fields of the newer notation. */
function readOldValue(value: string): ReadonlyMap<string, Dlist> | undefined {
  const match =
    /^(?:\(([^()]{0,1000})\) )?([0-9]{1,9}) (?:([^ !]{1,255})!)?([^ ]{1,255})(?: ([^]*))?$/.exec(
      value,
    );
  if (match === null) return undefined;
  const [, extra = "", type = "", server, partition, acl] = match;
  const bits = Number(type);
  const letters = `e${bits & 16 ? "r" : ""}${bits & 32 ? "z" : ""}${bits & 128 ? "d" : ""}`;
  const words = extra.split(" ");
  const at = words.indexOf("uniqueid");
  return new Map<string, Dlist>([
    ["T", (bits & 15) === 0 ? letters : `n${letters.slice(1)}`],
    ["P", partition],
    ["A", acl],
    ...(at >= 0 ? ([["I", words[at + 1]]] as const) : []),
    ...(server === undefined ? [] : ([["S", server]] as const)),
  ]);
}
