/** Any event at all, for properties. */
import fc from "fast-check";
import type { RawPath, Volume } from "#image";
import {
  type ContentPiece,
  type FileEvidence,
  type FileState,
  gapReasons,
  type JournalEvent,
  markNames,
} from "../journal-event.ts";

/** As a literal is. */
function record<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true });
}

const size = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const instant = fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n });
const unsigned = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const raw = fc
  .uint8Array({ maxLength: 40 })
  .map((bytes) => Buffer.from(bytes).toString("latin1") as RawPath);
const bytes = fc.uint8Array({ maxLength: 300 });
const text = fc.string({ unit: "grapheme", maxLength: 20 });

const pieces: fc.Arbitrary<ContentPiece[]> = fc.array(
  record({ data: size, offset: size, lengthBytes: size }),
  { maxLength: 4 },
);
const evidence: fc.Arbitrary<FileEvidence> = record({
  inode: unsigned,
  sizeBytes: size,
  mtimeNs: instant,
});
const state: fc.Arbitrary<FileState> = fc.record(
  {
    type: fc.constantFrom(
      "file",
      "directory",
      "symlink",
      "fifo",
      "socket",
      "block-device",
      "character-device",
    ),
    mode: fc.nat({ max: 0o7777 }),
    uid: fc.nat(),
    gid: fc.nat(),
    mtimeNs: instant,
    ctimeNs: instant,
    inode: unsigned,
    links: fc.nat(),
    linkTarget: raw,
    device: unsigned,
    extendedAttributes: fc.array(record({ name: text, value: bytes }), { maxLength: 3 }),
  },
  {
    noNullPrototype: true,
    requiredKeys: ["type", "mode", "uid", "gid", "mtimeNs", "ctimeNs", "inode", "links"],
  },
);
const volume: fc.Arbitrary<Volume> = record({
  id: text,
  role: fc.constantFrom("database", "log", "mixed"),
  root: raw,
});

const is = <T extends string>(type: T): fc.Arbitrary<T> => fc.constant(type);

export const anyEvent: fc.Arbitrary<JournalEvent> = fc.oneof(
  record({ type: is("data"), bytes }),
  record({ type: is("put"), path: raw, state, sizeBytes: size, content: pieces }),
  record({
    type: is("write"),
    path: raw,
    offset: size,
    content: pieces,
    sizeBytes: size,
    state,
  }),
  record({ type: is("truncate"), path: raw, sizeBytes: size, state }),
  record({ type: is("link"), path: raw, to: raw, file: evidence }),
  record({ type: is("rename"), path: raw, to: raw, file: evidence }),
  record({ type: is("remove"), path: raw }),
  record({ type: is("mkdir"), path: raw, state }),
  record({ type: is("rmdir"), path: raw }),
  record({ type: is("attributes"), path: raw, state }),
  record({
    type: is("arrived"),
    delivery: text,
    sender: text,
    recipients: fc.array(text, { maxLength: 3 }),
    sizeBytes: size,
    content: pieces,
  }),
  record({
    type: is("outcome"),
    delivery: text,
    recipient: text,
    reply: record({ code: fc.nat({ max: 599 }), lines: fc.array(text, { maxLength: 3 }) }),
  }),
  fc.record(
    {
      type: is("mark"),
      name: fc.constantFrom(...markNames),
      path: raw,
      id: text,
      fromNs: instant,
      volumes: fc.array(volume, { maxLength: 3 }),
      message: text,
    },
    { noNullPrototype: true, requiredKeys: ["type", "name"] },
  ),
  fc.record(
    {
      type: is("gap"),
      fromNs: instant,
      toNs: instant,
      why: fc.constantFrom(...gapReasons),
      path: raw,
      message: text,
    },
    { noNullPrototype: true, requiredKeys: ["type", "fromNs", "toNs", "why"] },
  ),
);

export const anyInstant: fc.Arbitrary<bigint> = instant;
