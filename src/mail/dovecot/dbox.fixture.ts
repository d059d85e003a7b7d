/** Writes small stores as Dovecot does, so that tests can say what is in each byte. */
import { gzipSync } from "node:zlib";
import type { MemoryNodes } from "#image";
import { packRecordSize, recordTypes } from "./index/transaction-log.ts";

const external = 0x1000_0000;

/** Little-endian numbers one after another; `u8(…)`, `u16(…)` and bytes among them. */
export function words(...parts: readonly (number | Uint8Array)[]): Buffer {
  return Buffer.concat(
    parts.map((part) => {
      if (typeof part !== "number") return part;
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32LE(part >>> 0);
      return bytes;
    }),
  );
}

export function u16(...numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(numbers.length * 2);
  for (const [index, number] of numbers.entries()) bytes.writeUInt16LE(number, index * 2);
  return bytes;
}

export function padded(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length & 3)) & 3)]);
}

/** A record of a log; `type` with its flags. */
export function logRecord(type: number, body: Uint8Array): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(packRecordSize(8 + body.length), 0);
  head.writeUInt32LE((type | external) >>> 0, 4);
  return Buffer.concat([head, body]);
}

export type LogFileOptions = {
  readonly sequence?: number;
  readonly previous?: { readonly sequence: number; readonly end: number };
  readonly indexId?: number;
  readonly initialModseq?: bigint;
};

export function logFile(records: readonly Uint8Array[], options: LogFileOptions = {}): Buffer {
  const header = Buffer.alloc(40);
  header.set([1, 3, 40, 0]);
  header.writeUInt32LE(options.indexId ?? 7, 4);
  header.writeUInt32LE(options.sequence ?? 2, 8);
  header.writeUInt32LE(options.previous?.sequence ?? 0, 12);
  header.writeUInt32LE(options.previous?.end ?? 0, 16);
  header.writeBigUInt64LE(options.initialModseq ?? 1n, 24);
  header[32] = 1;
  return Buffer.concat([header, ...records]);
}

export const log = {
  uidValidity: (value: number): Buffer =>
    logRecord(recordTypes.headerUpdate, words(u16(24, 4), value)),
  append: (...messages: readonly (readonly [uid: number, flags: number])[]): Buffer =>
    logRecord(recordTypes.append, words(...messages.flat())),
  flags: (first: number, last: number, change: { add?: number; remove?: number }): Buffer =>
    logRecord(
      recordTypes.flagUpdate,
      words(first, last, Buffer.from([change.add ?? 0, change.remove ?? 0, 0, 0])),
    ),
  expunge: (first: number, last: number): Buffer =>
    logRecord(recordTypes.expunge, words(first, last)),
  keyword: (name: string, first: number, last: number, isRemoved = false): Buffer => {
    const head = Buffer.from([isRemoved ? 1 : 0, 0, name.length, 0]);
    const named = padded(Buffer.concat([head, Buffer.from(name)]));
    return logRecord(recordTypes.keywordUpdate, words(named, first, last));
  },
  /** `recordBytes` 0: only a header. */
  introduce: (name: string, recordBytes: number, headerBytes = 0): Buffer =>
    logRecord(
      recordTypes.extensionIntro,
      words(
        0xffff_ffff,
        0,
        headerBytes,
        u16(recordBytes, Math.max(1, Math.min(recordBytes, 8)), 1, name.length),
        padded(Buffer.from(name)),
      ),
    ),
  header: (bytes: Uint8Array): Buffer =>
    logRecord(recordTypes.extensionHeaderUpdate, padded(words(u16(0, bytes.length), bytes))),
  records: (...rows: readonly (readonly [uid: number, bytes: Uint8Array])[]): Buffer =>
    logRecord(
      recordTypes.extensionRecordUpdate,
      words(...rows.flatMap(([uid, bytes]) => [uid, padded(bytes)])),
    ),
} as const;

export type DboxMessageOptions = {
  readonly bytes: string | Uint8Array;
  readonly guid?: string;
  readonly receivedSeconds?: number;
  readonly isPacked?: boolean;
  readonly mailbox?: string;
};

export function dboxMessage(message: DboxMessageOptions): Buffer {
  const plain = Buffer.from(message.bytes);
  const stored = message.isPacked === true ? gzipSync(plain) : plain;
  const crlf = plain.toString("latin1").match(/(?<!\r)\n/g)?.length ?? 0;
  const metadata = [
    ...(message.isPacked === true ? [`Z${plain.length.toString(16)}`] : []),
    `R${(message.receivedSeconds ?? 0x6000_0000).toString(16)}`,
    `V${(plain.length + crlf).toString(16)}`,
    `G${message.guid ?? "00112233445566778899aabbccddeeff"}`,
    ...(message.mailbox === undefined ? [] : [`B${message.mailbox}`]),
  ];
  const size = stored.length.toString(16).toUpperCase().padStart(16, "0");
  return Buffer.concat([
    Buffer.from(`\x01\x02N          ${size}\n`, "latin1"),
    stored,
    Buffer.from(`\n\x01\x03\n${metadata.join("\n")}\n\n`, "latin1"),
  ]);
}

export function dboxFile(...messages: readonly Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.from("2 M1e C60000000\n"), ...messages]);
}

export const mailboxGuid: Buffer = Buffer.from("a1a2a3a4a5a6a7a8a9aaabacadaeafa0", "hex");

/** The introduction of a mailbox's own header: a number, then its GUID. */
export function mailboxHeader(layout: "sdbox" | "mdbox", number: number): readonly Buffer[] {
  const name = layout === "sdbox" ? "dbox-hdr" : "mdbox-hdr";
  return [log.introduce(name, 0, 24), log.header(words(number, mailboxGuid, 0))];
}

/** A guid of 32 digits that ends with a number. */
export function guidOf(number: number): string {
  return number.toString(16).padStart(32, "0");
}

export type MdboxMessage = DboxMessageOptions & { readonly guid: string };

/** `storage/` with one file of messages and a map that has them in order, from UID 1 on. */
export function mdboxStorage(messages: readonly MdboxMessage[], mapUidValidity = 99): MemoryNodes {
  const records = messages.map(dboxMessage);
  let offset = 16;
  const places = records.map((record, index): readonly [number, Buffer] => {
    const place: readonly [number, Buffer] = [index + 1, words(1, offset, record.length)];
    offset += record.length;
    return place;
  });
  return {
    "storage/m.1": dboxFile(...records),
    "storage/dovecot.map.index.log": logFile([
      log.uidValidity(mapUidValidity),
      log.introduce("map", 12, 8),
      log.header(words(1, 0)),
      log.append(...messages.map((_, index) => [index + 1, 0] as const)),
      log.records(...places),
      log.introduce("ref", 2),
      log.records(...messages.map((_, index) => [index + 1, u16(1)] as const)),
    ]),
  };
}

/** The rows of a mailbox of mdbox: UID, UID in the map, when it was put there, GUID. */
export function mdboxRows(
  rows: readonly { readonly uid: number; readonly mapUid: number; readonly guid: string }[],
): readonly Buffer[] {
  return [
    log.introduce("mdbox", 8),
    log.records(...rows.map(({ uid, mapUid }) => [uid, words(mapUid, 0x6100_0000)] as const)),
    log.introduce("guid", 16),
    log.records(...rows.map(({ uid, guid }) => [uid, Buffer.from(guid, "hex")] as const)),
  ];
}
