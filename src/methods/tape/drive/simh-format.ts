/**
 * The SIMH magnetic tape format (.tap), "SIMH Magtape Representation and Handling". All words are 32 bits, little-endian:
 *
 * | word                      | meaning                                                              |
 * | ------------------------- | -------------------------------------------------------------------- |
 * | 0x00000000                | tape mark                                                            |
 * | 0xFFFFFFFF                | end of medium; so is the end of the file                             |
 * | 0xFFFFFFFE                | erase gap, skipped                                                   |
 * | 0x00nnnnnn … 0x00nnnnnn   | a record of n bytes, padded to an even length, between equal words   |
 * | 0x80nnnnnn … 0x80nnnnnn   | the same, and the drive that read it saw an error in it              |
 * | anything else             | reserved: damage, to us                                              |
 *
 * Words stand before and behind each record, so a tape with a damaged word in the middle is read from both ends, and
 * what is lost is what lies between.
 */
import type { TapeObject } from "./tape-medium.ts";

export const wordBytes = 4;
const markWord = 0;
const endOfMediumWord = 0xffffffff;
const gapWord = 0xfffffffe;
const errorFlag = 0x80000000;
/** Record lengths have 24 bits. */
export const longestRecordBytes: number = 0xffffff;

export function encodeWord(word: number): Buffer {
  const bytes = Buffer.allocUnsafe(wordBytes);
  bytes.writeUInt32LE(word >>> 0);
  return bytes;
}

/** The parts of a record, to be written one after the other. */
export function encodeRecord(bytes: Uint8Array): readonly Uint8Array[] {
  if (bytes.length === 0 || bytes.length > longestRecordBytes)
    throw new RangeError(`a record cannot have ${bytes.length} bytes`);
  const word = encodeWord(bytes.length);
  return bytes.length % 2 === 0 ? [word, bytes, word] : [word, bytes, new Uint8Array(1), word];
}

export function encodeMark(): Uint8Array {
  return encodeWord(markWord);
}

/** What stands at a place of the file. `lengthBytes` is of the data of a block, or of what is damaged. */
export type SimhObject = {
  readonly kind: TapeObject;
  readonly offset: number;
  readonly lengthBytes: number;
};

export type SimhScan = {
  readonly objects: readonly SimhObject[];
  /** Where the next object is to be written. */
  readonly endOffset: number;
  /** Bytes stand there that are no whole object. */
  readonly torn: boolean;
};

/** Reads a word at a place of the file; undefined where it ends before. */
export type WordReader = (offset: number) => number | undefined;

/** Finds all objects of a tape by its words. */
export async function scanSimh(
  readWord: WordReader,
  { sizeBytes, pause }: { readonly sizeBytes: number; readonly pause?: () => Promise<void> },
): Promise<SimhScan> {
  const objects: SimhObject[] = [];
  let offset = 0;
  while (offset < sizeBytes) {
    if (objects.length % 4096 === 4095) await pause?.();
    const word = readWord(offset);
    if (word === endOfMediumWord) return { objects, endOffset: offset, torn: false };
    if (word === gapWord) {
      offset += wordBytes;
      continue;
    }
    const found = word === undefined ? undefined : objectAt(readWord, { offset, word });
    if (found !== undefined) {
      objects.push(found);
      offset = endOf(found);
      continue;
    }
    const behind = scanBackward(readWord, { sizeBytes, downTo: offset });
    const [first] = behind;
    // A tape that nobody finished ends so; with whole records behind it, it is damage.
    if (first === undefined) return { objects, endOffset: offset, torn: true };
    objects.push({ kind: "damaged", offset, lengthBytes: first.offset - offset }, ...behind);
    return { objects, endOffset: sizeBytes, torn: false };
  }
  return { objects, endOffset: offset, torn: false };
}

/** The whole objects at the end of a file, in their order; [] where there is no record among them. */
function scanBackward(
  readWord: WordReader,
  { sizeBytes, downTo }: { readonly sizeBytes: number; readonly downTo: number },
): readonly SimhObject[] {
  const found: SimhObject[] = [];
  let records = 0;
  let end = sizeBytes;
  while (end - wordBytes >= downTo) {
    const word = readWord(end - wordBytes);
    if (word === undefined) break;
    if (word === gapWord || word === endOfMediumWord) {
      end -= wordBytes;
      continue;
    }
    const dataBytes = word === markWord ? undefined : lengthOf(word);
    const offset =
      word === markWord
        ? end - wordBytes
        : dataBytes === undefined
          ? -1
          : end - 2 * wordBytes - padded(dataBytes);
    if (offset < downTo) break;
    const object = objectAt(readWord, { offset, word });
    if (object === undefined) break;
    if (object.kind !== "file-mark") records++;
    found.push(object);
    end = offset;
  }
  return records === 0 ? [] : found.reverse();
}

function objectAt(
  readWord: WordReader,
  { offset, word }: { readonly offset: number; readonly word: number },
): SimhObject | undefined {
  if (readWord(offset) !== word) return undefined;
  if (word === markWord) return { kind: "file-mark", offset, lengthBytes: 0 };
  const lengthBytes = lengthOf(word);
  if (lengthBytes === undefined) return undefined;
  if (readWord(offset + wordBytes + padded(lengthBytes)) !== word) return undefined;
  const hasError = (word & errorFlag) !== 0;
  return hasError
    ? { kind: "damaged", offset, lengthBytes: padded(lengthBytes) + 2 * wordBytes }
    : { kind: "block", offset, lengthBytes };
}

/** Undefined where the word is none of a record. */
function lengthOf(word: number): number | undefined {
  const length = (word & ~errorFlag) >>> 0;
  return length === 0 || length > longestRecordBytes ? undefined : length;
}

function padded(lengthBytes: number): number {
  return lengthBytes + (lengthBytes % 2);
}

export function endOf({ kind, offset, lengthBytes }: SimhObject): number {
  switch (kind) {
    case "file-mark":
      return offset + wordBytes;
    case "block":
      return offset + 2 * wordBytes + padded(lengthBytes);
    case "damaged":
      return offset + lengthBytes;
  }
}
