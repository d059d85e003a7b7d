import { displayPath, type Image, isImageError, joinRawPath, type RawPath } from "#image";
import {
  compressionMagicBytes,
  compressionOf,
  decompressMessage,
} from "../compression/message-compression.ts";
import { refuseEncrypted } from "../compression/encrypted-message.ts";
import { MailError } from "../mail-error.ts";
import {
  type AttachmentReference,
  encodeAttachment,
  parseReferences,
  sdboxAttachmentPath,
} from "./attachments.ts";
import { type DboxFileHeader, usualFileHeader } from "./dbox-format.ts";
import { type DboxRecord, plainSize, readFileHeader, readRecord } from "./dbox-record.ts";
import { FileWindow } from "./file-window.ts";

export type ReadDboxMessageOptions = {
  readonly path: RawPath;
  /** Of a file that holds many messages: kept for the next. */
  readonly file?: DboxFile;
  /** About how many bytes its record has, so that they are read at once. */
  readonly expectedBytes: number;
  /** Where the message starts; absent: after the file's header. */
  readonly offset?: number;
  /** For errors. */
  readonly subject: string;
  /** The folder that holds a file of attachments; undefined where none was found. */
  readonly attachmentFolder: (path: RawPath) => Promise<RawPath | undefined>;
  /** Of sdbox, whose attachments are named after the message too. */
  readonly owner?: () => Promise<{ readonly guid: string; readonly uid: number } | undefined>;
  readonly signal?: AbortSignal | undefined;
};

/** A dbox file that messages are read out of, one after the other. */
export type DboxFile = {
  readonly window: FileWindow;
  readonly header: () => Promise<DboxFileHeader>;
};

const readAheadBytes = 256 * 1024;
const largestAtOnceBytes = 1024 * 1024;

/** `isKept`: for more than one message. */
export function openDboxFile(
  image: Image,
  path: RawPath,
  options: { readonly isKept: boolean; readonly signal?: AbortSignal | undefined },
): DboxFile {
  const { isKept: mayGrow, signal } = options;
  const window = new FileWindow(image, path, { readAheadBytes, mayGrow, signal });
  let header: DboxFileHeader | undefined;
  return {
    window,
    header: async () => (header ??= (await readFileHeader(window)) ?? usualFileHeader),
  };
}

/** A message out of a dbox file, decompressed and with its attachments. Throws ImageError and MailError. */
export async function* readDboxMessage(
  image: Image,
  options: ReadDboxMessageOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { path, subject, signal } = options;
  const opened = options.file ?? openDboxFile(image, path, { isKept: false, signal });
  signal?.throwIfAborted();
  const { window: file } = opened;
  const atOnce = Math.min(options.expectedBytes, largestAtOnceBytes);
  if (options.offset === undefined) await file.bytes(0, atOnce);
  const header = await opened.header();
  if (options.offset !== undefined) await file.bytes(options.offset, atOnce);
  const read = await readRecord(file, options.offset ?? header.lengthBytes, header);
  if (!("record" in read)) throw damaged(subject, read.damage);
  const { record } = read;
  const { references } = record.metadata;
  const body = bodyOf(file, record, { image, ...options });
  const whole =
    references === undefined ? body : withAttachments(body, references, { image, ...options });
  let left = plainSize(record);
  for await (const piece of whole) {
    left -= piece.length;
    if (left < 0) throw damaged(subject, "it is longer than its metadata says");
    yield piece;
  }
  if (left > 0) throw damaged(subject, `${left} bytes are missing at its end`);
}

type Source = ReadDboxMessageOptions & { readonly image: Image };

/** The body, decompressed. */
function bodyOf(file: FileWindow, record: DboxRecord, source: Source): AsyncIterable<Uint8Array> {
  const stored = storedBody(file, record);
  // Only what the server changed has a size of its own beside the body's.
  if (record.metadata.plainSizeBytes === undefined) return stored;
  return maybeDecompressed(file, record, { stored, source });
}

async function* maybeDecompressed(
  file: FileWindow,
  record: DboxRecord,
  { stored, source }: { readonly stored: AsyncIterable<Uint8Array>; readonly source: Source },
): AsyncGenerator<Uint8Array, void, undefined> {
  const start = await file.bytes(record.bodyOffset, compressionMagicBytes);
  refuseEncrypted(start, source.subject);
  const compression = compressionOf(start.subarray(0, record.bodyBytes));
  if (compression === undefined) yield* stored;
  else
    yield* decompressMessage(compression, stored, {
      subject: source.subject,
      limitBytes: plainSize(record),
    });
}

async function* storedBody(
  file: FileWindow,
  { bodyOffset, bodyBytes }: DboxRecord,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bodyBytes;) {
    const piece = await file.bytes(bodyOffset + at, Math.min(bodyBytes - at, readAheadBytes));
    // Where the file ends is noticed by whoever counts.
    if (piece.length === 0) return;
    at += piece.length;
    yield piece;
  }
}

async function* withAttachments(
  body: AsyncIterable<Uint8Array>,
  line: string,
  source: Source,
): AsyncGenerator<Uint8Array, void, undefined> {
  const references = parseReferences(line);
  if (references === undefined)
    throw damaged(source.subject, "what it says of its attachments cannot be read");
  let next = 0;
  /** In the message as it is read. */
  let at = 0;
  const attachmentsHere = async function* (): AsyncGenerator<Uint8Array> {
    for (;;) {
      const reference = references[next];
      if (reference === undefined || reference.offset > at) return;
      next++;
      at += reference.sizeBytes;
      yield* attachment(reference, source);
    }
  };
  for await (const piece of body) {
    let from = 0;
    while (from < piece.length) {
      yield* attachmentsHere();
      const until = references[next]?.offset ?? Number.POSITIVE_INFINITY;
      const end = Math.min(piece.length, from + (until - at));
      yield piece.subarray(from, end);
      at += end - from;
      from = end;
    }
  }
  yield* attachmentsHere();
}

async function* attachment(
  reference: AttachmentReference,
  source: Source,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { image, subject, signal } = source;
  const owner = await source.owner?.();
  const name = owner === undefined ? reference.path : sdboxAttachmentPath(reference.path, owner);
  const shown = displayPath(name as RawPath);
  const folder = await source.attachmentFolder(name as RawPath);
  if (folder === undefined)
    throw damaged(subject, `its attachment "${shown}" was found in no folder of attachments`);
  let left = reference.sizeBytes;
  const bytes = image.read(
    joinRawPath(folder, name as RawPath),
    signal === undefined ? {} : { signal },
  );
  try {
    for await (const piece of encodeAttachment(bytes, reference.base64)) {
      left -= piece.length;
      if (left < 0) throw damaged(subject, `its attachment "${shown}" is longer than it was`);
      yield piece;
    }
  } catch (error) {
    if (!isImageError(error, "image.not-found")) throw error;
    throw damaged(subject, `its attachment "${shown}" is not there`);
  }
  // A line end after the last line belongs to the attachment or to the message, by what was counted.
  const lineEnd = reference.base64?.lineEnd ?? "";
  if (left > 0 && left === lineEnd.length) yield Buffer.from(lineEnd, "latin1");
  else if (left > 0) throw damaged(subject, `its attachment "${shown}" is shorter than it was`);
}

export function damaged(subject: string, state: string): MailError {
  return new MailError("mail.damaged", `Cannot read ${subject}: ${state}`, {
    hint: "Open it at another moment, or look for another copy of it.",
  });
}
