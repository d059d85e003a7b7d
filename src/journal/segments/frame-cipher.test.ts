import assert from "node:assert/strict";
import { createDecipheriv, randomBytes } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { frameCipher, nodeCipher, openDirectCipher, type PlainPart } from "./frame-cipher.ts";

const direct = openDirectCipher();
const skip = direct === undefined ? "this Node has no node:ffi" : false;
const ofLength = (minLength: number, maxLength = minLength): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength, maxLength });
const keys = [randomBytes(32), randomBytes(32), randomBytes(32)];
const part: fc.Arbitrary<PlainPart> = fc.record({
  key: fc.constantFrom(...keys),
  nonce: ofLength(12),
  associated: fc.oneof(ofLength(0), ofLength(64), ofLength(0, 64)),
  plain: fc.oneof(ofLength(0, 100), ofLength(0, 20_000)),
});

test("what it seals is opened by Node's own call, one part after another, with one key or several", () => {
  const cipher = frameCipher();
  fc.assert(
    fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
      for (const { key, nonce, associated, plain } of parts) {
        const [sealed, tag] = [Buffer.alloc(plain.length), Buffer.alloc(16)];
        cipher.seal({ key, nonce, associated, plain }, sealed, tag);
        const decipher = createDecipheriv("aes-256-gcm", key, nonce);
        decipher.setAAD(associated).setAuthTag(tag);
        assert.deepEqual(new Uint8Array(decipher.update(sealed)), new Uint8Array(plain));
        decipher.final();
      }
    }),
  );
});

test("OpenSSL called directly seals as Node does", { skip }, () => {
  fc.assert(
    fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
      for (const one of parts) {
        const [mine, tag] = [Buffer.alloc(one.plain.length), Buffer.alloc(16)];
        const [theirs, theirTag] = [Buffer.alloc(one.plain.length), Buffer.alloc(16)];
        direct?.seal(one, mine, tag);
        nodeCipher.seal(one, theirs, theirTag);
        assert.deepEqual([mine, tag], [theirs, theirTag]);
      }
    }),
  );
});
