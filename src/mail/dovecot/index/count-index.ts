import { IndexHeader, whyNoIndex } from "./index-header.ts";
import { readLogChanges, uidsIn } from "./log-changes.ts";
import { type LogFile, openLogFile } from "./transaction-log.ts";

/** The first bytes of `dovecot.index` that `countIndex` wants to see: its header, with all extensions that there may be. */
export const countedIndexBytes: number = 64 * 1024;

/** How far a log was read. */
export type LogPlace = {
  readonly indexId: number;
  readonly sequence: number;
  /** In bytes from the start of the file: where the last record ends that was committed. */
  readonly offset: number;
};

export type IndexCount = {
  readonly messages: number;
  /** Of `dovecot.index.log`; absent: it is not there, or cannot be read. */
  readonly log?: LogPlace;
  readonly older?: LogPlace;
};

/**
 * How many messages an index has, by its header and what its logs say beyond it: without reading a record
 * of it. Where something is lost or damaged, as near as the rest tells. Never throws.
 */
export function countIndex(files: {
  /** The start of `dovecot.index`, or all of it. */
  readonly index?: Uint8Array | undefined;
  readonly log?: Uint8Array | undefined;
  /** `dovecot.index.log.2`. */
  readonly older?: Uint8Array | undefined;
}): IndexCount {
  const { index } = files;
  const [log, older] = [opened(files.log), opened(files.older)];
  const isSound = index !== undefined && whyNoIndex(index) === undefined;
  const header = isSound ? new IndexHeader(index) : undefined;
  let messages = header?.messages ?? 0;
  const goOn = (file: LogFile): LogPlace => {
    const { indexId, sequence } = file.header;
    const isOfIndex = header?.indexId === indexId;
    const isCounted = isOfIndex && header.logSequence > sequence;
    const counted = isOfIndex && header.logSequence === sequence ? header.logOffset : 0;
    const from = Math.min(Math.max(file.headerBytes, counted), file.bytes.length);
    const changes = readLogChanges(file.bytes.subarray(from));
    if (!isCounted) messages += uidsIn(changes.appended) - uidsIn(changes.expunged);
    return {
      indexId,
      sequence,
      offset: changes.isDamaged ? file.bytes.length : from + changes.readBytes,
    };
  };
  const isBefore =
    older?.header.indexId === log?.header.indexId &&
    older?.header.sequence === log?.header.previousSequence;
  const olderPlace = older === undefined || !isBefore ? undefined : goOn(older);
  const logPlace = log === undefined ? undefined : goOn(log);
  return {
    messages: Math.max(0, messages),
    ...(logPlace === undefined ? {} : { log: logPlace }),
    ...(olderPlace === undefined ? {} : { older: olderPlace }),
  };
}

function opened(bytes: Uint8Array | undefined): LogFile | undefined {
  const file = bytes === undefined ? "" : openLogFile(bytes);
  return typeof file === "string" ? undefined : file;
}
