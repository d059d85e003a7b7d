/**
 * What read(2) of a fanotify group gives that reports folders and names (fanotify(7)):
 *
 * | bytes | what                                                               |
 * | ----- | ------------------------------------------------------------------ |
 * | 4     | length of the event with all that follows                          |
 * | 1     | version, 3                                                         |
 * | 1     | reserved                                                           |
 * | 2     | length of this part, 24                                            |
 * | 8     | mask                                                               |
 * | 4     | descriptor, here none                                              |
 * | 4     | process                                                            |
 *
 * then records, of which the one for a folder and a name (type 2) and for a folder alone (3) count:
 *
 * | bytes | what                                                               |
 * | ----- | ------------------------------------------------------------------ |
 * | 1     | type                                                               |
 * | 1     | padding                                                            |
 * | 2     | length of the record                                               |
 * | 8     | filesystem, as statfs(2) has it                                    |
 * | 4     | bytes of the handle, n                                             |
 * | 4     | type of the handle                                                 |
 * | n     | handle                                                             |
 * | …     | name, ended by NUL; "." is the folder itself                       |
 */

export type FanotifyEvent = {
  readonly mask: bigint;
  /** Filesystem and handle of the folder, one character per byte; absent of an overflow. */
  readonly folder?: { readonly filesystem: string; readonly handle: string };
  /** One character per byte; absent where the event is about the folder itself. */
  readonly name?: string;
};

/** Bits of the mask (linux/fanotify.h). */
export const fanotifyMask = {
  modify: 0x2n,
  attributes: 0x4n,
  closeWrite: 0x8n,
  movedFrom: 0x40n,
  movedTo: 0x80n,
  create: 0x100n,
  delete: 0x200n,
  overflow: 0x4000n,
  onFolder: 0x4000_0000n,
} as const;

const eventBytes = 24;
const recordBytes = 12;
const versionExpected = 3;

/** Throws RangeError where the bytes are none that a kernel of this version writes. */
export function* parseFanotifyEvents(bytes: Buffer): Generator<FanotifyEvent> {
  let at = 0;
  while (at < bytes.length) {
    if (at + eventBytes > bytes.length) throw new RangeError("an event is cut off");
    const length = bytes.readUInt32LE(at);
    if (length < eventBytes || at + length > bytes.length)
      throw new RangeError(`an event of ${length} bytes`);
    if (bytes[at + 4] !== versionExpected) throw new RangeError(`version ${bytes[at + 4]}`);
    const mask = bytes.readBigUInt64LE(at + 8);
    const metadata = bytes.readUInt16LE(at + 6);
    yield { mask, ...recordOf(bytes.subarray(at + metadata, at + length)) };
    at += length;
  }
}

function recordOf(records: Buffer): Omit<FanotifyEvent, "mask"> {
  let at = 0;
  while (at + recordBytes + 8 <= records.length) {
    const type = records[at];
    const length = records.readUInt16LE(at + 2);
    if (length < recordBytes || at + length > records.length)
      throw new RangeError(`a record of ${length} bytes`);
    if (type === 2 || type === 3) {
      const record = records.subarray(at, at + length);
      const handleEnd = recordBytes + 8 + record.readUInt32LE(recordBytes);
      if (handleEnd > length) throw new RangeError("a handle is cut off");
      const filesystem = record.toString("latin1", 4, recordBytes);
      const handle = record.toString("latin1", recordBytes, handleEnd);
      const end = record.indexOf(0, handleEnd);
      const name = record.toString("latin1", handleEnd, end < 0 ? length : end);
      const isItself = type === 3 || name === "" || name === ".";
      return { folder: { filesystem, handle }, ...(isItself ? {} : { name }) };
    }
    at += length;
  }
  return {};
}
