import {
  type DboxFileHeader,
  type DboxMetadata,
  fileHeaderLimitBytes,
  metadataLimitBytes,
  parseFileHeader,
  parseMessageHeader,
  parseMetadata,
} from "./dbox-format.ts";
import type { FileWindow } from "./file-window.ts";

/** One message as it lies in a dbox file. */
export type DboxRecord = {
  /** Of its header. */
  readonly offset: number;
  readonly bodyOffset: number;
  /** Of the body as it is stored. */
  readonly bodyBytes: number;
  readonly metadata: DboxMetadata;
};

/** What is known of a record whose end is not there. */
export type CutRecord = Omit<DboxRecord, "metadata">;

export type DboxRecordResult =
  | { readonly record: DboxRecord }
  | { readonly damage: string; readonly cut?: CutRecord };

/** Guesses of how much metadata there is, of which the last is the limit. */
const metadataSteps = [512, 16 * 1024, metadataLimitBytes] as const;

export async function readFileHeader(file: FileWindow): Promise<DboxFileHeader | undefined> {
  return parseFileHeader(await file.bytes(0, fileHeaderLimitBytes));
}

/** The message at an offset, or what is wrong with it in plain words. Throws ImageError. */
export async function readRecord(
  file: FileWindow,
  offset: number,
  header: Pick<DboxFileHeader, "messageHeaderBytes">,
): Promise<DboxRecordResult> {
  const start = await file.bytes(offset, header.messageHeaderBytes);
  const bodyBytes =
    start.length < header.messageHeaderBytes ? undefined : parseMessageHeader(start);
  if (bodyBytes === undefined) return { damage: "no message starts there" };
  const bodyOffset = offset + header.messageHeaderBytes;
  const place = { offset, bodyOffset, bodyBytes };
  for (const step of metadataSteps) {
    const bytes = await file.bytes(bodyOffset + bodyBytes, step);
    const metadata = parseMetadata(bytes);
    if (metadata !== undefined) return { record: { ...place, metadata } };
    if (bytes.length < step) break;
  }
  return { damage: "its end is damaged or missing", cut: place };
}

/** What a message is long when it is read. */
export function plainSize({ bodyBytes, metadata }: DboxRecord): number {
  return metadata.plainSizeBytes ?? bodyBytes;
}

/** Of a record with its header and metadata. */
export function recordEnd({ bodyOffset, bodyBytes, metadata }: DboxRecord): number {
  return bodyOffset + bodyBytes + metadata.lengthBytes;
}
