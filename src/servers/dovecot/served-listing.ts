/*
 * What `doveadm -f tab` prints of a store: lines of fields, the first of which names the columns.
 * In a field "\x01t", "\x01n", "\x01r", "\x010" and "\x011" stand for tab, line feed, carriage
 * return, NUL and \x01 (Dovecot's str_tabunescape).
 */
import type { Findings } from "../validate/findings.ts";
import { type ListedMailbox, nameOf } from "../validate/store-listing.ts";

export type ServedMessage = {
  readonly sizeBytes: number;
  readonly guid: string;
  /** Flags and keywords in lower case, ascending, without `\Recent`. */
  readonly flags: readonly string[];
};

/** One mailbox as the server sees it. */
export type ServedMailbox = {
  readonly messages: number;
  readonly uidValidity: number;
  readonly uidNext: number;
  readonly uids: Map<number, ServedMessage>;
  /** UID → sha256 of its bytes in base64, of those whose content was fetched. */
  readonly digests: Map<number, string>;
};

export type Served = Map<string, ServedMailbox>;

const unescaped: Readonly<Record<string, string>> = {
  t: "\t",
  n: "\n",
  r: "\r",
  "0": "\0",
  "1": "\x01",
};

function unescapeCell(cell: string): string {
  // oxlint-disable-next-line no-control-regex
  return cell.replace(/\x01([tnr01])/g, (_, letter: string) => unescaped[letter] ?? "");
}

/** A reader of lines that calls back with each row, by column. */
export function tableReader(
  onRow: (cell: (column: string) => string) => void,
): (line: string) => void {
  let columns: ReadonlyMap<string, number> | undefined;
  return (line) => {
    const cells = line.split("\t").map(unescapeCell);
    if (columns === undefined) columns = new Map(cells.map((name, index) => [name, index]));
    else {
      const indexes = columns;
      onRow((column) => cells[indexes.get(column) ?? -1] ?? "");
    }
  };
}

export function statusReader(served: Served): (line: string) => void {
  return tableReader((cell) => {
    served.set(cell("mailbox"), {
      messages: Number(cell("messages")),
      uidValidity: Number(cell("uidvalidity")),
      uidNext: Number(cell("uidnext")),
      uids: new Map(),
      digests: new Map(),
    });
  });
}

export function fetchReader(served: Served): (line: string) => void {
  return tableReader((cell) => {
    served.get(cell("mailbox"))?.uids.set(Number(cell("uid")), {
      sizeBytes: Number(cell("size.physical")),
      guid: cell("guid"),
      flags: flagsIn(cell("flags").split(" ")),
    });
  });
}

/**
 * Valid means that our reader's listing before equals the server's after: the same mailboxes,
 * UIDVALIDITY, and each message with its UID and size. A message that no list of UIDs knows (it was
 * delivered a moment ago) has got its first UID now, and is known by its name or size.
 */
export function compareListings(
  listed: readonly ListedMailbox[],
  served: Served,
  findings: Findings,
): void {
  const names = new Set(listed.map(({ name }) => name));
  for (const [name, { messages }] of served) {
    // A server shows an inbox, and folders above others, that nobody made.
    if (!names.has(name) && messages > 0)
      findings.add(`The server lists a mailbox "${name}" that is not there.`);
  }
  for (const mailbox of listed) {
    const one = served.get(mailbox.name);
    const subject = nameOf(mailbox.account, mailbox.name);
    if (one === undefined) findings.add(`${subject} is not among those that the server lists.`);
    else compareMailbox(mailbox, one, { subject, findings });
  }
}

