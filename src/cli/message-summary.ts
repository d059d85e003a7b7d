import { displayPath, type Image, type RawPath } from "#image";
import { type MessageHeaders, readHeaders } from "#mail";

/** As much of a message as holds its header, with room for a long delivery trace. */
const headBytes = 32 * 1024;
/** Longer subjects and names are of no use in a list. */
const longestField = 500;

/** What a list shows of a message. */
export type MessageSummary = {
  readonly subject: string;
  readonly from: string;
  readonly to: string;
  /** The Date field as written; "" where there is none. */
  readonly date: string;
  readonly messageId: string;
};

export async function summarise(
  image: Image,
  path: RawPath,
  signal: AbortSignal,
): Promise<MessageSummary> {
  return await summariseBytes(image.read(path, { signal }));
}

/** The same of a message's bytes, of which no more is taken than it needs. */
export async function summariseBytes(bytes: AsyncIterable<Uint8Array>): Promise<MessageSummary> {
  return summaryOf(await headersIn(bytes, headBytes));
}

/** The header of a message, of which no more is read than it takes. */
export async function headersIn(
  bytes: AsyncIterable<Uint8Array>,
  limitBytes: number,
): Promise<MessageHeaders> {
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const piece of bytes) {
    pieces.push(piece);
    sizeBytes += piece.length;
    if (sizeBytes >= limitBytes) break;
  }
  return readHeaders(Buffer.concat(pieces), { limitBytes });
}

function summaryOf({ subject, from, to, date, messageId }: MessageHeaders): MessageSummary {
  const short = (text: string | undefined): string =>
    (text ?? "").slice(0, longestField).toWellFormed();
  return {
    subject: short(subject),
    from: short(from),
    to: short(to),
    date: short(date),
    messageId: short(messageId),
  };
}

/** A path for JSON: as text, and as bytes where it is no valid UTF-8. */
export function pathJson(path: RawPath): { readonly path: string; readonly pathBase64?: string } {
  const bytes = Buffer.from(path, "latin1");
  const text = bytes.toString("utf8");
  return Buffer.from(text, "utf8").equals(bytes)
    ? { path: text }
    : { path: displayPath(path), pathBase64: bytes.toString("base64") };
}
