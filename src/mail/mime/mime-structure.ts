import { layoutOf } from "../cut/mime-boundary.ts";
import {
  type HeaderField,
  readHeaderFields,
  type ReadHeadersOptions,
} from "../message/header-fields.ts";
import { readParameters, type StructuredValue } from "../message/header-parameters.ts";
import { addProblem, type MailProblem } from "../mail-problem.ts";
import { fileNameOf } from "./file-name.ts";
import { decodeTransfer, type TransferEncoding, transferEncodingOf } from "./transfer-encoding.ts";

/** A message, a part of it, or a part of a part: offsets into its source, nothing decoded. */
export type MimePart = {
  /** As IMAP numbers parts (RFC 9051 §6.4.5): "1", "2.1"; "" for a message or what holds its parts. */
  readonly section: string;
  /** In lower case: "text/plain". */
  readonly type: string;
  /** As written, in lower case; "" where none is given. */
  readonly charset: string;
  readonly encoding: TransferEncoding;
  /** In lower case: "attachment", "inline". */
  readonly disposition?: string;
  /** Fit to be shown: without path, controls and bidirectional marks. */
  readonly fileName?: string;
  /** Without its angle brackets. */
  readonly contentId?: string;
  readonly fields: readonly HeaderField[];
  /** What the offsets point into: the message; within an embedded message that is encoded, its own bytes. */
  readonly source: Buffer;
  readonly start: number;
  readonly bodyStart: number;
  /** Past the last byte of the body; the line end before a boundary is not part of it. */
  readonly end: number;
  /** Of a multipart its parts in order; of an embedded message the one that is its content. */
  readonly parts: readonly MimePart[];
};

export type MimeOptions = ReadHeadersOptions & {
  /** Parts within parts. Default 32. */
  readonly depthLimit?: number;
  /** Of one message, at every depth. Default 2000. */
  readonly partLimit?: number;
  /** Of embedded messages that are encoded (no standard allows it, some programs do) together. Default 64 MiB. */
  readonly embeddedLimitBytes?: number;
};

export type MimeMessage = { readonly root: MimePart; readonly problems: readonly MailProblem[] };

/**
 * Reads how a message is divided (RFC 2045, 2046). Never throws, and looks at each byte at most
 * once for each level of nesting: what is deeper or more than the limits stays one part. A part
 * whose boundary never comes is text.
 */
export function readMime(message: Uint8Array, options: MimeOptions = {}): MimeMessage {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  const { depthLimit = 32, partLimit = 2000, embeddedLimitBytes = 64 * 1024 * 1024 } = options;
  const problems: MailProblem[] = [];
  const reader: Reader = {
    bytes,
    options: { ...options, problems },
    depthLimit,
    left: { parts: partLimit, embeddedBytes: embeddedLimitBytes },
  };
  const root = readEntity(reader, {
    from: 0,
    to: bytes.length,
    path: "",
    isRoot: true,
    defaultType: "text/plain",
    depth: 0,
  });
  return { root, problems };
}

type Reader = {
  readonly bytes: Buffer;
  readonly options: ReadHeadersOptions & { readonly problems: MailProblem[] };
  readonly depthLimit: number;
  /** What of the limits is left for the rest of the message. */
  readonly left: { parts: number; embeddedBytes: number };
};

type Place = {
  readonly from: number;
  readonly to: number;
  /** The section of what holds it, or its own where it is no root. */
  readonly path: string;
  /** The message itself, or one that is embedded. */
  readonly isRoot: boolean;
  readonly defaultType: string;
  readonly depth: number;
};

/** RFC 2046 §5.1.1 allows 70. */
const boundaryLimit = 1000;
const noParts: readonly MimePart[] = [];
const plainText: StructuredValue = { value: "text/plain", parameters: new Map() };

function readEntity(reader: Reader, place: Place): MimePart {
  const { bytes, options } = reader;
  const { problems } = options;
  const { fields, bodyStart } = readHeaderFields(bytes, place, options);
  const known = partFields(fields);
  const content = contentType(known.type, place.defaultType);
  const disposition =
    known.disposition === undefined ? undefined : readParameters(known.disposition);
  const fileName = fileNameOf(disposition, content, problems);
  const charset = content.parameters.get("charset");
  const part = {
    section: place.path,
    type: content.value,
    charset: (charset?.token ?? charset?.extended?.bytes ?? "").toLowerCase(),
    encoding:
      known.encoding === undefined ? "identity" : transferEncodingOf(known.encoding, problems),
    ...(disposition === undefined ? {} : { disposition: disposition.value }),
    ...(fileName === undefined ? {} : { fileName }),
    ...(known.id === undefined ? {} : { contentId: known.id.replace(/^<|>$/g, "") }),
    fields,
    source: bytes,
    start: place.from,
    bodyStart,
    end: place.to,
    parts: noParts,
  } as const satisfies MimePart;
  const parts = readParts(reader, place, { part, content });
  if (parts !== undefined) return { ...part, parts };
  const section = place.isRoot ? joinSection(place.path, 1) : place.path;
  // What says multipart and has no parts is what it looks like: text.
  return { ...part, section };
}

