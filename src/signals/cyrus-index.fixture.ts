import { crc32 } from "node:zlib";

export type IndexFacts = {
  readonly exists: number;
  readonly records?: number;
  readonly lastUid?: number;
  readonly isDeleted?: boolean;
};

/** The head of a cyrus.index of version 17, as Cyrus 3.6 writes it. */
export function indexHead(index: IndexFacts): Buffer {
  const { exists, records = exists, lastUid = records, isDeleted = false } = index;
  const head = Buffer.alloc(160);
  head.writeUInt32BE(17, 8);
  head.writeUInt32BE(160, 12);
  head.writeUInt32BE(112, 16);
  head.writeUInt32BE(records, 20);
  head.writeUInt32BE(lastUid, 28);
  head.writeUInt32BE(1_700_000_000, 44);
  head.writeUInt32BE(isDeleted ? 0x8000_0000 : 0, 60);
  head.writeUInt32BE(exists, 84);
  head.writeUInt32BE(crc32(head.subarray(0, 156)), 156);
  return head;
}