function compareMailbox(
  mailbox: ListedMailbox,
  served: ServedMailbox,
  { subject, findings }: { readonly subject: string; readonly findings: Findings },
): void {
  const { messages, uidValidity, uidNext } = mailbox;
  if (served.messages !== messages.length || served.uids.size !== messages.length) {
    findings.add(
      `${subject} has ${messages.length} messages, and the server finds ${served.messages} and fetches ${served.uids.size}.`,
    );
  }
  if (uidValidity !== undefined && served.uidValidity !== uidValidity)
    findings.add(
      `${subject} has UIDVALIDITY ${uidValidity}, with the server ${served.uidValidity}.`,
    );
  if (uidNext !== undefined && served.uidNext < uidNext)
    findings.add(`${subject} would give UIDs again: next is ${served.uidNext}, was ${uidNext}.`);
  const left = new Map(served.uids);
  const unknown: number[] = [];
  for (const { uid, sizeBytes, flags, keywords } of messages) {
    if (uid === undefined) {
      unknown.push(sizeBytes);
      continue;
    }
    const found = left.get(uid);
    left.delete(uid);
    if (found === undefined) findings.add(`${subject}: the server does not find UID ${uid}.`);
    else if (found.sizeBytes !== sizeBytes)
      findings.add(
        `${subject}: UID ${uid} has ${sizeBytes} bytes, with the server ${found.sizeBytes}.`,
      );
    else checkFlags(flagsIn([...flags, ...keywords]), found, { subject, uid, findings });
  }
  const fresh = [...left.values()].map(({ sizeBytes }) => sizeBytes);
  const isSame = inOrder(fresh).join(" ") === inOrder(unknown).join(" ");
  if (!isSame)
    findings.add(`${subject}: messages without a UID are not those that the server gave one.`);
}

/** Dovecot keeps keywords in the case in which they were first used in a mailbox. */
function flagsIn(words: readonly string[]): readonly string[] {
  return words
    .filter((word) => word !== "" && word !== "\\Recent")
    .map((word) => word.toLowerCase())
    .toSorted();
}

function checkFlags(
  flags: readonly string[],
  found: ServedMessage,
  {
    subject,
    uid,
    findings,
  }: { readonly subject: string; readonly uid: number; readonly findings: Findings },
): void {
  const [ours, theirs] = [flags.join(" "), found.flags.join(" ")];
  if (ours === theirs) return;
  const shown = (words: string): string => (words === "" ? "no flags" : `the flags ${words}`);
  findings.add(`${subject}: UID ${uid} has ${shown(ours)}, with the server ${shown(theirs)}.`);
}

/** Key of a message of ours → sha256 of its bytes in base64, by mailbox. */
export type Digests = ReadonlyMap<ListedMailbox, ReadonlyMap<string, string>>;

/** Whether the server gives each message with the bytes that our reader gives. */
export function compareContents(
  listed: readonly ListedMailbox[],
  {
    served,
    digests,
    findings,
  }: {
    readonly served: Served;
    readonly digests: Digests;
    readonly findings: Findings;
  },
): void {
  for (const mailbox of listed) {
    const one = served.get(mailbox.name);
    const ours = digests.get(mailbox);
    if (one === undefined || ours === undefined) continue;
    const left = new Map(one.digests);
    const unknown: string[] = [];
    const subject = nameOf(mailbox.account, mailbox.name);
    for (const { uid, key } of mailbox.messages) {
      const digest = ours.get(key);
      if (uid === undefined) {
        if (digest !== undefined) unknown.push(digest);
        continue;
      }
      const theirs = left.get(uid);
      left.delete(uid);
      if (digest === undefined) continue;
      if (theirs === undefined) findings.add(`${subject}: the server does not give UID ${uid}.`);
      else if (theirs !== digest)
        findings.add(`${subject}: the server gives UID ${uid} with other bytes than are stored.`);
    }
    const fresh = new Set(left.values());
    if (unknown.some((digest) => !fresh.has(digest)))
      findings.add(`${subject}: the server gives a message without a UID with other bytes.`);
  }
}

function inOrder(sizes: readonly number[]): readonly number[] {
  return sizes.toSorted((a, b) => a - b);
}
