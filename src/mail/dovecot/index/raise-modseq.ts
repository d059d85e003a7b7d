import type { MailIndex } from "./mail-index.ts";
import { type LogRecord, recordTypes } from "./transaction-log.ts";

/** Message flags that IMAP knows; others are the server's own. */
const imapFlags = 0x1f;

/** Records that clients can see raise the mailbox's modseq by one each. */
export function raiseModseq(index: MailIndex, record: LogRecord, hidesInternal: boolean): void {
  const { type, body } = record;
  // A log of a version that did not count.
  if (index.highestModseq === 0n) return;
  if (type === recordTypes.modseqUpdate) {
    for (let at = 0; at + 12 <= body.byteLength; at += 12) {
      const modseq = body.getBigUint64(at + 4, true);
      if (modseq > index.highestModseq) index.highestModseq = modseq;
    }
  } else if (isVisible(record, hidesInternal)) index.highestModseq += 1n;
}

function isVisible({ type, isExternal, body }: LogRecord, hidesInternal: boolean): boolean {
  switch (type) {
    case recordTypes.expunge:
    case recordTypes.expungeGuid:
      return isExternal;
    case recordTypes.append:
    case recordTypes.keywordUpdate:
    case recordTypes.keywordReset:
    case recordTypes.attributeUpdate:
      return true;
    case recordTypes.flagUpdate: {
      if (!hidesInternal) return true;
      for (let at = 0; at + 12 <= body.byteLength; at += 12)
        if (!isInternalFlags(body, at)) return true;
      return false;
    }
    default:
      return false;
  }
}

/** Of a range of a flag update: only flags change that clients do not see. */
export function isInternalFlags(body: DataView, at: number): boolean {
  const changed = body.getUint8(at + 8) | body.getUint8(at + 9);
  return (changed & imapFlags) === 0 && body.getUint8(at + 10) === 0;
}
