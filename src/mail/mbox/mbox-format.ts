import type { StoredMessage } from "../mail-store.ts";
import { readHeaders } from "../message/message-headers.ts";
import { formatFromLine } from "./from-line.ts";
import { withoutServerFields } from "./header-splitter.ts";
import type { ImapBase } from "./mbox-header.ts";
import { withQuoting } from "./mboxrd.ts";

export type MboxMessage = Pick<
  StoredMessage,
  "uid" | "flags" | "keywords" | "internalDateNs" | "isRecent"
> & {
  /** In the first message of a file: what holds for all of it. */
  readonly base?: ImapBase;
};

/** What is looked at for the envelope's sender. */
const headBytes = 4096;
const lineFeed = 0x0a;

const statusLetters = [
  ["\\Answered", "A"],
  ["\\Flagged", "F"],
  ["\\Draft", "T"],
  ["\\Deleted", "D"],
] as const;

/**
 * One message as it stands in an mboxrd, with the blank line after it: From_ line with the date of its
 * arrival in UTC and the sender of its Return-Path, then Dovecot's fields for UID, flags and keywords,
 * then the message with From_ lines quoted. Fields of those names that it brought along are left out,
 * as a server does, and a line end is added where it has none at its end.
 */
export async function* formatMboxMessage(
  message: MboxMessage,
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let head: Uint8Array[] | undefined = [];
  let heldBytes = 0;
  let last = lineFeed;
  for await (const piece of withQuoting(withoutServerFields(bytes))) {
    last = piece.at(-1) ?? last;
    if (head === undefined) {
      yield piece;
      continue;
    }
    head.push(Uint8Array.from(piece));
    heldBytes += piece.length;
    if (heldBytes < headBytes) continue;
    yield* beginning(message, Buffer.concat(head));
    head = undefined;
  }
  if (head !== undefined) yield* beginning(message, Buffer.concat(head));
  yield Buffer.from(last === lineFeed ? "\n" : "\n\n");
}

function* beginning(message: MboxMessage, head: Buffer): Generator<Uint8Array> {
  const sender = senderOf(head);
  yield Buffer.from(formatFromLine({ sender, dateNs: message.internalDateNs }));
  // A message that begins with a blank would continue the last of these fields.
  if (head[0] !== 0x20 && head[0] !== 0x09) yield Buffer.from(ownFields(message));
  if (head.length > 0) yield head;
}

function senderOf(head: Buffer): string {
  const { fields } = readHeaders(head);
  const path = fields.find(({ name }) => name.toLowerCase() === "return-path")?.value ?? "";
  return /^<([^<>]*)>/.exec(path)?.[1] ?? "";
}

function ownFields({ base, uid, flags, keywords, isRecent }: MboxMessage): string {
  const names = mboxKeywordsOf({ flags, keywords });
  const status = `${flags.includes("\\Seen") ? "R" : ""}${isRecent ? "" : "O"}`;
  const other = statusLetters.filter(([flag]) => flags.includes(flag)).map(([, letter]) => letter);
  const lines = [
    base === undefined
      ? ""
      : `X-IMAPbase: ${[base.uidValidity, String(base.uidLast).padStart(10, "0"), ...base.keywords].join(" ")}`,
    uid === undefined ? "" : `X-UID: ${uid}`,
    status === "" ? "" : `Status: ${status}`,
    other.length === 0 ? "" : `X-Status: ${other.join("")}`,
    names.length === 0 ? "" : `X-Keywords: ${names.join(" ")}`,
  ];
  return lines.map((line) => (line === "" ? "" : `${line}\n`)).join("");
}

/** Those that can stand in an mbox, between blanks in a line; what a Maildir has as a flag of its own is one too. */
export function mboxKeywordsOf({
  flags,
  keywords,
}: Pick<StoredMessage, "flags" | "keywords">): readonly string[] {
  const others = flags.filter((flag) => !flag.startsWith("\\"));
  return [...new Set([...keywords, ...others])].filter((name) =>
    /^[^\s\p{Cc}]{1,500}$/u.test(name),
  );
}
