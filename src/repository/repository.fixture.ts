/** What the tests of this folder share. */
import { createCipheriv, scryptSync } from "node:crypto";
import { type Storage, memoryStorage } from "#storage";
import { type MasterKey, masterKeyFromBytes, openSealer, sha256, sha256Hex } from "./crypto.ts";
import type { CachedFile } from "./local-cache.ts";
import type { UnpackedContext } from "./unpacked-file.ts";

/** The same key every time: nothing depends on its secrecy here. */
export function fixedKey(seed = 1): MasterKey {
  return masterKeyFromBytes(pseudoRandom(64, seed));
}

/** Bytes that look random and are the same every time: the AES-256-CTR key stream of a seed. */
export function pseudoRandom(lengthBytes: number, seed = 0): Buffer {
  const key = Buffer.alloc(32);
  key.writeUInt32LE(seed);
  return createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(lengthBytes));
}

/** Bytes as a file of the local cache. */
export function cachedFile(bytes: Buffer): CachedFile {
  return {
    lengthBytes: bytes.length,
    readAt(offset, lengthBytes) {
      if (offset < 0 || offset + lengthBytes > bytes.length) throw new RangeError("too short");
      return bytes.subarray(offset, offset + lengthBytes);
    },
    [Symbol.dispose]: () => undefined,
  };
}

/** An ID that a number stands for. */
export function idOf(n: number): Buffer {
  return sha256(Buffer.from(String(n)));
}

/** Storage, key and version of an empty repository in memory. */
export async function memoryContext(version: 1 | 2 = 2): Promise<UnpackedContext> {
  const storage = memoryStorage();
  await storage.create();
  return { storage, sealer: openSealer(fixedKey()), version };
}

/** A repository in memory whose key is cheap to derive, so that opening it takes no time. */
export async function quickRepository(
  password: string,
  {
    config = goodConfig,
    version = 2,
    seed = 1,
    location = "/backup",
  }: {
    readonly config?: string;
    readonly version?: number;
    /** Of the master key. */
    readonly seed?: number;
    readonly location?: string;
  } = {},
): Promise<Storage> {
  const storage = memoryStorage({ location });
  await storage.create();
  const [N, r, p, salt] = [16, 1, 1, Buffer.alloc(64, 5)] as const;
  const derived = masterKeyFromBytes(scryptSync(password, salt, 64, { N, r, p }));
  const { encrypt, macK, macR } = fixedKey(seed);
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
  const master = JSON.stringify({
    mac: { k: base64(macK), r: base64(macR) },
    encrypt: base64(encrypt),
  });
  const data = base64(openSealer(derived).seal(Buffer.from(master)));
  const key = Buffer.from(JSON.stringify({ kdf: "scrypt", N, r, p, salt: base64(salt), data }));
  await storage.save({ type: "key", name: sha256Hex(key) }, [key]);
  const sealed = openSealer(fixedKey(seed)).seal(
    Buffer.from(config.replace("VERSION", String(version))),
  );
  await storage.save({ type: "config", name: "" }, [sealed]);
  return storage;
}

const goodConfig = `{"version":VERSION,"id":"${"ab".repeat(32)}","chunker_polynomial":"3da3358b4dc173"}`;

/** Every piece of a file through `split`, as copies. */
export function collect(split: (onPiece: (piece: Uint8Array) => void) => void): Buffer[] {
  const pieces: Buffer[] = [];
  split((piece) => pieces.push(Buffer.from(piece)));
  return pieces;
}
