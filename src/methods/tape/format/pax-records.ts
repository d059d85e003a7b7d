/** Records of a pax extended header (POSIX.1-2017, pax): `length keyword=value\n`, the length counting all of it. */
import { isUtf8 } from "node:buffer";

/** Values are bytes: a name is not text, and an extended attribute may hold anything. */
export type PaxRecords = ReadonlyMap<string, Buffer>;

/** A keyword or value beyond this is damage: no name, and no attribute that Linux keeps, is as long. */
const longestRecordBytes = 1024 * 1024;

export function encodePaxRecords(records: PaxRecords): Buffer {
  const parts: Buffer[] = [];
  for (const [keyword, value] of records) {
    const key = Buffer.from(` ${keyword}=`, "latin1");
    const rest = key.length + value.length + 1;
    // The length counts its own digits.
    let total = rest + String(rest).length;
    if (String(total).length > String(rest).length) total = rest + String(total).length;
    parts.push(Buffer.from(String(total)), key, value, Buffer.from("\n"));
  }
  return Buffer.concat(parts);
}

/** Undefined where it is damaged. Of a keyword that comes twice the last one counts. */
export function parsePaxRecords(bytes: Buffer): PaxRecords | undefined {
  const records = new Map<string, Buffer>();
  let at = 0;
  while (at < bytes.length) {
    const space = bytes.indexOf(0x20, at);
    if (space < 0 || space - at > 8) return undefined;
    const digits = bytes.toString("latin1", at, space);
    if (!/^[1-9]\d*$/.test(digits)) return undefined;
    const end = at + Number(digits);
    const equals = bytes.indexOf(0x3d, space);
    if (end > bytes.length || end - at > longestRecordBytes || equals < 0 || equals >= end)
      return undefined;
    if (bytes[end - 1] !== 0x0a) return undefined;
    records.set(bytes.toString("latin1", space + 1, equals), bytes.subarray(equals + 1, end - 1));
    at = end;
  }
  return records;
}

/** Seconds with nine digits behind the point: "-0.500000000" is half a second before 1970. */
export function encodePaxTime(atNs: bigint): string {
  const isBefore = atNs < 0n;
  const absolute = isBefore ? -atNs : atNs;
  const fraction = String(absolute % 1_000_000_000n).padStart(9, "0");
  return `${isBefore ? "-" : ""}${absolute / 1_000_000_000n}.${fraction}`;
}

export function parsePaxTime(text: string): bigint | undefined {
  const match = /^(-?)(\d{1,18})(?:\.(\d{1,30}))?$/.exec(text);
  if (match === null) return undefined;
  const fraction = BigInt((match[3] ?? "").slice(0, 9).padEnd(9, "0"));
  const absolute = BigInt(match[2] ?? "") * 1_000_000_000n + fraction;
  return match[1] === "-" ? -absolute : absolute;
}

/** Names that are not UTF-8 are marked as bytes, so that no program converts them. */
export function needsBinaryCharset(...values: readonly Buffer[]): boolean {
  return values.some((value) => !isUtf8(value));
}
