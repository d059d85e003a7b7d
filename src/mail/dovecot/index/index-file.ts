/**
 * Dovecot's `dovecot.index`: a header, extensions in its second part, and a record for each message.
 * Each extension, at a multiple of 8:
 *
 * | offset | bytes | what                                   |
 * | ------ | ----- | -------------------------------------- |
 * | 0      | 4     | bytes of its header                    |
 * | 4      | 4     | reset ID                               |
 * | 8      | 2     | where in a record it is                |
 * | 10     | 2     | bytes of a record                      |
 * | 12     | 2     | alignment of it                        |
 * | 14     | 2     | length of its name                     |
 * | 16     | …     | name, padding to 8, header, padding to 8 |
 *
 * The header of "keywords": how many (4), for each an unused number (4) and where its name starts
 * (4), then names with a zero byte at the end. Its records have one bit for each.
 */
import { Extension } from "./extension.ts";
import { baseHeaderBytes, IndexHeader } from "./index-header.ts";
import { MailIndex } from "./mail-index.ts";
import { textOf, viewOf } from "./record-body.ts";

const recordMinimumBytes = 5;

type Placed = { readonly extension: Extension; readonly offset: number; readonly bytes: number };

/**
 * The index in a file that `whyNoIndex` has nothing against, with what is damaged in it. Throws
 * TooMuchWork.
 */
export function parseIndexFile(file: Uint8Array): {
  readonly index: MailIndex;
  readonly damage: readonly string[];
} {
  const index = new MailIndex();
  const damage: string[] = [];
  const view = viewOf(file);
  const headerBytes = view.getUint32(4, true);
  const recordBytes = view.getUint32(8, true);
  index.header = new IndexHeader(file.subarray(0, baseHeaderBytes));
  const available = Math.floor((file.length - headerBytes) / recordBytes);
  const { messages } = index.header;
  if (messages > available)
    damage.push(`it is cut off: ${messages} messages are said to be in it, there are ${available}`);
  index.reserve(Math.min(messages, available));
  const placed = readExtensions(file.subarray(0, headerBytes), index, damage);
  const columns = placed.filter(
    ({ extension, offset, bytes }) =>
      extension.width > 0 && offset >= recordMinimumBytes && offset + bytes <= recordBytes,
  );
  const keywords = placed.find(({ extension }) => extension.name === "keywords");
  let disorder = 0;
  for (let number = 0; number < Math.min(messages, available); number++) {
    const start = headerBytes + number * recordBytes;
    const uid = view.getUint32(start, true);
    const row = uid === 0 ? -1 : index.append(uid, file[start + 4] as number);
    if (row < 0) {
      disorder++;
      continue;
    }
    for (const { extension, offset, bytes } of columns) {
      const from = start + offset;
      const end = from + Math.min(bytes, extension.width);
      extension.writableRow(row, index)?.set(file.subarray(from, end));
    }
    if (keywords !== undefined && keywords.offset + keywords.bytes <= recordBytes)
      readKeywordBits(index, { row, from: start + keywords.offset, bytes: keywords.bytes, file });
  }
  if (disorder > 0) damage.push(`${disorder} of its records do not follow the one before`);
  return { index, damage };
}

function readExtensions(header: Uint8Array, index: MailIndex, damage: string[]): readonly Placed[] {
  const view = viewOf(header);
  const placed: Placed[] = [];
  let at = alignedTo8(view.getUint16(2, true));
  while (at + 16 < header.length) {
    const dataBytes = view.getUint32(at, true);
    const bytes = view.getUint16(at + 10, true);
    const nameBytes = view.getUint16(at + 14, true);
    const data = at + alignedTo8(16 + nameBytes);
    if (nameBytes === 0 || data + dataBytes > header.length) {
      damage.push("an extension goes beyond its header");
      break;
    }
    const name = textOf(header.subarray(at + 16, at + 16 + nameBytes));
    const extension = new Extension(name, {
      recordBytes: bytes,
      resetId: view.getUint32(at + 4, true),
    });
    index.add(extension);
    extension.writeHeader(0, header.subarray(data, data + dataBytes), index);
    if (name === "keywords" && !readKeywordNames(header.subarray(data, data + dataBytes), index))
      damage.push("its list of keywords is damaged");
    placed.push({ extension, offset: view.getUint16(at + 8, true), bytes });
    at = data + alignedTo8(dataBytes);
  }
  return placed;
}

/** Returns false where some are missing; numbers stay what they are. */
function readKeywordNames(data: Uint8Array, index: MailIndex): boolean {
  if (data.length < 4) return false;
  const view = viewOf(data);
  const count = view.getUint32(0, true);
  const names = 4 + count * 8;
  if (names > data.length) return false;
  let isWhole = true;
  for (let number = 0; number < count; number++) {
    const from = names + view.getUint32(4 + number * 8 + 4, true);
    const end = from < data.length ? data.indexOf(0, from) : -1;
    const name = end > from ? textOf(data.subarray(from, end)) : "";
    // A name that is lost keeps its number, under one that says so.
    const unique = name === "" ? `unknown-${number}` : name;
    if (name === "") isWhole = false;
    const given = index.keywords.numberOf(unique);
    if (given === number) continue;
    isWhole = false;
    if (given === undefined || index.keywords.numberOf(`unknown-${number}`) !== number) break;
  }
  return isWhole;
}

function readKeywordBits(
  index: MailIndex,
  place: {
    readonly row: number;
    readonly from: number;
    readonly bytes: number;
    readonly file: Uint8Array;
  },
): void {
  const known = index.keywords.names.length;
  for (let byte = 0; byte < place.bytes && byte * 8 < known; byte++) {
    const bits = place.file[place.from + byte] ?? 0;
    for (let bit = 0; bits >>> bit !== 0; bit++)
      if ((bits >>> bit) & 1 && byte * 8 + bit < known)
        index.keywords.set(place.row, byte * 8 + bit, { on: true, room: index });
  }
}

function alignedTo8(bytes: number): number {
  return (bytes + 7) & ~7;
}
