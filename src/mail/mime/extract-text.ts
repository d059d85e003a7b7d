import { type MailAddress, readAddresses } from "../message/addresses.ts";
import { decodeHeaderText } from "../message/encoded-words.ts";
import type { HeaderField } from "../message/header-fields.ts";
import { parseMessageDate } from "../message/message-date.ts";
import { addProblem, type MailProblem } from "../mail-problem.ts";
import { attachmentsOf } from "./attachments.ts";
import { bodyTextOf, type BodyTextOptions } from "./body-text.ts";
import { type MimeOptions, type MimePart, readMime } from "./mime-structure.ts";

export type ExtractOptions = BodyTextOptions &
  MimeOptions & {
    /** Addresses of one field. Default 1000. */
    readonly addressLimit?: number;
  };

/** What people search a message by. */
export type MessageText = {
  /** Decoded; "" where there is none. */
  readonly subject: string;
  readonly from: readonly MailAddress[];
  readonly sender: readonly MailAddress[];
  readonly replyTo: readonly MailAddress[];
  readonly to: readonly MailAddress[];
  readonly cc: readonly MailAddress[];
  readonly bcc: readonly MailAddress[];
  /** Milliseconds since 1970 UTC, as the sender says; absent where that cannot be read. */
  readonly dateMs?: number;
  /** Without angle brackets, as are the next two; absent where there is none. */
  readonly messageId?: string;
  readonly inReplyTo: readonly string[];
  readonly references: readonly string[];
  readonly listId?: string;
  /** Of every part that has a name, those of embedded messages included. */
  readonly attachmentNames: readonly string[];
  /** Something beside the text that a reader would list: no signature, no picture within the text. */
  readonly hasAttachment: boolean;
  /** Text as a reader sees it, line ends as LF. */
  readonly bodyText: string;
  /** Whether there was more text than the limit. */
  readonly isBodyCut: boolean;
  readonly problems: readonly MailProblem[];
};

const longestSubject = 4096;
const longestId = 1000;
const idLimit = 1000;

/**
 * What is in a message for those who search it or list it. Never throws; bounded in time and
 * memory by the message's size and the limits. Attachments are not decoded.
 */
export function extractText(message: Uint8Array, options: ExtractOptions = {}): MessageText {
  const { root, problems: structural } = readMime(message, {
    valueLimitBytes: 64 * 1024,
    ...options,
  });
  return textOf(root, { ...options, problems: [...structural] });
}

/** The same of a message whose structure was read already. */
export function textOf(
  root: MimePart,
  options: ExtractOptions & { readonly problems: MailProblem[] },
): MessageText {
  const { problems } = options;
  const header = headerOf(root.fields);
  const rawCharset = textCharsetOf(root);
  const addresses = (raw: string | undefined): readonly MailAddress[] =>
    raw === undefined ? [] : readAddresses(raw, problems, { ...options, rawCharset });
  const dateMs = header.date === undefined ? undefined : parseMessageDate(header.date);
  if (header.date !== undefined && dateMs === undefined)
    addProblem(problems, "header", "The Date cannot be read");
  const messageId = idsOf(header.messageId)[0];
  const body = bodyTextOf(root, options);
  const attachments = attachmentsOf(root);
  const names = attachments.flatMap(({ part }) => part.fileName ?? []);
  return {
    subject: decodeHeaderText(header.subject ?? "", problems, rawCharset).slice(0, longestSubject),
    from: addresses(header.from),
    sender: addresses(header.sender),
    replyTo: addresses(header.replyTo),
    to: addresses(header.to),
    cc: addresses(header.cc),
    bcc: addresses(header.bcc),
    ...(dateMs === undefined ? {} : { dateMs }),
    ...(messageId === undefined ? {} : { messageId }),
    inReplyTo: idsOf(header.inReplyTo),
    references: idsOf(header.references),
    ...(header.listId === undefined ? {} : { listId: listIdOf(header.listId) }),
    attachmentNames: [...names, ...body.uuencodedNames],
    hasAttachment:
      attachments.some(({ isIncidental }) => !isIncidental) || body.uuencodedNames.length > 0,
    bodyText: body.text,
    isBodyCut: body.isCut,
    problems,
  };
}

/** Of the first part of text that says it. */
function textCharsetOf(part: MimePart): string {
  if (part.charset !== "" || part.type.startsWith("message/")) return part.charset;
  for (const inner of part.parts) {
    const charset = textCharsetOf(inner);
    if (charset !== "") return charset;
  }
  return "";
}

const wanted = {
  subject: "subject",
  from: "from",
  sender: "sender",
  "reply-to": "replyTo",
  to: "to",
  cc: "cc",
  bcc: "bcc",
  date: "date",
  "message-id": "messageId",
  "in-reply-to": "inReplyTo",
  references: "references",
  "list-id": "listId",
} as const;
type Wanted = (typeof wanted)[keyof typeof wanted];
const wantedNames: ReadonlyMap<string, Wanted> = new Map(Object.entries(wanted));
/** Lists that some programs write in several fields of one name, although there may be one. */
const joined: ReadonlySet<Wanted> = new Set(["from", "to", "cc", "bcc"]);
const longestName = 12;

function headerOf(fields: readonly HeaderField[]): Partial<Record<Wanted, string>> {
  const header: Partial<Record<Wanted, string>> = {};
  for (const { name, value } of fields) {
    if (name.length > longestName) continue;
    const key = wantedNames.get(name.toLowerCase());
    if (key === undefined) continue;
    const before = header[key];
    if (before === undefined) header[key] = value;
    else if (joined.has(key)) header[key] = `${before}, ${value}`;
  }
  return header;
}

/** Message-IDs of a field (RFC 5322 §3.6.4); one that has no brackets is taken as it stands. */
function idsOf(field: string | undefined): readonly string[] {
  if (field === undefined) return [];
  const ids: string[] = [];
  for (const [, id = ""] of field.matchAll(/<([^<>]+)>/g)) {
    if (ids.length >= idLimit) break;
    ids.push(id.trim().slice(0, longestId));
  }
  if (ids.length > 0) return ids;
  const bare = field.trim().split(/\s+/, 1)[0] ?? "";
  return bare === "" ? [] : [bare.slice(0, longestId)];
}

/** `Name <list.example.org>` (RFC 2919) → `list.example.org`. */
function listIdOf(field: string): string {
  const bracketed = /<([^<>]+)>/.exec(field)?.[1] ?? field;
  return bracketed.trim().slice(0, longestId);
}
