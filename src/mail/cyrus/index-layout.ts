/**
 * Where the fields of `cyrus.index` lie. All numbers are big-endian; times are seconds since 1970,
 * from version 20 on nanoseconds in 8 bytes.
 *
 * Header. Its last 4 bytes are the CRC-32 of what is before them.
 *
 * | field                    | 12–17 | 18, 19 | 20  | bytes       |
 * | ------------------------ | ----- | ------ | --- | ----------- |
 * | generation               | 0     | 0      | 0   | 4           |
 * | format                   | 4     | 4      | 4   | 4           |
 * | minor version            | 8     | 8      | 8   | 4           |
 * | bytes of the header      | 12    | 12     | 12  | 4           |
 * | bytes of a record        | 16    | 16     | 16  | 4           |
 * | number of records        | 20    | 20     | 20  | 4           |
 * | last UID                 | 28    | 28     | 88  | 4           |
 * | UIDVALIDITY              | 44    | 44     | 92  | 4           |
 * | options                  | 60    | 64     | 64  | 4           |
 * | highest modseq           | 68    | 72     | 72  | 8           |
 * | messages not expunged    | 84    | 60     | 60  | 4           |
 * | CRC-32 of cyrus.header   | 96    | 96     | 96  | 4           |
 * | last UID seen as recent  | 104   | 104    | 184 | 4           |
 *
 * Record. Its last 4 bytes are the CRC-32 of what is before them.
 *
 * | field                    | 12–19        | 20  | bytes          |
 * | ------------------------ | ------------ | --- | -------------- |
 * | UID                      | 0            | 0   | 4              |
 * | INTERNALDATE             | 4            | 8   | 4; 8           |
 * | size                     | 12           | 24  | 4; 8           |
 * | flags of the system      | 32           | 36  | 4              |
 * | flags of the mailbox     | 36           | 40  | 16             |
 * | when it was saved        | 52, from 15  | 120 | 4; 8           |
 * | GUID: SHA-1 of the bytes | 60           | 60  | 20             |
 * | modseq                   | 80           | 80  | 8              |
 *
 * Sizes: header 128 bytes in 12 and 13, 160 up to 19, 192 in 20; record 96 in 12, 104 up to 15, 112
 * up to 19, 144 in 20. Source: Cyrus IMAP 3.6.1, 3.12.1 and 3.13.7, imap/mailbox.h and imap/mailbox.c.
 * Read from a server of its own is version 17; the others are as the source has them.
 */
export type IndexLayout = {
  readonly headerBytes: number;
  readonly recordBytes: number;
  readonly lastUid: number;
  readonly uidValidity: number;
  readonly options: number;
  readonly highestModseq: number;
  readonly exists: number;
  readonly headerFileSum: number;
  readonly recentUid: number;
  readonly internalDate: number;
  readonly size: number;
  readonly systemFlags: number;
  readonly userFlags: number;
  /** Absent: not kept yet. */
  readonly saved?: number;
  readonly guid: number;
  readonly modseq: number;
  /** Times and the size have 8 bytes, times count nanoseconds. */
  readonly isWide: boolean;
};

const narrow = {
  lastUid: 28,
  uidValidity: 44,
  options: 60,
  highestModseq: 68,
  exists: 84,
  headerFileSum: 96,
  recentUid: 104,
  internalDate: 4,
  size: 12,
  systemFlags: 32,
  userFlags: 36,
  guid: 60,
  modseq: 80,
  isWide: false,
} as const;
const version14: IndexLayout = { ...narrow, headerBytes: 160, recordBytes: 104 };
const version16: IndexLayout = { ...narrow, headerBytes: 160, recordBytes: 112, saved: 52 };
const version18: IndexLayout = { ...version16, options: 64, highestModseq: 72, exists: 60 };

export const indexLayouts: ReadonlyMap<number, IndexLayout> = new Map<number, IndexLayout>([
  [12, { ...narrow, headerBytes: 128, recordBytes: 96 }],
  [13, { ...narrow, headerBytes: 128, recordBytes: 104 }],
  [14, version14],
  [15, { ...version14, saved: 52 }],
  [16, version16],
  [17, version16],
  [18, version18],
  [19, version18],
  [
    20,
    {
      headerBytes: 192,
      recordBytes: 144,
      lastUid: 88,
      uidValidity: 92,
      options: 64,
      highestModseq: 72,
      exists: 60,
      headerFileSum: 96,
      recentUid: 184,
      internalDate: 8,
      size: 24,
      systemFlags: 36,
      userFlags: 40,
      saved: 120,
      guid: 60,
      modseq: 80,
      isWide: true,
    },
  ],
]);

/** Bits of the system's flags that IMAP shows. */
export const systemFlags: readonly (readonly [bit: number, flag: string])[] = [
  [1 << 0, "\\Answered"],
  [1 << 2, "\\Deleted"],
  [1 << 3, "\\Draft"],
  [1 << 1, "\\Flagged"],
  [1 << 4, "\\Seen"],
];
export const seenBit: number = 1 << 4;
/** Expunged or unlinked: no message any more, although the file may still be there. */
export const goneBits: number = 0xc000_0000;
/** In the mailbox's options: everyone shares what is seen; the mailbox was deleted. */
export const sharedSeenOption: number = 1 << 2;
export const deletedOption: number = 0x8000_0000;
