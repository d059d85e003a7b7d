/** What a Dovecot says over IMAP of all mail of one user. */
import { createHash } from "node:crypto";
import { decodeMailboxName } from "#mail";
import type { RawImap } from "./raw-imap.ts";

export type ListedMessage = {
  readonly uid: number;
  readonly flags: readonly string[];
  readonly keywords: readonly string[];
  readonly internalDate: string;
  /** RFC822.SIZE. */
  readonly sizeBytes: number;
  /** Of the bytes with CRLF, as IMAP sends them. */
  readonly sha256: string;
  readonly modseq: string;
};

export type ListedMailbox = {
  readonly name: string;
  readonly uidValidity: number;
  readonly uidNext: number;
  readonly highestModseq: string;
  readonly messages: readonly ListedMessage[];
};

export async function serverListing(imap: RawImap): Promise<readonly ListedMailbox[]> {
  const mailboxes: ListedMailbox[] = [];
  for (const { line } of await imap.command('LIST "" "*"')) {
    const found = /^\* LIST \(([^)]*)\) "\/" (?:"(.*)"|(.*))$/.exec(line);
    if (found === null || /\\noselect|\\nonexistent/i.test(found[1] ?? "")) continue;
    const raw = (found[2] ?? found[3] ?? "").replaceAll(/\\(["\\])/g, "$1");
    mailboxes.push(await listMailbox(imap, raw));
  }
  return mailboxes.sort(byName);
}

async function listMailbox(imap: RawImap, raw: string): Promise<ListedMailbox> {
  const quoted = `"${raw.replaceAll(/["\\]/g, "\\$&")}"`;
  const status = await imap.command(
    `STATUS ${quoted} (UIDVALIDITY UIDNEXT HIGHESTMODSEQ MESSAGES)`,
  );
  const number = (name: string): string =>
    new RegExp(`${name} ([0-9]+)`).exec(status[0]?.line ?? "")?.[1] ?? "";
  await imap.command(`EXAMINE ${quoted}`);
  const messages: ListedMessage[] = [];
  if (number("MESSAGES") !== "0")
    for (const { line, literals } of await imap.command(
      "UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE MODSEQ BODY.PEEK[])",
    )) {
      if (!/^\* [0-9]+ FETCH /.test(line)) continue;
      const flags = /FLAGS \(([^)]*)\)/.exec(line)?.[1]?.split(" ").filter(Boolean) ?? [];
      const isFlag = (flag: string): boolean => flag.startsWith("\\");
      messages.push({
        uid: Number(/UID ([0-9]+)/.exec(line)?.[1]),
        flags: flags.filter((flag) => isFlag(flag) && flag !== "\\Recent").sort(),
        keywords: flags.filter((flag) => !isFlag(flag)).sort(),
        internalDate: new Date(/INTERNALDATE "([^"]*)"/.exec(line)?.[1] ?? "").toISOString(),
        sizeBytes: Number(/RFC822\.SIZE ([0-9]+)/.exec(line)?.[1]),
        modseq: /MODSEQ \(([0-9]+)\)/.exec(line)?.[1] ?? "",
        sha256: createHash("sha256")
          .update(literals[0] ?? "")
          .digest("hex"),
      });
    }
  return {
    name: decodeMailboxName(raw).name,
    uidValidity: Number(number("UIDVALIDITY")),
    uidNext: Number(number("UIDNEXT")),
    highestModseq: number("HIGHESTMODSEQ"),
    messages: messages.sort((a, b) => a.uid - b.uid),
  };
}

function byName(a: ListedMailbox, b: ListedMailbox): number {
  if (a.name === "INBOX" || b.name === "INBOX") return a.name === "INBOX" ? -1 : 1;
  return a.name < b.name ? -1 : 1;
}
