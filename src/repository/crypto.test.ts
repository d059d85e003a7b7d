import assert from "node:assert/strict";
import { createCipheriv } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import {
  encryptionOverheadBytes,
  masterKeyFromBytes,
  masterKeyToBytes,
  openOrThrow,
  openSealer,
} from "./crypto.ts";
import { fixedKey } from "./repository.fixture.ts";

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ""), "hex");

/** D. J. Bernstein, "The Poly1305-AES message-authentication code", appendix B: k, r, nonce, message, tag. */
const publishedVectors = [
  {
    k: "ec074c835580741701425b623235add6",
    r: "851fc40c3467ac0be05cc20404f3f700",
    nonce: "fb447350c4e868c52ac3275cf9d4327e",
    message: "f3f6",
    tag: "f4c633c3044fc145f84f335cb81953de",
  },
  {
    k: "75deaa25c09f208e1dc4ce6b5cad3fbf",
    r: "a0f3080000f46400d0c7e9076c834403",
    nonce: "61ee09218d29b0aaed7e154a2c5509cc",
    message: "",
    tag: "dd3fab2251f11ac759f0887129cc2ee7",
  },
  {
    k: "6acb5f61a7176dd320c5c1eb2edcdc74",
    r: "48443d0bb0d21109c89a100b5ce2c208",
    nonce: "ae212a55399729595dea458bc621ff0e",
    message: "663cea190ffb83d89593f3f476b6bc24d7e679107ea26adb8caf6652d0656136",
    tag: "0ee1c16bb73f0f4fd19881753c01cdbe",
  },
  {
    k: "e1a5668a4d5b66a5f68cc5424ed5982d",
    r: "12976a08c4426d0ce8a82407c4f48207",
    nonce: "9ae831e743978d3a23527c7128149e3a",
    message:
      "ab0812724a7f1e342742cbed374d94d136c6b8795d45b3819830f2c04491faf0" +
      "990c62e48b8018b2c3e4a0fa3134cb67fa83e158c994d961c4cb21095c1bf9",
    tag: "5154ad0d2cb26e01274fc51148491f1b",
  },
] as const;

for (const [number, vector] of publishedVectors.entries()) {
  test(`Poly1305-AES agrees with published vector ${number + 1}`, () => {
    const key = masterKeyFromBytes(Buffer.concat([Buffer.alloc(32), hex(vector.k), hex(vector.r)]));
    const sealed = Buffer.concat([hex(vector.nonce), hex(vector.message), hex(vector.tag)]);
    const sealer = openSealer(key);
    assert.equal(sealer.open(sealed)?.length, vector.message.length / 2);
    for (const at of [16, sealed.length - 16, sealed.length - 1]) {
      const tampered = Buffer.from(sealed);
      tampered[at]! ^= 1;
      assert.equal(sealer.open(tampered), undefined);
    }
  });
}

test("what is sealed opens to the same bytes, and each sealing has an IV of its own", () => {
  const sealer = openSealer(fixedKey());
  const ivs = new Set<string>();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => {
      const sealed = sealer.seal(bytes);
      assert.equal(sealed.length, bytes.length + encryptionOverheadBytes);
      assert.deepEqual(Buffer.from(sealer.open(sealed)!), Buffer.from(bytes));
      ivs.add(Buffer.from(sealed.subarray(0, 16)).toString("hex"));
    }),
    { numRuns: 300 },
  );
  assert.equal(ivs.size, 300);
});

test("sealInto() writes at the offset and nothing else", () => {
  const sealer = openSealer(fixedKey());
  const target = new Uint8Array(200).fill(7);
  const written = sealer.sealInto(Buffer.from("hello"), target, 50);
  assert.equal(written, 5 + encryptionOverheadBytes);
  assert.ok(target.subarray(0, 50).every((byte) => byte === 7));
  assert.ok(target.subarray(50 + written).every((byte) => byte === 7));
  const opened = sealer.open(target.subarray(50, 50 + written));
  assert.equal(Buffer.from(opened!).toString(), "hello");
});

test("a change of any bit, and any cut, is noticed", () => {
  const sealer = openSealer(fixedKey());
  const sealed = sealer.seal(Buffer.from("From: alice@example.org"));
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const tampered = Uint8Array.from(sealed);
    tampered[bit >> 3]! ^= 1 << (bit & 7);
    assert.equal(sealer.open(tampered), undefined);
  }
  for (let length = 0; length < sealed.length; length++) {
    assert.equal(sealer.open(sealed.subarray(0, length)), undefined);
  }
  assert.equal(sealer.open(Buffer.concat([sealed, Buffer.alloc(1)])), undefined);
});

test("an all-zero IV is refused although its signature fits", () => {
  const key = masterKeyFromBytes(
    Buffer.concat([Buffer.alloc(32), hex(publishedVectors[1].k), Buffer.alloc(16)]),
  );
  // With r = 0 the tag of any message is AES_k(IV): a forger's zero IV would open.
  const sealer = openSealer(key);
  const probe = sealer.seal(Buffer.from("x"));
  assert.notEqual(sealer.open(probe), undefined);
  const aesOfZero = createAesBlock(hex(publishedVectors[1].k));
  assert.equal(
    sealer.open(Buffer.concat([Buffer.alloc(16), Buffer.from("x"), aesOfZero])),
    undefined,
  );
});

function createAesBlock(key: Buffer): Buffer {
  return createCipheriv("aes-128-ecb", key, null).setAutoPadding(false).update(Buffer.alloc(16));
}

test("openings that were prepared say the same, in any order", () => {
  const sealer = openSealer(fixedKey());
  const texts = Array.from({ length: 600 }, (_, n) => Buffer.from(`message ${n}`));
  const sealed = texts.map((text) => sealer.seal(text));
  const opened = (at: number): string | undefined => {
    const plain = sealer.openView(sealed[at]!);
    return plain === undefined ? undefined : Buffer.from(plain).toString();
  };
  sealer.prepareOpening(sealed);
  for (const at of sealed.keys()) assert.equal(opened(at), `message ${at}`);
  sealer.prepareOpening(sealed);
  for (const at of [5, 0, 599, 1, 1, 2, 598]) assert.equal(opened(at), `message ${at}`);
  // Damage is seen whatever was prepared.
  sealed[3]![20]! ^= 1;
  sealer.prepareOpening(sealed);
  assert.deepEqual([0, 1, 2, 3, 4].map(opened), [
    "message 0",
    "message 1",
    "message 2",
    undefined,
    "message 4",
  ]);
  sealer.prepareOpening([]);
  assert.equal(opened(7), "message 7");
});

test("another key opens nothing", () => {
  const sealed = openSealer(fixedKey(1)).seal(Buffer.from("secret"));
  assert.equal(openSealer(fixedKey(2)).open(sealed), undefined);
});

test("a master key goes to 64 bytes and back", () => {
  const bytes = masterKeyToBytes(fixedKey());
  assert.deepEqual(masterKeyToBytes(masterKeyFromBytes(bytes)), bytes);
});

test("openOrThrow() names what is damaged", () => {
  const sealer = openSealer(fixedKey());
  assert.throws(() => openOrThrow(sealer, Buffer.alloc(50, 1), "index 12345678"), {
    code: "repository.damaged",
    message: "Cannot read index 12345678: its bytes do not match their signature",
  });
});
