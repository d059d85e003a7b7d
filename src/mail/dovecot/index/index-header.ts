/**
 * The base header that starts a Dovecot index (`dovecot.index`, lib-index/mail-index.h), and that
 * records of its log change. Little-endian; a store of a big-endian machine is refused.
 *
 * | offset | bytes | what                                                        |
 * | ------ | ----- | ----------------------------------------------------------- |
 * | 0      | 1     | major version, 7                                            |
 * | 2      | 2     | bytes of this header, ≥ 120                                 |
 * | 4      | 4     | bytes of this header and those of the extensions            |
 * | 8      | 4     | bytes of a record: UID (4), flags (1), extensions           |
 * | 12     | 1     | 1: little-endian                                            |
 * | 16     | 4     | index ID, the same in the log                               |
 * | 20     | 4     | flags; 1: marked as corrupted                               |
 * | 24     | 4     | UIDVALIDITY                                                 |
 * | 28     | 4     | UIDNEXT; never shrinks                                      |
 * | 32     | 4     | number of records                                           |
 * | 48     | 4     | the first UID that no client has seen                       |
 * | 60     | 4     | sequence of the log that the file is up to date with        |
 * | 68     | 4     | how far in that log                                         |
 */
export const baseHeaderBytes = 120;
const majorVersion = 7;
const littleEndian = 1;
const corruptedFlag = 1;

const fields = {
  indexId: 16,
  uidValidity: 24,
  nextUid: 28,
  messages: 32,
  firstRecentUid: 48,
  logSequence: 60,
  logOffset: 68,
} as const;

export class IndexHeader {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;

  /** `bytes`: at least 120 of a file; without them the header of an index that is empty. */
  constructor(bytes?: Uint8Array) {
    this.#bytes = new Uint8Array(baseHeaderBytes);
    this.#view = new DataView(this.#bytes.buffer);
    if (bytes === undefined) {
      this.#view.setUint32(fields.nextUid, 1, true);
      this.#view.setUint32(fields.firstRecentUid, 1, true);
    } else this.#bytes.set(bytes.subarray(0, baseHeaderBytes));
  }

  get indexId(): number {
    return this.#field("indexId");
  }
  get uidValidity(): number {
    return this.#field("uidValidity");
  }
  get nextUid(): number {
    return this.#field("nextUid");
  }
  get messages(): number {
    return this.#field("messages");
  }
  get firstRecentUid(): number {
    return this.#field("firstRecentUid");
  }
  get logSequence(): number {
    return this.#field("logSequence");
  }
  get logOffset(): number {
    return this.#field("logOffset");
  }

  /** A message with this UID was appended. */
  raiseNextUid(uid: number): void {
    // The last possible UID has none after it.
    const next = Math.min(uid + 1, 0xffff_ffff);
    if (next > this.nextUid) this.#view.setUint32(fields.nextUid, next, true);
  }

  /** A record of the log changes bytes of the header; what lies beyond the fields that are known is ignored. */
  write(offset: number, bytes: Uint8Array): void {
    if (offset >= baseHeaderBytes) return;
    const { nextUid } = this;
    this.#bytes.set(bytes.subarray(0, baseHeaderBytes - offset), offset);
    if (this.nextUid < nextUid) this.#view.setUint32(fields.nextUid, nextUid, true);
  }

  #field(name: keyof typeof fields): number {
    return this.#view.getUint32(fields[name], true);
  }
}

/** Why an index file with this start cannot be read; undefined: it can. */
export function whyNoIndex(file: Uint8Array): string | undefined {
  if (file.length < baseHeaderBytes) return "it is cut off in its header";
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (view.getUint8(0) !== majorVersion) return `it has version ${view.getUint8(0)}, not 7`;
  if (view.getUint8(12) !== littleEndian) return "it is of a machine with another byte order";
  if ((view.getUint32(20, true) & corruptedFlag) !== 0) return "its server marked it as corrupted";
  const baseBytes = view.getUint16(2, true);
  const headerBytes = view.getUint32(4, true);
  if (baseBytes < baseHeaderBytes || headerBytes < baseBytes || headerBytes > file.length)
    return "its header contradicts itself";
  return view.getUint32(8, true) < 5 ? "its records are too short" : undefined;
}
