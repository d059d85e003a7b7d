/**
 * Labels of ANSI X3.27 / ISO 1001: blocks of 80 characters. Positions count from 1.
 *
 * | VOL1  |                                   | HDR1, EOF1, EOV1 |                        | HDR2, EOF2, EOV2 |                              |
 * | ----- | --------------------------------- | ---------------- | ---------------------- | ---------------- | ---------------------------- |
 * | 5–10  | volume serial                     | 5–21             | file identifier        | 5                | record format: U, undefined  |
 * | 11    | access: space                     | 22–27            | file set identifier    | 6–10             | block length; 00000 over 99999 |
 * | 25–37 | who made it                       | 28–31            | file section number    | 11–15            | record length: 00000         |
 * | 38–51 | owner                             | 32–35            | file sequence number   | 16–25            | ours: the block length       |
 * | 80    | version of the standard: 4        | 36–41            | generation, version    | 26               | ours: T, a member is torn    |
 * |       |                                   | 42–47            | created, ` yyddd`      | 27–45            | ours: where it begins        |
 * |       |                                   | 48–53            | expires; ` 00000`: at once | 51–52        | offset: 00                   |
 * |       |                                   | 54               | access: space          |                  |                              |
 * |       |                                   | 55–60            | block count            |                  |                              |
 * |       |                                   | 61–73            | system: RESTANTE       |                  |                              |
 */
export const labelBytes = 80;
const system = "RESTANTE";

export type FileLabel = {
  /** At most 17 of the standard's "a" characters. */
  readonly fileIdentifier: string;
  /** The volume that the file set began on. */
  readonly fileSet: string;
  /** 1 on the tape where the file begins, 2 on the next … */
  readonly section: number;
  readonly sequence: number;
  readonly createdAtNs: bigint;
  /** 0: may be written over at once, as far as the label is concerned. */
  readonly expiresAtNs: bigint;
  /** Of this section; 0 before it is known. The label holds its last six digits. */
  readonly blockCount: number;
  readonly blockBytes: number;
  /** Where in the file the member begins that the end of the tape cut off. */
  readonly tornAtByte?: number;
};

export type LabelKind = "HDR" | "EOF" | "EOV";

export type ParsedLabel =
  | { readonly kind: "volume"; readonly serial: string }
  | {
      readonly kind: "file-1";
      readonly position: LabelKind;
      readonly fileIdentifier: string;
      readonly fileSet: string;
      readonly section: number;
      readonly sequence: number;
      /** Days are all that a label has; the first instant of that day. Undefined where it is no date. */
      readonly createdAtNs: bigint | undefined;
      readonly expiresAtNs: bigint | undefined;
      readonly blockCount: number;
      readonly system: string;
    }
  | {
      readonly kind: "file-2";
      readonly position: LabelKind;
      readonly blockBytes: number;
      readonly tornAtByte?: number;
    }
  /** A label that the standard has and we do not need. */
  | { readonly kind: "other"; readonly name: string };

export function encodeVolumeLabel(serial: string): Buffer {
  return line([
    [1, "VOL1"],
    [5, text(serial, 6)],
    [25, text(system, 13)],
    [80, "4"],
  ]);
}

/** The pair of labels before (HDR) or behind (EOF, EOV) a file. */
export function encodeFileLabels(kind: LabelKind, label: FileLabel): readonly [Buffer, Buffer] {
  const first = line([
    [1, `${kind}1`],
    [5, text(label.fileIdentifier, 17)],
    [22, text(label.fileSet, 6)],
    [28, digits(label.section, 4)],
    [32, digits(label.sequence, 4)],
    [36, "000100"],
    [42, encodeDay(label.createdAtNs)],
    [48, label.expiresAtNs === 0n ? " 00000" : encodeDay(label.expiresAtNs)],
    [55, digits(kind === "HDR" ? 0 : label.blockCount, 6)],
    [61, text(system, 13)],
  ]);
  const second = line([
    [1, `${kind}2`],
    [5, "U"],
    [6, label.blockBytes > 99_999 ? "00000" : digits(label.blockBytes, 5)],
    [11, "00000"],
    [16, digits(label.blockBytes, 10)],
    ...(label.tornAtByte === undefined
      ? []
      : ([[26, `T${digits(label.tornAtByte, 19)}`]] satisfies [number, string][])),
    [51, "00"],
  ]);
  return [first, second];
}

