/** Logs of Dovecot's as bytes, by the tables in the reader of them. */

export type LogRecordParts = {
  readonly type: number;
  readonly body: Buffer;
  /** Default true: it has happened. */
  readonly isExternal?: boolean;
};

export function logHeader(
  log: { readonly indexId?: number; readonly sequence?: number; readonly previous?: number } = {},
): Buffer {
  const { indexId = 7, sequence = 1, previous = sequence - 1 } = log;
  const header = Buffer.alloc(40);
  header.writeUInt8(1, 0);
  header.writeUInt8(3, 1);
  header.writeUInt16LE(40, 2);
  header.writeUInt32LE(indexId, 4);
  header.writeUInt32LE(sequence, 8);
  header.writeUInt32LE(previous, 12);
  header.writeUInt8(1, 32);
  return header;
}

export function logRecord({ type, body, isExternal = true }: LogRecordParts): Buffer {
  const header = Buffer.alloc(8);
  const quarter = (8 + body.length) / 4;
  for (let group = 0; group < 4; group++)
    header.writeUInt8(0x80 | ((quarter >>> (7 * (3 - group))) & 0x7f), group);
  header.writeUInt32LE((type | (isExternal ? 0x1000_0000 : 0)) >>> 0, 4);
  return Buffer.concat([header, body]);
}

/** Messages that came. */
export function appends(first: number, count: number): Buffer {
  return logRecord({ type: 2, body: perUid(first, count, 8) });
}

/** Messages that went; `isExternal: false`: that somebody asked to be removed. */
export function expunges(first: number, count: number, isExternal = true): Buffer {
  return logRecord({ type: 0xed90, body: perUid(first, count, 20), isExternal });
}

/** References that messages of a map got, or lost. */
export function references(first: number, count: number, change = 1): Buffer {
  const body = perUid(first, count, 8);
  for (let at = 4; at < body.length; at += 8) body.writeInt32LE(change, at);
  return logRecord({ type: 0x1000, body });
}

export function ranges(...pairs: readonly (readonly [first: number, last: number])[]): Buffer {
  return logRecord({ type: 0xcd91, body: Buffer.from(Uint32Array.from(pairs.flat()).buffer) });
}

function perUid(first: number, count: number, step: number): Buffer {
  const body = Buffer.alloc(count * step);
  for (let index = 0; index < count; index++) body.writeUInt32LE(first + index, index * step);
  return body;
}
