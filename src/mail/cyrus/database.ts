import { readFlatDatabase } from "./flat-database.ts";
import { readTwoskip, twoskipMagic } from "./twoskip.ts";

/** Key and value as bytes, one character each. */
export type DatabaseRecord = { readonly key: string; readonly value: string };

export type DatabaseContent = {
  /** Each key once; ascending, but for what had to be searched for in a damaged file. */
  readonly records: readonly DatabaseRecord[];
  /** Sentences in plain words. */
  readonly problems: readonly string[];
};

const otherFormats: readonly (readonly [name: string, magic: Buffer])[] = [
  ["skiplist", Buffer.from("a1028b0d736b69706c6973742066696c65", "hex")],
  ["zeroskip", Buffer.from("535a", "hex")],
];

/** A Cyrus database of the two formats that Cyrus 3 writes by itself: twoskip, and flat files of lines. Never throws. */
export function readDatabase(bytes: Uint8Array): DatabaseContent {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 64));
  const startsWith = (magic: Buffer): boolean => start.subarray(0, magic.length).equals(magic);
  for (const [name, magic] of otherFormats)
    if (startsWith(magic))
      return { records: [], problems: [`The database is a ${name}, which is not read here`] };
  // A damaged magic: binary all the same, and far from lines of text.
  const isTwoskip = startsWith(twoskipMagic) || start.subarray(4, 20).includes("twoskip");
  return isTwoskip || start.includes(0) ? readTwoskip(bytes) : readFlatDatabase(bytes);
}