/** Undefined where the block is no label of the standard. */
export function parseLabel(block: Uint8Array): ParsedLabel | undefined {
  if (block.length !== labelBytes) return undefined;
  const label = Buffer.from(block.buffer, block.byteOffset, block.byteLength).toString("latin1");
  const field = (from: number, to: number): string => label.slice(from - 1, to);
  const name = field(1, 4);
  if (name === "VOL1") return { kind: "volume", serial: field(5, 10).trimEnd() };
  const match = /^(HDR|EOF|EOV)([12])$/.exec(name);
  if (match === null) {
    return /^(?:VOL|HDR|EOF|EOV|UVL|UHL|UTL)[0-9A-Z]$/.test(name)
      ? { kind: "other", name }
      : undefined;
  }
  const position = match[1] as LabelKind;
  if (match[2] === "2") {
    const blockBytes = number(field(16, 25)) || number(field(6, 10));
    const torn = field(26, 26) === "T" ? number(field(27, 45)) : NaN;
    const tornAtByte = Number.isSafeInteger(torn) ? { tornAtByte: torn } : {};
    return { kind: "file-2", position, blockBytes, ...tornAtByte };
  }
  return {
    kind: "file-1",
    position,
    fileIdentifier: field(5, 21).trimEnd(),
    fileSet: field(22, 27).trimEnd(),
    section: number(field(28, 31)),
    sequence: number(field(32, 35)),
    createdAtNs: parseDay(field(42, 47)),
    expiresAtNs: parseDay(field(48, 53)),
    blockCount: number(field(55, 60)),
    system: field(61, 73).trimEnd(),
  };
}

function line(fields: readonly (readonly [number, string])[]): Buffer {
  const bytes = Buffer.alloc(labelBytes, " ");
  for (const [position, value] of fields) bytes.write(value, position - 1, "latin1");
  return bytes;
}

/** The standard's "a" characters; anything else becomes a hyphen. */
function text(value: string, length: number): string {
  return value
    .toUpperCase()
    .replace(/[^A-Z0-9 !"%&'()*+,\-./:;<=>?_]/g, "-")
    .slice(0, length)
    .padEnd(length);
}

/** The last digits, where there are more: a count of blocks may wrap. */
function digits(value: number, length: number): string {
  return value.toString().padStart(length, "0").slice(-length);
}

function number(field: string): number {
  return /^\d+$/.test(field) ? Number(field) : NaN;
}

const dayMs = 86_400_000;

/** ` yyddd` for 19yy, `0yyddd` for 20yy, `1yyddd` for 21yy. */
function encodeDay(atNs: bigint): string {
  const date = new Date(Number(atNs / 1_000_000n));
  const year = Math.min(Math.max(date.getUTCFullYear(), 1900), 2899);
  const day = Math.floor((date.getTime() - Date.UTC(year, 0, 1)) / dayMs) + 1;
  const century = Math.floor(year / 100) - 19;
  return `${century === 0 ? " " : century - 1}${digits(year, 2)}${digits(day, 3)}`;
}

function parseDay(field: string): bigint | undefined {
  const match = /^([ 0-9])(\d\d)(\d\d\d)$/.exec(field);
  if (match === null) return undefined;
  const century = match[1] === " " ? 19 : 20 + Number(match[1]);
  const day = Number(match[3]);
  if (day < 1 || day > 366) return undefined;
  const year = century * 100 + Number(match[2]);
  return BigInt(Date.UTC(year, 0, 1) + (day - 1) * dayMs) * 1_000_000n;
}
