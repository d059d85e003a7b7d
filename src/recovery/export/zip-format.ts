/**
 * The zip format (PKWARE's APPNOTE 6.3), as far as writing needs it: names in UTF-8, deflated or stored,
 * times in UTC, zip64 where a number does not fit. Integers are little-endian.
 *
 * | local header | central header | bytes | what                                             |
 * | ------------ | -------------- | ----- | ------------------------------------------------ |
 * | 0            | 0              | 4     | `PK 03 04`; `PK 01 02`                           |
 * |              | 4              | 2     | made by: 3 (Unix), version 4.5                   |
 * | 4            | 6              | 2     | version needed: 2.0, or 4.5 for zip64            |
 * | 6            | 8              | 2     | flags: bit 11, names are UTF-8                   |
 * | 8            | 10             | 2     | 8 deflated, 0 stored                             |
 * | 10           | 12             | 4     | time and date as DOS has them                    |
 * | 14           | 16             | 4     | CRC-32 of the content                            |
 * | 18           | 20             | 4     | compressed bytes; ffffffff: in the zip64 field   |
 * | 22           | 24             | 4     | bytes; the same                                  |
 * | 26           | 28             | 2     | bytes of the name                                |
 * | 28           | 30             | 2     | bytes of the extra fields                        |
 * |              | 32             | 6     | comment, disk, kind: 0                           |
 * |              | 38             | 4     | mode, in the upper half                          |
 * |              | 42             | 4     | where the local header is; ffffffff: in zip64    |
 * | 30           | 46             |       | name, extra fields                               |
 */
export type ZipEntry = {
  readonly name: string;
  /** Milliseconds since 1970 UTC. */
  readonly modifiedMs: number;
  readonly isDeflated: boolean;
  readonly crc32: number;
  readonly packedBytes: number;
  readonly sizeBytes: number;
};

const most32 = 0xffff_ffff;
const most16 = 0xffff;
const utf8Names = 0x0800;
const fileMode = 0o100_600;

/** Always with room for sizes of 64 bits where `sizeBytes` is near the limit, so that it can be written again over itself. */
export function localHeader(entry: ZipEntry): Buffer {
  const isLarge = isNearLimit(entry);
  const sizes = isLarge ? [entry.sizeBytes, entry.packedBytes] : [];
  const extra = Buffer.concat([zip64Field(sizes), timeField(entry)]);
  const name = Buffer.from(entry.name);
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x0403_4b50, 0);
  common(entry, isLarge).copy(header, 4);
  header.writeUInt32LE(isLarge ? most32 : entry.packedBytes, 18);
  header.writeUInt32LE(isLarge ? most32 : entry.sizeBytes, 22);
  header.writeUInt16LE(name.length, 26);
  header.writeUInt16LE(extra.length, 28);
  return Buffer.concat([header, name, extra]);
}

export function centralHeader(entry: ZipEntry, offset: number): Buffer {
  const isLarge = isNearLimit(entry);
  const isFar = offset >= most32;
  const numbers = [
    ...(isLarge ? [entry.sizeBytes, entry.packedBytes] : []),
    ...(isFar ? [offset] : []),
  ];
  const extra = Buffer.concat([zip64Field(numbers), timeField(entry)]);
  const name = Buffer.from(entry.name);
  const header = Buffer.alloc(46);
  header.writeUInt32LE(0x0201_4b50, 0);
  header.writeUInt16LE((3 << 8) | 45, 4);
  common(entry, isLarge || isFar).copy(header, 6);
  header.writeUInt32LE(isLarge ? most32 : entry.packedBytes, 20);
  header.writeUInt32LE(isLarge ? most32 : entry.sizeBytes, 24);
  header.writeUInt16LE(name.length, 28);
  header.writeUInt16LE(extra.length, 30);
  header.writeUInt32LE((fileMode << 16) >>> 0, 38);
  header.writeUInt32LE(isFar ? most32 : offset, 42);
  return Buffer.concat([header, name, extra]);
}

