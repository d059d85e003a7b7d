import { crc32 } from "node:zlib";
import { problemLimit } from "../mail-problem.ts";
import { userFlagLimit } from "./cyrus-header.ts";
import {
  deletedOption,
  goneBits,
  type IndexLayout,
  indexLayouts,
  sharedSeenOption,
} from "./index-layout.ts";

export type IndexHeader = {
  readonly layout: IndexLayout;
  readonly records: number;
  readonly lastUid: number;
  readonly uidValidity: number;
  readonly highestModseq: bigint;
  /** Messages that are not expunged. */
  readonly exists: number;
  readonly recentUid: number;
  /** CRC-32 of the `cyrus.header` beside it; 0 where it was not taken. */
  readonly headerFileSum: number;
  /** What is seen is the same for everyone. */
  readonly sharesSeen: boolean;
  readonly isDeleted: boolean;
};

export type IndexRecord = {
  readonly uid: number;
  readonly internalDateNs: bigint;
  readonly sizeBytes: number;
  readonly systemFlags: number;
  /** Bits that are set, ascending: places in the mailbox's list of flags. */
  readonly userFlags: readonly number[];
  readonly savedNs?: bigint;
  readonly guid?: string;
  readonly modseq: bigint;
};

export type IndexContent = {
  /** Absent where the header is damaged. */
  readonly header?: IndexHeader;
  /** Ascending by UID; without what is expunged. */
  readonly records: readonly IndexRecord[];
  /** UIDs of what is expunged, whose files may still be there. */
  readonly goneUids: ReadonlySet<number>;
  /** Every record that there should be was read. */
  readonly isWhole: boolean;
  /** Sentences in plain words. */
  readonly problems: readonly string[];
};

/** The most bytes of a header: what `parseIndexHeader` wants to see. */
export const indexHeaderBytes = 192;

/** Undefined where it is damaged, cut off, or of a version that is not read here. */
export function parseIndexHeader(bytes: Uint8Array): IndexHeader | undefined {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length < 24) return undefined;
  const layout = indexLayouts.get(view.readUInt32BE(8));
  if (layout === undefined || view.length < layout.headerBytes) return undefined;
  const { headerBytes } = layout;
  const isSound =
    view.readUInt32BE(12) === headerBytes &&
    view.readUInt32BE(16) === layout.recordBytes &&
    view.readUInt32BE(headerBytes - 4) === crc32(view.subarray(0, headerBytes - 4));
  if (!isSound) return undefined;
  const options = view.readUInt32BE(layout.options);
  return {
    layout,
    records: view.readUInt32BE(20),
    lastUid: view.readUInt32BE(layout.lastUid),
    uidValidity: view.readUInt32BE(layout.uidValidity),
    highestModseq: view.readBigUInt64BE(layout.highestModseq),
    exists: view.readUInt32BE(layout.exists),
    recentUid: view.readUInt32BE(layout.recentUid),
    headerFileSum: view.readUInt32BE(layout.headerFileSum),
    sharesSeen: (options & sharedSeenOption) !== 0,
    isDeleted: (options & deletedOption) !== 0,
  };
}

/** A whole `cyrus.index`; where parts of it are damaged, the rest. Never throws. */
export function parseIndex(bytes: Uint8Array): IndexContent {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = parseIndexHeader(view);
  const layout = header?.layout ?? likelyLayout(view);
  const problems: string[] = [];
  const complain = (problem: string): void => {
    if (problems.length < problemLimit) problems.push(problem);
  };
  if (header === undefined)
    complain("The header of cyrus.index is damaged or of an unknown version");
  if (layout === undefined) return { records: [], goneUids: new Set(), isWhole: false, problems };
  const there = Math.max(0, Math.floor((view.length - layout.headerBytes) / layout.recordBytes));
  const expected = header?.records ?? there;
  if (there < expected)
    complain(`cyrus.index is cut off: ${there} of its ${expected} records are there`);
  const records: IndexRecord[] = [];
  const goneUids = new Set<number>();
  let damaged = 0;
  let lastUid = 0;
  for (let index = 0; index < Math.min(there, expected); index++) {
    const at = layout.headerBytes + index * layout.recordBytes;
    const record = readRecord(view.subarray(at, at + layout.recordBytes), layout);
    if (record === undefined || record.uid <= lastUid) {
      damaged++;
      continue;
    }
    lastUid = record.uid;
    if ((record.systemFlags & goneBits) === 0) records.push(record);
    else goneUids.add(record.uid);
  }
  if (damaged > 0) complain(`${damaged} records of cyrus.index are damaged`);
  const isWhole = header !== undefined && damaged === 0 && there >= expected;
  if (isWhole && header.exists !== records.length)
    complain(`cyrus.index counts ${header.exists} messages and lists ${records.length}`);
  return { ...(header === undefined ? {} : { header }), records, goneUids, isWhole, problems };
}

function readRecord(bytes: Buffer, layout: IndexLayout): IndexRecord | undefined {
  const { recordBytes, isWide, saved } = layout;
  if (crc32(bytes.subarray(0, recordBytes - 4)) !== bytes.readUInt32BE(recordBytes - 4))
    return undefined;
  const time = (at: number): bigint =>
    isWide ? bytes.readBigInt64BE(at) : BigInt(bytes.readUInt32BE(at)) * 1_000_000_000n;
  const size = isWide
    ? Number(bytes.readBigUInt64BE(layout.size))
    : bytes.readUInt32BE(layout.size);
  const guid = bytes.toString("hex", layout.guid, layout.guid + 20);
  const userFlags: number[] = [];
  for (let word = 0; word < userFlagLimit / 32; word++) {
    const bits = bytes.readUInt32BE(layout.userFlags + 4 * word);
    for (let bit = 0; bits >>> bit !== 0 && bit < 32; bit++)
      if ((bits >>> bit) & 1) userFlags.push(32 * word + bit);
  }
  const savedNs = saved === undefined ? 0n : time(saved);
  return {
    uid: bytes.readUInt32BE(0),
    internalDateNs: time(layout.internalDate),
    sizeBytes: size,
    systemFlags: bytes.readUInt32BE(layout.systemFlags),
    userFlags,
    ...(savedNs > 0n ? { savedNs } : {}),
    ...(/^0+$/.test(guid) ? {} : { guid }),
    modseq: bytes.readBigUInt64BE(layout.modseq),
  };
}

/** With a damaged header: the layout by which most of the first records are sound; the one it names before others. */
function likelyLayout(view: Buffer): IndexLayout | undefined {
  let best: { readonly layout: IndexLayout; readonly sound: number } | undefined;
  const named = view.length < 12 ? undefined : indexLayouts.get(view.readUInt32BE(8));
  const layouts = new Set([
    ...(named === undefined ? [] : [named]),
    ...[...indexLayouts.values()].reverse(),
  ]);
  for (const layout of layouts) {
    let sound = 0;
    for (let index = 0; index < 1000; index++) {
      const at = layout.headerBytes + index * layout.recordBytes;
      if (at + layout.recordBytes > view.length) break;
      if (readRecord(view.subarray(at, at + layout.recordBytes), layout) !== undefined) sound++;
    }
    if (sound > (best?.sound ?? 0)) best = { layout, sound };
  }
  return best?.layout;
}
