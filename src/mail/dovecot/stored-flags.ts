import type { IndexRow, MailIndex } from "./index/mail-index.ts";
import { viewOf } from "./index/record-body.ts";

/** What the index says of a message, beside where its bytes are. */
export type Placement = {
  readonly uid?: number;
  readonly flags: readonly string[];
  readonly keywords: readonly string[];
  readonly modseq?: bigint;
  readonly isRecent: boolean;
};

/** Ascending by name. */
const flagBits = [
  [0x01, "\\Answered"],
  [0x04, "\\Deleted"],
  [0x10, "\\Draft"],
  [0x02, "\\Flagged"],
  [0x08, "\\Seen"],
] as const;

const flagSets: readonly (readonly string[])[] = Array.from({ length: 32 }, (_, bits) =>
  flagBits.filter(([bit]) => (bits & bit) !== 0).map(([, name]) => name),
);

/** Of a message that no index lists. */
export const unlisted: Placement = { flags: [], keywords: [], isRecent: false };

export function placementOf(index: MailIndex, { row, uid, flags }: IndexRow): Placement {
  const modseq = modseqOf(index, row);
  return {
    uid,
    flags: flagSets[flags & 0x1f] ?? [],
    keywords: index.keywords.of(row),
    ...(modseq === undefined ? {} : { modseq }),
    isRecent: uid >= index.header.firstRecentUid,
  };
}

/** Only where the mailbox keeps one for each message; one that is 0 counts as the mailbox's. */
function modseqOf(index: MailIndex, row: number): bigint | undefined {
  const { modseqs } = index;
  if (modseqs === undefined) return undefined;
  const bytes = modseqs.row(row);
  const modseq = bytes.length === 8 ? viewOf(bytes).getBigUint64(0, true) : 0n;
  return modseq === 0n ? index.highestModseq : modseq;
}
