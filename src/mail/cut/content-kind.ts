import type { RawPath } from "#image";

/** What the bytes of a file are, as far as cutting them is concerned. */
export type ContentKind = "message" | "mbox" | "dbox" | "other";

const messageName = /(?:^|\/)(?:[0-9]{1,10}\.|[^/]*\.[eE][mM][lL])$/;
// Dovecot's dbox-file.h: version, message header size, creation time.
const dboxHead = /^2 M[0-9a-f]{1,8} C[0-9a-f]{1,16}(?:\n|$| )/;

/**
 * Told from the path (Maildir `cur` and `new`, a Cyrus spool's `<uid>.`, `.eml`) and from the
 * first bytes (dbox and mbox; 64 of them are enough). Compressed and encrypted mail is "other".
 */
export function contentKindOf(path: RawPath, head: Uint8Array): ContentKind {
  if (isPacked(head, 0, head.length)) return "other";
  const slash = path.lastIndexOf("/");
  if (slash >= 3 && (slash === 3 || path.charCodeAt(slash - 4) === 0x2f)) {
    if (path.startsWith("cur", slash - 3) || path.startsWith("new", slash - 3)) return "message";
  }
  const last = path.charCodeAt(path.length - 1);
  if ((last === 0x2e || (last | 0x20) === 0x6c) && messageName.test(path)) return "message";
  if (head[0] === 0x32 && head[1] === 0x20 && dboxHead.test(latin1(head.subarray(0, 64))))
    return "dbox";
  if (head[0] === 0x46 && latin1(head.subarray(0, 5)) === "From ") return "mbox";
  return "other";
}

// As Dovecot's zlib and mail-crypt plugins write them.
const packedMagics = [
  [0x1f, 0x8b],
  [0x28, 0xb5, 0x2f, 0xfd],
  [0xfd, 0x37, 0x7a, 0x58, 0x5a],
  [0x42, 0x5a, 0x68],
  [0x04, 0x22, 0x4d, 0x18],
  [...Buffer.from("Dovecot-LZ4\r")],
  [...Buffer.from("CRYPTED\x03\x07")],
] as const;
const packedFirstBytes = new Set<number>(packedMagics.map((magic) => magic[0] ?? -1));

/** Whether bytes[start, end) begin as gzip, zstd, xz, bzip2, LZ4 or Dovecot's mail_crypt do. */
export function isPacked(bytes: Uint8Array, start: number, end: number): boolean {
  const first = bytes[start];
  if (first === undefined || start >= end || !packedFirstBytes.has(first)) return false;
  return packedMagics.some(
    (magic) =>
      end - start >= magic.length && magic.every((byte, index) => bytes[start + index] === byte),
  );
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}
