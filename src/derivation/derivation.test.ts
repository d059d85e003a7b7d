import assert from "node:assert/strict";
import { scryptSync } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { beginDeriving } from "./derive-key.ts";
import { beginDerivation, deriveKey, isSafeCost } from "./index.ts";

const cost = { N: 16, r: 1, p: 1 };
const salt = Buffer.from("salt of a key");
const wanted = (password: string): Buffer => scryptSync(password, salt, 64, cost);

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "restante-derivation-"));
  await mkdir(join(folder, "keys"));
});
afterEach(async () => await rm(folder, { recursive: true }));

async function keepKeyFile(digit: string, content: unknown): Promise<void> {
  await writeFile(join(folder, "keys", digit.repeat(64)), JSON.stringify(content));
}

test("deriveKey() derives with scrypt", async () => {
  const key = await deriveKey({ ...cost, password: "päss", salt });
  assert.deepEqual(Buffer.from(key), wanted("päss"));
});

test("deriveKey() takes over what was begun with the same input, and only that, once", async () => {
  const input = { ...cost, password: "begun", salt };
  beginDeriving(input);
  for (const other of [
    { ...input, password: "other" },
    { ...input, salt: Buffer.from("another") },
    { ...input, N: 32 },
    { ...input, r: 2 },
    { ...input, p: 2 },
  ])
    assert.notDeepEqual(Buffer.from(await deriveKey(other)), wanted("begun"));
  const [first, second] = [deriveKey(input), deriveKey({ ...input, salt: Buffer.from(salt) })];
  assert.notEqual(first, second);
  assert.deepEqual(Buffer.from(await first), wanted("begun"));
  assert.deepEqual(Buffer.from(await second), wanted("begun"));
});

test("beginDerivation() begins for the key file that is tried first", async () => {
  await keepKeyFile("b", { kdf: "scrypt", ...cost, salt: salt.toString("base64") });
  await keepKeyFile("c", { kdf: "scrypt", ...cost, N: 32, salt: salt.toString("base64") });
  await beginDerivation(folder, "early");
  const begun = deriveKey({ ...cost, password: "early", salt });
  assert.deepEqual(Buffer.from(await begun), wanted("early"));
});

test("beginDerivation() begins nothing for a key file that asks for too much, is damaged or absent", async () => {
  await beginDerivation(join(folder, "absent"), "early");
  await beginDerivation(folder, "early");
  for (const content of [
    { kdf: "scrypt", N: 2 ** 30, r: 8, p: 1, salt: "" },
    { kdf: "scrypt", ...cost, salt: 7 },
    { kdf: "argon2", ...cost, salt: "" },
    "text",
  ]) {
    await keepKeyFile("a", content);
    await beginDerivation(folder, "early");
  }
  await writeFile(join(folder, "keys", "a".repeat(64)), "{");
  await beginDerivation(folder, "early");
});

test("isSafeCost() refuses what is not scrypt's, or without bound", () => {
  assert.ok(isSafeCost({ N: 32_768, r: 8, p: 7 }));
  assert.ok(isSafeCost({ N: 65_536, r: 8, p: 1 }));
  for (const [N, r, p] of [
    [1, 8, 1],
    [3, 8, 1],
    [16, 0, 1],
    [16, 8, 0],
    [16, 1.5, 1],
    [Number.NaN, 8, 1],
    [2 ** 21, 8, 1],
    [2 ** 20, 8, 64],
  ] as const)
    assert.equal(isSafeCost({ N, r, p }), false, `${N} ${r} ${p}`);
});
