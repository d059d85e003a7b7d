/**
 * SHA-256 of many short pieces, written side by side. Node's `hash` makes a Buffer with memory of
 * its own for each, which the garbage collector then tracks; OpenSSL's one call writes where it is
 * told. Where it cannot be called, or is wrong, Node's serves.
 */
import { hash } from "node:crypto";
import { addressOf, openNativeLibrary } from "#files";

export const digestBytes = 32;

/** Writes the digest of `bytes` to `target` at `offset`. */
export type Hasher = (bytes: Uint8Array, target: Uint8Array, offset: number) => void;

export function openHasher(): Hasher {
  opened ??= directHasher() ?? nodeHasher;
  return opened;
}

export const nodeHasher: Hasher = (bytes, target, offset) => {
  target.set(hash("sha256", bytes, "buffer"), offset);
};

let opened: Hasher | undefined;
const found = Buffer.alloc(digestBytes);

/** Whether that is the digest which stands in `digests` from `offset` on. */
export function hasDigest(bytes: Uint8Array, digests: Uint8Array, offset: number): boolean {
  openHasher()(bytes, found, 0);
  return found.compare(digests, offset, offset + digestBytes) === 0;
}

function directHasher(): Hasher | undefined {
  const library = openNativeLibrary([null], {
    // unsigned char *SHA256(const unsigned char *d, size_t n, unsigned char *md)
    SHA256: { arguments: ["buffer", "u64", "pointer"], return: "pointer" },
  });
  if (library === undefined) return undefined;
  // Memory that OpenSSL writes to must not move: a Buffer of its own.
  const digest = Buffer.allocUnsafeSlow(digestBytes);
  const digestAt = addressOf(digest);
  const hasher: Hasher = (bytes, target, offset) => {
    // An empty view has no address to pass.
    const done = bytes.length > 0 && library.SHA256(bytes, BigInt(bytes.length), digestAt) !== 0n;
    if (done) target.set(digest, offset);
    else nodeHasher(bytes, target, offset);
  };
  return agrees(hasher) ? hasher : undefined;
}

function agrees(hasher: Hasher): boolean {
  return [0, 1, 55, 56, 64, 4096, 70_001].every((length) => {
    const bytes = Buffer.alloc(length, `${length} bytes of this; `);
    const [one, other] = [Buffer.alloc(40), Buffer.alloc(40)];
    hasher(bytes, one, 5);
    nodeHasher(bytes, other, 5);
    return one.equals(other);
  });
}