function readParts(
  reader: Reader,
  place: Place,
  { part, content }: { readonly part: MimePart; readonly content: StructuredValue },
): readonly MimePart[] | undefined {
  const layout = layoutOf(content, boundaryLimit);
  const { problems } = reader.options;
  if (layout === undefined) {
    if (content.value.startsWith("multipart/"))
      addProblem(problems, "mime", "A multipart has no boundary that can be used");
    return undefined;
  }
  if (place.depth >= reader.depthLimit) {
    addProblem(problems, "too-deep", `Parts are nested more than ${reader.depthLimit} deep`);
    return undefined;
  }
  const { bodyStart: from, end: to } = part;
  if (layout.kind === "message") {
    const bytes = embeddedBytes(reader, part);
    if (reader.left.parts <= 0 || bytes === undefined) return undefined;
    reader.left.parts--;
    const path = place.isRoot ? joinSection(place.path, 1) : place.path;
    const inner = { path, isRoot: true, defaultType: "text/plain", depth: place.depth + 1 };
    return bytes === reader.bytes
      ? [readEntity(reader, { from, to, ...inner })]
      : [readEntity({ ...reader, bytes }, { from: 0, to: bytes.length, ...inner })];
  }
  const spans = splitAt(reader, { from, to, boundary: layout.boundary });
  if (spans.length === 0) {
    addProblem(problems, "mime", "The boundary of a multipart is nowhere in it");
    return undefined;
  }
  const defaultType = content.value === "multipart/digest" ? "message/rfc822" : "text/plain";
  return spans.map((span, index) =>
    readEntity(reader, {
      ...span,
      path: joinSection(place.path, index + 1),
      isRoot: false,
      defaultType,
      depth: place.depth + 1,
    }),
  );
}

/** What an embedded message's offsets point into. */
function embeddedBytes(reader: Reader, part: MimePart): Buffer | undefined {
  if (part.encoding === "identity") return reader.bytes;
  const { left, options } = reader;
  if (left.embeddedBytes <= 0) return undefined;
  const decoded = decodeTransfer(reader.bytes.subarray(part.bodyStart, part.end), part.encoding, {
    limitBytes: left.embeddedBytes,
    problems: options.problems,
  });
  left.embeddedBytes -= decoded.length;
  return decoded;
}

type Span = { readonly from: number; readonly to: number };

/** The parts between delimiter lines; without the closing one (RFC 2046 §5.1.1), to the end. */
function splitAt(
  reader: Reader,
  { from, to, boundary }: Span & { readonly boundary: string },
): readonly Span[] {
  const { problems } = reader.options;
  // Not a step beyond the part: what is nested would search the rest of the message again.
  const body = reader.bytes.subarray(from, to);
  const delimiter = Buffer.from(`--${boundary}`, "latin1");
  const spans: Span[] = [];
  let start = -1;
  let position = 0;
  for (;;) {
    const found = body.indexOf(delimiter, position);
    if (found < 0) break;
    position = found + delimiter.length;
    if (found > 0 && body[found - 1] !== 0x0a) continue;
    const line = delimiterLine(body, position);
    if (line === undefined) continue;
    // Two delimiters on successive lines hold nothing: some programs write them twice.
    if (start >= 0 && (found > start || (line.isClose && spans.length === 0))) {
      spans.push({ from: from + start, to: from + withoutLineEnd(body, start, found) });
      reader.left.parts--;
    }
    if (line.isClose) return spans;
    start = position = line.end;
    if (reader.left.parts > 0) continue;
    addProblem(problems, "mime", "The message has too many parts");
    return spans;
  }
  if (start < 0) return spans;
  addProblem(problems, "mime", "The closing boundary of a multipart is missing");
  reader.left.parts--;
  spans.push({ from: from + start, to });
  return spans;
}

/** What follows the boundary on its line: nothing but blanks, after "--" where it closes. */
function delimiterLine(
  body: Buffer,
  from: number,
): { readonly isClose: boolean; readonly end: number } | undefined {
  const isClose = body[from] === 0x2d && body[from + 1] === 0x2d;
  let index = isClose ? from + 2 : from;
  while (body[index] === 0x20 || body[index] === 0x09) index++;
  if (body[index] === 0x0d) index++;
  if (index >= body.length) return { isClose, end: body.length };
  return body[index] === 0x0a ? { isClose, end: index + 1 } : undefined;
}

function withoutLineEnd(body: Buffer, start: number, end: number): number {
  if (end <= start || body[end - 1] !== 0x0a) return end;
  return end - 2 >= start && body[end - 2] === 0x0d ? end - 2 : end - 1;
}

function joinSection(path: string, number: number): string {
  return path === "" ? String(number) : `${path}.${number}`;
}

/** The first of each; a second one is an error that some programs read, and some do not. */
function partFields(fields: readonly HeaderField[]): {
  readonly type?: string;
  readonly encoding?: string;
  readonly disposition?: string;
  readonly id?: string;
} {
  const known: { type?: string; encoding?: string; disposition?: string; id?: string } = {};
  for (const { name, value } of fields) {
    // Most fields of a message are others: look at as little of them as tells.
    if ((name.charCodeAt(0) | 0x20) !== 0x63 || name.charCodeAt(7) !== 0x2d) continue;
    switch (name.toLowerCase()) {
      case "content-type":
        known.type ??= value;
        break;
      case "content-transfer-encoding":
        known.encoding ??= value;
        break;
      case "content-disposition":
        known.disposition ??= value;
        break;
      case "content-id":
        known.id ??= value;
        break;
      default:
    }
  }
  return known;
}

/** RFC 2045 §5.2: what is missing or no type at all is plain text. */
function contentType(field: string | undefined, defaultType: string): StructuredValue {
  if (field === undefined)
    return defaultType === "text/plain" ? plainText : { ...plainText, value: defaultType };
  const content = readParameters(field);
  return /^[^/\s]+\/[^/\s]+$/.test(content.value) ? content : { ...content, value: "text/plain" };
}
