import { decodeHeaderText } from "./encoded-words.ts";
import { type HeaderField, readHeaderFields, type ReadHeadersOptions } from "./header-fields.ts";
import { parseMessageDate } from "./message-date.ts";
import { addProblem, type MailProblem } from "../mail-problem.ts";

/** The header of a message, and the fields that people look for, as text. */
export type MessageHeaders = {
  readonly fields: readonly HeaderField[];
  readonly subject?: string;
  readonly from?: string;
  readonly to?: string;
  /** The Date field as written. */
  readonly date?: string;
  /** The same as milliseconds since 1970 UTC, where it can be read. */
  readonly dateMs?: number;
  readonly messageId?: string;
  readonly problems: readonly MailProblem[];
};

/** Reads the header at the start of a message (RFC 5322 §2.2). Never throws. */
export function readHeaders(bytes: Uint8Array, options: ReadHeadersOptions = {}): MessageHeaders {
  const problems: MailProblem[] = [];
  const { fields } = readHeaderFields(
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    { from: 0, to: bytes.byteLength },
    { ...options, problems },
  );
  const text = (name: string): string | undefined => {
    const field = fields.find((candidate) => candidate.name.toLowerCase() === name);
    return field === undefined ? undefined : decodeHeaderText(field.value, problems);
  };
  const subject = text("subject");
  const from = text("from");
  const to = text("to");
  const date = text("date");
  const dateMs = date === undefined ? undefined : parseMessageDate(date);
  if (date !== undefined && dateMs === undefined)
    addProblem(problems, "header", "The Date cannot be read");
  const messageId = text("message-id");
  return {
    fields,
    ...(subject === undefined ? {} : { subject }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(date === undefined ? {} : { date }),
    ...(dateMs === undefined ? {} : { dateMs }),
    ...(messageId === undefined ? {} : { messageId }),
    problems,
  };
}
