import { rawBaseName, rawParent, type RawPath } from "#image";
import type { LogName } from "./index-logs.ts";

/** What a path of a mail store is, as far as its name tells. */
export type MailPlace = {
  /** A file that is one message and never changes, or one that holds many. */
  readonly kind: "message" | "container";
  /** The folder of the person's mail that it belongs to; "" where the store's names do not tell. */
  readonly account: RawPath;
  /** What people throw away lies there: emptying it is nothing to be alarmed at. */
  readonly isTrash: boolean;
  /** What stays the same of a message's name while its flags change. */
  readonly key: string;
  /** Of Cyrus: the folder of the mailbox, which says whose it is. */
  readonly spool?: RawPath;
  /** No mail server gives a message such a name. */
  readonly isOddName: boolean;
};

/**
 * Maildir (`cur`, `new`), sdbox (`u.N`), the Cyrus spool (`N.`), mdbox (`storage/m.N`). Undefined for all
 * else: indexes, logs, locks and `tmp` are the server's own business and change as it likes.
 */
export function mailPlaceOf(path: RawPath): MailPlace | undefined {
  const name = rawBaseName(path);
  const folder = rawParent(path);
  const folderName = rawBaseName(folder);
  if (folderName === "cur" || folderName === "new") {
    if (name.startsWith("dovecot") || name.startsWith(".")) return undefined;
    const mailbox = rawParent(folder);
    const base = /^[^:,]*/.exec(name)?.[0] ?? "";
    return {
      kind: "message",
      account: maildirAccount(mailbox),
      isTrash: isTrashName(rawBaseName(mailbox)),
      key: `${mailbox}\0${base}`,
      isOddName: /:2,.*[^A-Za-z,]/.test(name),
    };
  }
  if (folderName === "dbox-Mails") {
    if (!/^u\.\d+(?:\D|$)/.test(name)) return undefined;
    const mailbox = rawParent(folder);
    return {
      kind: "message",
      account: dboxAccount(mailbox),
      isTrash: isTrashName(rawBaseName(mailbox)),
      key: path,
      isOddName: !/^u\.\d+$/.test(name),
    };
  }
  if (folderName === "storage" && /^m\.\d+(?:\D|$)/.test(name))
    return {
      kind: "container",
      account: rawParent(folder),
      isTrash: false,
      key: path,
      isOddName: !/^m\.\d+$/.test(name),
    };
  if (folderName === "tmp") return undefined;
  // Names of folders are hashes there, and who owns them stands in a database.
  if (/^[1-9]\d{0,9}\.(?:[A-Za-z]\w*)?$/.test(name))
    return {
      kind: "message",
      account: "" as RawPath,
      isTrash: isTrashName(folderName),
      spool: folder,
      key: path,
      isOddName: !name.endsWith("."),
    };
  return undefined;
}

/** A log of an index of Dovecot's: a mailbox's, or the map of all of an account's mdbox. */
export type LogPlace = {
  readonly kind: "mailbox" | "map";
  readonly account: RawPath;
  /** The folder that it lies in. */
  readonly folder: RawPath;
  readonly name: LogName;
  readonly isTrash: boolean;
};

/** Of `dbox-Mails/dovecot.index.log` and `storage/dovecot.map.index.log`, also under their other names. */
export function logPlaceOf(path: RawPath): LogPlace | undefined {
  const [, index, name] =
    /^dovecot\.(index|map\.index)\.(log(?:\.2|\.newlock)?)$/.exec(rawBaseName(path)) ?? [];
  if (index === undefined) return undefined;
  const folder = rawParent(path);
  const log = { folder, name: name as LogName };
  if (index === "map.index")
    return rawBaseName(folder) === "storage"
      ? { ...log, kind: "map", account: rawParent(folder), isTrash: false }
      : undefined;
  const mailbox = dboxMailboxOf(folder);
  return mailbox === undefined ? undefined : { ...log, ...mailbox, kind: "mailbox" };
}

/** Of the folder `dbox-Mails` of a mailbox. */
export function dboxMailboxOf(
  folder: RawPath,
): { readonly account: RawPath; readonly isTrash: boolean } | undefined {
  if (rawBaseName(folder) !== "dbox-Mails") return undefined;
  const mailbox = rawParent(folder);
  return { account: dboxAccount(mailbox), isTrash: isTrashName(rawBaseName(mailbox)) };
}

/** Maildir++ keeps folders beside the inbox, with a point before their names. */
function maildirAccount(mailbox: RawPath): RawPath {
  return rawBaseName(mailbox).startsWith(".") ? rawParent(mailbox) : mailbox;
}

function dboxAccount(mailbox: RawPath): RawPath {
  const at = `/${mailbox}/`.lastIndexOf("/mailboxes/");
  return (at <= 0 ? "" : mailbox.slice(0, at - 1)) as RawPath;
}

/** As RFC 6154 means \Trash and \Junk, by the names that clients give them. */
const trashNames = new Set([
  "trash",
  "deleted",
  "deleted items",
  "deleted messages",
  "junk",
  "junk e-mail",
  "spam",
  "papierkorb",
  "gel&apy-schte elemente",
  "gel&apy-scht",
  "corbeille",
  "papelera",
  "cestino",
  "prullenbak",
  "kosz",
]);

export function isTrashName(name: string): boolean {
  return trashNames.has(name.slice(name.lastIndexOf(".") + 1).toLowerCase());
}
