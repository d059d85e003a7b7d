import assert from "node:assert/strict";
import { scryptSync } from "node:crypto";
import { test } from "node:test";
import { type Storage, memoryStorage } from "#storage";
import { masterKeyFromBytes, masterKeyToBytes, openSealer, sha256Hex } from "./crypto.ts";
import { findMasterKey, saveKey } from "./key-file.ts";
import { fixedKey } from "./repository.fixture.ts";

async function emptyStorage(): Promise<Storage> {
  const storage = memoryStorage({ location: "/backup" });
  await storage.create();
  return storage;
}

async function saveFile(storage: Storage, text: string): Promise<string> {
  const bytes = Buffer.from(text);
  const name = sha256Hex(bytes);
  await storage.save({ type: "key", name }, [bytes]);
  return name;
}

/** A key file with cheap parameters, so that tests are quick; `change` alters its fields. */
async function saveCheapKey(
  storage: Storage,
  {
    password = "geheim",
    change = {},
    spaces = 0,
    master = masterJson(),
  }: {
    readonly password?: string;
    readonly change?: Readonly<Record<string, unknown>>;
    readonly spaces?: number;
    readonly master?: string;
  },
): Promise<string> {
  const [N, r, p, salt] = [1024, 8, 1, Buffer.alloc(64, 5)] as const;
  const derived = masterKeyFromBytes(scryptSync(password, salt, 64, { N, r, p }));
  const data = Buffer.from(openSealer(derived).seal(Buffer.from(master))).toString("base64");
  const file = { kdf: "scrypt", N, r, p, salt: salt.toString("base64"), data, ...change };
  return saveFile(storage, JSON.stringify(file, undefined, spaces));
}

function masterJson(encryptBytes = 32): string {
  const key = fixedKey();
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
  return JSON.stringify({
    mac: { k: base64(key.macK), r: base64(key.macR) },
    encrypt: base64(key.encrypt.subarray(0, encryptBytes)),
  });
}

const opened = async (storage: Storage, password = "geheim"): Promise<Uint8Array> =>
  masterKeyToBytes((await findMasterKey(storage, { password })).masterKey);
const expected = masterKeyToBytes(fixedKey());

test("a key that was saved is found with its password and named by its hash", async () => {
  const storage = await emptyStorage();
  const masterKey = fixedKey();
  const keyId = await saveKey(storage, {
    password: "pässword ",
    masterKey,
    username: "root",
    hostname: "mx1",
    nowNs: 1_700_000_000_000_000_000n,
  });
  const bytes = await storage.load({ type: "key", name: keyId });
  assert.equal(sha256Hex(bytes), keyId);
  const file = JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown>;
  assert.deepEqual([file["N"], file["r"], file["p"]], [32_768, 8, 7]);
  assert.deepEqual(
    [file["created"], file["username"], file["hostname"], file["kdf"]],
    ["2023-11-14T22:13:20Z", "root", "mx1", "scrypt"],
  );
  assert.deepEqual(await findMasterKey(storage, { password: "pässword " }), { masterKey, keyId });
  await assert.rejects(findMasterKey(storage, { password: "pässword" }), {
    code: "repository.wrong-password",
  });
});

test("a wrong password is told as such, and not repeated in the message", async () => {
  const storage = await emptyStorage();
  await saveCheapKey(storage, {});
  await assert.rejects(findMasterKey(storage, { password: "s3cret" }), (error: Error) => {
    assert.match(error.message, /^Cannot open repository "\/backup": no key fits this password$/);
    assert.doesNotMatch(JSON.stringify(error), /s3cret/);
    return true;
  });
});

test("a repository without keys is damaged, and says what it lacks", async () => {
  await assert.rejects(findMasterKey(await emptyStorage(), { password: "x" }), {
    code: "repository.damaged",
  });
});

test("a key file may be written with spaces and with fields of the future", async () => {
  const storage = await emptyStorage();
  await saveCheapKey(storage, { spaces: 2, change: { future: [1, { a: null }] } });
  assert.deepEqual(await opened(storage), expected);
});

test("any one of several keys opens the repository", async () => {
  const storage = await emptyStorage();
  for (const password of ["one", "two", "geheim"]) await saveCheapKey(storage, { password });
  assert.deepEqual(await opened(storage), expected);
  assert.deepEqual(await opened(storage, "one"), expected);
});

test("a damaged key file does not keep another from opening the repository", async () => {
  const storage = await emptyStorage();
  const damaged = ["{", "[]", "null", `{"kdf":"scrypt"}`, "\0\0\0"];
  for (const text of damaged) await saveFile(storage, text);
  await saveCheapKey(storage, { change: { data: "AAAA" } });
  await saveCheapKey(storage, {});
  assert.deepEqual(await opened(storage), expected);
});

test("the only key file being damaged is not called a wrong password", async () => {
  for (const text of ["{", "[]", `{"kdf":"scrypt","N":1024}`]) {
    const storage = await emptyStorage();
    await saveFile(storage, text);
    await assert.rejects(opened(storage), { code: "repository.damaged" });
  }
});

test("a key file whose bytes are not those of its name is not called a wrong password", async () => {
  const storage = await emptyStorage();
  const donor = await emptyStorage();
  const name = await saveCheapKey(donor, {});
  const bytes = Buffer.from(await donor.load({ type: "key", name }));
  const at = bytes.indexOf('"data":"') + 40;
  bytes[at] = bytes[at] === 0x41 ? 0x42 : 0x41;
  await storage.save({ type: "key", name }, [bytes]);
  await assert.rejects(opened(storage), { code: "repository.damaged" });
});

test("parameters that would cost too much or mean nothing are refused without being tried", async () => {
  const hostile = [
    { N: 2 ** 30 },
    { N: 2 ** 40 },
    { N: 2 ** 20, r: 8, p: 1000 },
    { r: 2 ** 31 },
    { p: 2 ** 30 },
    { N: 1000 },
    { N: 1 },
    { N: 0 },
    { N: -1024 },
    { r: 0 },
    { p: 0 },
    { kdf: "argon2" },
    { kdf: "" },
  ];
  for (const change of hostile) {
    const storage = await emptyStorage();
    await saveCheapKey(storage, { change });
    await assert.rejects(
      opened(storage),
      { code: "repository.unsupported" },
      JSON.stringify(change),
    );
  }
});

test("parameters that are not numbers are damage", async () => {
  for (const change of [{ N: "1024" }, { r: null }, { p: 1.5 }, { salt: 5 }, { data: {} }]) {
    const storage = await emptyStorage();
    await saveCheapKey(storage, { change });
    await assert.rejects(opened(storage), { code: "repository.damaged" }, JSON.stringify(change));
  }
});

test("what restic may choose on a fast machine is accepted", async () => {
  // Only that it is tried: the data does not fit these parameters.
  const storage = await emptyStorage();
  await saveCheapKey(storage, { change: { N: 65536, r: 8, p: 1 } });
  await assert.rejects(opened(storage), { code: "repository.wrong-password" });
});

test("a master key with a part of another length is damaged", async () => {
  const storage = await emptyStorage();
  await saveCheapKey(storage, { master: masterJson(31) });
  await assert.rejects(opened(storage), { code: "repository.damaged" });
});

test("an aborted search throws the reason", async () => {
  const storage = await emptyStorage();
  await saveCheapKey(storage, {});
  const signal = AbortSignal.abort(new RangeError("stop"));
  await assert.rejects(findMasterKey(storage, { password: "geheim", signal }), { message: "stop" });
});
