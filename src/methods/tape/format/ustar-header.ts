/**
 * The ustar header block (POSIX.1-2017, pax, ustar Interchange Format), 512 bytes:
 *
 * | offset | bytes | field            | offset | bytes | field                 |
 * | ------ | ----- | ---------------- | ------ | ----- | --------------------- |
 * | 0      | 100   | name             | 257    | 6     | magic "ustar\0"       |
 * | 100    | 8     | mode, octal      | 263    | 2     | version "00"          |
 * | 108    | 8     | uid              | 265    | 32    | user name             |
 * | 116    | 8     | gid              | 297    | 32    | group name            |
 * | 124    | 12    | size             | 329    | 8     | device major          |
 * | 136    | 12    | mtime            | 337    | 8     | device minor          |
 * | 148    | 8     | checksum         | 345    | 155   | prefix of the name    |
 * | 156    | 1     | type             | 500    | 12    | –                     |
 * | 157    | 100   | link name        |        |       |                       |
 */
import { tarBlockBytes } from "./tar-member.ts";

/** `x`: extended header of the next member; `g`: of all that follow. Others are POSIX's digits. */
export type UstarHeader = {
  /** At most 100 bytes, one character per byte. */
  readonly name: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly mtimeSeconds: number;
  readonly typeFlag: string;
  readonly linkName: string;
  readonly user: string;
  readonly group: string;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
};

export const largestIds = 0o7777777;
export const largestOctal12 = 0o77777777777;
const checksumOffset = 148;

/** Numbers that do not fit are written as 0: an extended header then has them. */
export function encodeUstar(header: UstarHeader): Buffer {
  const block = Buffer.alloc(tarBlockBytes);
  const put = (text: string, offset: number, length: number): void => {
    block.write(text.slice(0, length), offset, "latin1");
  };
  const octal = (value: number, offset: number, length: number): void => {
    const fits = Number.isSafeInteger(value) && value >= 0 && value < 8 ** (length - 1);
    put(`${(fits ? value : 0).toString(8).padStart(length - 1, "0")}\0`, offset, length);
  };
  put(header.name, 0, 100);
  octal(header.mode, 100, 8);
  octal(header.uid, 108, 8);
  octal(header.gid, 116, 8);
  octal(header.sizeBytes, 124, 12);
  octal(header.mtimeSeconds, 136, 12);
  put(header.typeFlag, 156, 1);
  put(header.linkName, 157, 100);
  put("ustar\x0000", 257, 8);
  put(header.user, 265, 31);
  put(header.group, 297, 31);
  octal(header.deviceMajor, 329, 8);
  octal(header.deviceMinor, 337, 8);
  put(`${checksumOf(block).toString(8).padStart(6, "0")}\0 `, checksumOffset, 8);
  return block;
}

/** Undefined where the block is no header, or a damaged one. */
export function parseUstar(block: Uint8Array): UstarHeader | undefined {
  if (block.length < tarBlockBytes) return undefined;
  const bytes = Buffer.from(block.buffer, block.byteOffset, tarBlockBytes);
  const text = (offset: number, length: number): string => {
    const end = bytes.subarray(offset, offset + length).indexOf(0);
    return bytes.toString("latin1", offset, offset + (end < 0 ? length : end));
  };
  const octal = (offset: number, length: number): number => {
    const digits = text(offset, length).trim();
    return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : digits === "" ? 0 : NaN;
  };
  if (text(257, 5) !== "ustar" || octal(checksumOffset, 8) !== checksumOf(bytes)) return undefined;
  const prefix = text(345, 155);
  const name = text(0, 100);
  const header: UstarHeader = {
    name: prefix === "" ? name : `${prefix}/${name}`,
    mode: octal(100, 8),
    uid: octal(108, 8),
    gid: octal(116, 8),
    sizeBytes: octal(124, 12),
    mtimeSeconds: octal(136, 12),
    typeFlag: text(156, 1) || "0",
    linkName: text(157, 100),
    user: text(265, 32),
    group: text(297, 32),
    deviceMajor: octal(329, 8),
    deviceMinor: octal(337, 8),
  };
  const numbers = [header.mode, header.uid, header.gid, header.sizeBytes, header.mtimeSeconds];
  return numbers.some((value) => Number.isNaN(value)) ? undefined : header;
}

/** The sum of all bytes, those of the checksum itself taken as spaces. */
function checksumOf(block: Uint8Array): number {
  let sum = 8 * 0x20;
  for (let index = 0; index < tarBlockBytes; index++) {
    if (index < checksumOffset || index >= checksumOffset + 8) sum += block[index] as number;
  }
  return sum;
}
