import type { RawPath } from "#image";
import { decodeMailboxName } from "../mailbox-name.ts";

/**
 * A mailbox's name in its parts. The parts are as Cyrus keeps them: modified UTF-7, a dot as a dot.
 *
 * | what            | internal name (cyrus.header, older lists)  | key of mailboxes.db since 3.6             |
 * | --------------- | ------------------------------------------ | ----------------------------------------- |
 * | an inbox        | `user.cass`                                | `user` 1f `cass`                          |
 * | a folder in it  | `user.cass.A.B`                            | `user` 1f `cass` 1f `A` 1f `B`            |
 * | of a domain     | `example.org!user.cass`                    | `example.org` 1d `user` 1f `cass`         |
 * | a dot           | `user.john^doe`                            | `user` 1f `john.doe`                      |
 * | nobody's        | `public.news`                              | `public` 1f `news`                        |
 * | deleted         | `DELETED.user.cass.A.6B07BDDA`             | `DELETED` 1f `user` 1f `cass` 1f `A` 1f … |
 *
 * Source: Cyrus IMAP 3.6.1, imap/mboxname.c and imap/mboxlist.c.
 */
export type CyrusName = {
  readonly domain?: string;
  /** Whose mailbox it is, without the domain; absent: a shared folder. */
  readonly user?: string;
  /** Below the inbox, or from the top of what is shared. */
  readonly folders: readonly string[];
  /** When it was deleted, hexadecimal seconds since 1970: it waits to be removed. */
  readonly deleted?: string;
};

/** Between levels, and behind the domain, in keys of databases since 3.6. */
export const levelMark = "\x1f";
const domainMark = "\x1d";
const deletedPrefix = "DELETED";
const partLimit = 64;

export function parseInternalName(name: string): CyrusName | undefined {
  const mark = name.indexOf("!");
  const parts = name.slice(mark + 1).split(".");
  const dotted = parts.map((part) => part.replaceAll("^", "."));
  return nameOf(mark < 0 ? undefined : name.slice(0, mark), dotted);
}

/** Of a key of mailboxes.db, or of a subscription, without the letter in front. */
export function parseKeyName(name: string): CyrusName | undefined {
  const mark = name.indexOf(domainMark);
  return nameOf(mark < 0 ? undefined : name.slice(0, mark), name.slice(mark + 1).split(levelMark));
}

function nameOf(domain: string | undefined, all: readonly string[]): CyrusName | undefined {
  // A part becomes a folder of the spool's path: nothing that would lead elsewhere.
  const isStrange = (part: string): boolean => part === "" || /[/\0]/.test(part);
  if (all.length > partLimit || all.some(isStrange) || domain === "" || /[/\0]/.test(domain ?? ""))
    return undefined;
  let parts = all;
  let deleted: string | undefined;
  const last = parts.at(-1) ?? "";
  if (parts.length > 2 && parts[0] === deletedPrefix && /^[0-9A-F]{1,16}$/i.test(last)) {
    deleted = last;
    parts = parts.slice(1, -1);
  }
  const isUsers = parts.length > 1 && parts[0] === "user";
  const user = isUsers ? parts[1] : undefined;
  return {
    ...(domain === undefined ? {} : { domain }),
    ...(user === undefined ? {} : { user }),
    folders: isUsers ? parts.slice(2) : parts,
    ...(deleted === undefined ? {} : { deleted }),
  };
}

/** "cass" in the server's own domain, else "cass@example.org"; undefined for a shared folder. */
export function ownerOf({ user, domain }: CyrusName): string | undefined {
  if (user === undefined) return undefined;
  return domain === undefined ? user : `${user}@${domain}`;
}

/**
 * As its owner's clients show it with Cyrus's defaults: "INBOX", "Archive/2024". What is deleted
 * stands below "DELETED", a shared folder of another domain than the server's own below "@example.org".
 */
export function shownName({ user, domain, folders, deleted }: CyrusName): {
  readonly name: string;
  readonly problem?: string;
} {
  const decoded = folders.map(decodeMailboxName);
  const problem = decoded.find((one) => one.problem !== undefined)?.problem;
  const shown = decoded.map(({ name }) => name);
  const front = user === undefined && domain !== undefined ? [`@${domain}`] : [];
  const own = user !== undefined && shown.length === 0 ? ["INBOX"] : shown;
  const whole =
    deleted === undefined ? [...front, ...own] : [deletedPrefix, ...front, ...own, deleted];
  return { name: whole.join("/"), ...(problem === undefined ? {} : { problem }) };
}

/** Where a mailbox that is kept by its unique ID lies within a partition. */
export function pathOfId(uniqueId: string): RawPath {
  return `uuid/${uniqueId[0]}/${uniqueId[1]}/${uniqueId}` as RawPath;
}

/** Whether this is written as a key of the newer kind. */
export function isKeyName(text: string): boolean {
  return text.includes(levelMark) || text.includes(domainMark);
}

/** Whether a unique ID can be a folder's name. */
export function isUniqueId(text: string): boolean {
  return /^[0-9A-Za-z][0-9A-Za-z_-]{1,127}$/.test(text);
}

/**
 * Where a mailbox that is kept by its name may lie within a partition: without hashing, with
 * `hashimapspool`, and with `fulldirhash` beside it.
 */
export function pathsOfName(name: CyrusName): readonly RawPath[] {
  const { domain, user, folders, deleted } = name;
  const own = user === undefined ? folders : ["user", user, ...folders];
  const parts = deleted === undefined ? own : [deletedPrefix, ...own, deleted];
  const written = parts.map((part) => part.replaceAll(".", "^"));
  return hashes.map((hash) => {
    const first = domain === undefined ? [] : ["domain", ...hash(domain), domain];
    return [...first, ...hash(parts[1] ?? parts[0] ?? ""), ...written].join("/") as RawPath;
  });
}

/** Where a file of a user may lie within the configuration folder; `kind`: "seen", "sub". */
export function pathsOfUserFile(
  { domain, user = "" }: CyrusName,
  { kind, inboxId }: { readonly kind: "seen" | "sub"; readonly inboxId: string | undefined },
): readonly RawPath[] {
  const paths: string[] = [];
  if (inboxId !== undefined) paths.push(`user/${pathOfId(inboxId)}/${kind}.db`);
  for (const hash of hashes.slice(1))
    for (const written of new Set([user, user.replaceAll(".", "^")])) {
      const front = domain === undefined ? [] : ["domain", ...hash(domain), domain];
      paths.push([...front, "user", ...hash(user), `${written}.${kind}`].join("/"));
    }
  return paths as RawPath[];
}

type Hash = (name: string) => readonly string[];
const hashes: readonly Hash[] = [
  () => [],
  (name) => [firstLetterHash(name)],
  (name) => [fullHash(name)],
];

function firstLetterHash(name: string): string {
  const first = (name[0] ?? "").toLowerCase();
  return /[a-z]/.test(first) ? first : "q";
}

/** Of the name up to its first dot. */
function fullHash(name: string): string {
  let sum = 0;
  for (const byte of Buffer.from(name.split(".", 1)[0] ?? "", "latin1"))
    sum = ((sum << 3) ^ (sum >>> 5) ^ byte) >>> 0;
  return String.fromCharCode(0x41 + (sum % 23));
}