export type CentralDirectory = {
  readonly entries: number;
  readonly offset: number;
  readonly sizeBytes: number;
};

/** What ends the file: with the zip64 records where there is too much of anything for the old one. */
export function endOfZip({ entries, offset, sizeBytes }: CentralDirectory): Buffer {
  const isLarge = entries >= most16 || offset >= most32 || sizeBytes >= most32;
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x0605_4b50, 0);
  for (const at of [8, 10]) end.writeUInt16LE(Math.min(entries, most16), at);
  end.writeUInt32LE(Math.min(sizeBytes, most32), 12);
  end.writeUInt32LE(Math.min(offset, most32), 16);
  if (!isLarge) return end;
  const record = Buffer.alloc(56);
  record.writeUInt32LE(0x0606_4b50, 0);
  record.writeBigUInt64LE(44n, 4);
  record.writeUInt16LE((3 << 8) | 45, 12);
  record.writeUInt16LE(45, 14);
  for (const at of [24, 32]) record.writeBigUInt64LE(BigInt(entries), at);
  record.writeBigUInt64LE(BigInt(sizeBytes), 40);
  record.writeBigUInt64LE(BigInt(offset), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x0706_4b50, 0);
  locator.writeBigUInt64LE(BigInt(offset + sizeBytes), 8);
  locator.writeUInt32LE(1, 16);
  return Buffer.concat([record, locator, end]);
}

/** Deflating may make it a little larger. */
function isNearLimit({ sizeBytes, packedBytes }: ZipEntry): boolean {
  return Math.max(sizeBytes, packedBytes) > 0xf000_0000;
}

/** From the version needed to the CRC. */
function common({ isDeflated, modifiedMs, crc32 }: ZipEntry, isZip64: boolean): Buffer {
  const bytes = Buffer.alloc(14);
  bytes.writeUInt16LE(isZip64 ? 45 : 20, 0);
  bytes.writeUInt16LE(utf8Names, 2);
  bytes.writeUInt16LE(isDeflated ? 8 : 0, 4);
  bytes.writeUInt32LE(dosTime(modifiedMs), 6);
  bytes.writeUInt32LE(crc32, 10);
  return bytes;
}

/** From 1980 to 2107, in steps of two seconds. */
function dosTime(ms: number): number {
  const least = Date.UTC(1980, 0, 1);
  const most = Date.UTC(2107, 11, 31, 23, 59, 58);
  const date = new Date(Math.min(Math.max(ms, least), most));
  const day =
    ((date.getUTCFullYear() - 1980) << 9) | ((date.getUTCMonth() + 1) << 5) | date.getUTCDate();
  const time =
    (date.getUTCHours() << 11) | (date.getUTCMinutes() << 5) | (date.getUTCSeconds() >> 1);
  return ((day << 16) | time) >>> 0;
}

/** Info-ZIP's: the time to the second, which is in UTC for whoever reads it. */
function timeField({ modifiedMs }: ZipEntry): Buffer {
  const seconds = Math.floor(modifiedMs / 1000);
  if (!(Math.abs(seconds) < 0x7fff_ffff)) return Buffer.alloc(0);
  const field = Buffer.alloc(9);
  field.writeUInt16LE(0x5455, 0);
  field.writeUInt16LE(5, 2);
  field.writeUInt8(1, 4);
  field.writeInt32LE(seconds, 5);
  return field;
}

function zip64Field(numbers: readonly number[]): Buffer {
  if (numbers.length === 0) return Buffer.alloc(0);
  const field = Buffer.alloc(4 + numbers.length * 8);
  field.writeUInt16LE(1, 0);
  field.writeUInt16LE(numbers.length * 8, 2);
  for (const [index, number] of numbers.entries())
    field.writeBigUInt64LE(BigInt(number), 4 + index * 8);
  return field;
}
