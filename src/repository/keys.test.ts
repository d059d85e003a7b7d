import assert from "node:assert/strict";
import { test } from "node:test";
import { type FaultRule, faultyStorage, type Storage } from "#storage";
import { parseRfc3339, systemClock, toRfc3339Nano } from "#time";
import { openSealer, sha256Hex } from "./crypto.ts";
import { findMasterKey } from "./key-file.ts";
import { addKey, changePassword } from "./keys.ts";
import { noCache } from "./local-cache.ts";
import { openRepository } from "./open-repository.ts";
import type { RepositoryCore } from "./repository-core.ts";
import type { Repository } from "./repository.ts";
import { fixedKey, quickRepository } from "./repository.fixture.ts";
import { saveUnpacked } from "./unpacked-file.ts";

const password = "geheim";
const startNs = parseRfc3339("2026-11-23T10:00:00Z");
const now = (): bigint => startNs;

async function keyNames(storage: Storage): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { name } of storage.list("key")) names.push(name);
  return names.toSorted();
}

/** Key files that no password opens; their IDs begin with whatever their bytes hash to. */
async function addForeignKeys(storage: Storage, count: number): Promise<readonly string[]> {
  const names: string[] = [];
  for (let number = 0; number < count; number++) {
    const text = { username: `u${number}`, kdf: "scrypt", N: 2, r: 1, p: 1, salt: "", data: "" };
    const bytes = Buffer.from(JSON.stringify(text));
    const name = sha256Hex(bytes);
    await storage.save({ type: "key", name }, [bytes]);
    names.push(name);
  }
  return names;
}

async function lockBy(storage: Storage, exclusive: boolean): Promise<void> {
  const context = { storage, sealer: openSealer(fixedKey()), version: 2 } as const;
  const lock = { time: toRfc3339Nano(BigInt(Date.now()) * 1_000_000n), exclusive, hostname: "mx2" };
  await saveUnpacked(context, "lock", { json: Buffer.from(JSON.stringify(lock)) });
}

async function isOpenedBy(storage: Storage, tried: string): Promise<boolean> {
  return await findMasterKey(storage, { password: tried }).then(
    () => true,
    () => false,
  );
}

async function scene(): Promise<{ readonly storage: Storage; readonly repository: Repository }> {
  const storage = await quickRepository(password);
  return { storage, repository: await openRepository(storage, { password }) };
}

test("a key that is added opens the same repository beside the one that was there", async () => {
  const { storage, repository } = await scene();
  const added = await repository.addKey({ password: "zweites", now });
  assert.equal(added.createdNs, startNs);
  for (const one of [password, "zweites"])
    assert.deepEqual((await findMasterKey(storage, { password: one })).masterKey, fixedKey(), one);
  const keys = await repository.keys();
  assert.deepEqual(
    keys.map(({ id, isCurrent }) => [id === added.id, isCurrent]),
    [
      [false, true],
      [true, false],
    ],
  );
  await using other = await openRepository(storage, { password: "zweites" });
  assert.deepEqual(
    (await other.keys()).filter(({ isCurrent }) => isCurrent).map(({ id }) => id),
    [added.id],
  );
});

test("an empty password is refused, and the one in use is no change", async () => {
  const { storage, repository } = await scene();
  const before = await keyNames(storage);
  const empty = { code: "repository.empty-password" };
  await assert.rejects(repository.addKey({ password: "", now }), empty);
  await assert.rejects(repository.changePassword({ password: "", now }), empty);
  await assert.rejects(repository.changePassword({ password, now }), {
    code: "repository.same-password",
  });
  assert.deepEqual(await keyNames(storage), before);
});

test("a change of password leaves the new one alone, and is in use from then on", async () => {
  const { storage, repository } = await scene();
  const [before] = await keyNames(storage);
  const { added, removed } = await repository.changePassword({ password: "neu", now });
  assert.equal(removed.id, before);
  assert.deepEqual(await keyNames(storage), [added.id]);
  assert.equal(await isOpenedBy(storage, password), false);
  assert.equal(await isOpenedBy(storage, "neu"), true);
  await assert.rejects(repository.removeKey(added.id), { code: "repository.key-in-use" });
});

const cheap = { N: 16, r: 1, p: 1 };

/** The core as the open repository has it, and keys that are cheap to make. */
async function coreOn(storage: Storage): Promise<{ core: RepositoryCore; currentId: string }> {
  const { masterKey, keyId } = await findMasterKey(storage, { password });
  const context = { storage, sealer: openSealer(masterKey), version: 2 } as const;
  const core = { id: "r", context, masterKey, polynomial: 0x3da3358b4dc173n, cache: noCache };
  return { core, currentId: keyId };
}

async function changeOn(storage: Storage): Promise<void> {
  const { core, currentId } = await coreOn(storage);
  await changePassword(core, { password: "neu", now, currentId, cost: cheap });
}

test("wherever a change of password is cut off, the old or the new one opens, and mostly both", async () => {
  const counted = faultyStorage(await quickRepository(password));
  await coreOn(counted);
  const opening = counted.operations.length;
  await changeOn(counted);
  const total = counted.operations.length - opening;
  assert.ok(total > opening + 8, `only ${total} operations`);
  const both: number[] = [];
  const cut = async (at: number, when: "before" | "after"): Promise<void> => {
    const storage = await quickRepository(password);
    // From that operation on nothing works any more: what a kill leaves.
    const rest = Array.from({ length: total }, (_, index): FaultRule => ({
      at: at + 1 + index,
      kind: "fail",
      when: "before",
    }));
    const rules: readonly FaultRule[] = [{ at, kind: "fail", when }, ...rest];
    await assert.rejects(changeOn(faultyStorage(storage, { rules })));
    const opens = [await isOpenedBy(storage, password), await isOpenedBy(storage, "neu")];
    assert.ok(opens.includes(true), `cut off ${when} operation ${at}: nothing opens`);
    if (!opens.includes(false)) both.push(at);
  };
  const cuts = Array.from({ length: total }, (_, index) => index + 1);
  await Promise.all(cuts.flatMap((at) => [cut(at, "before"), cut(at, "after")]));
  assert.ok(both.length > 2, "a change was never cut off between new and old");
});

test("a new key that reads back otherwise is taken away again, and the old one stays", async () => {
  const storage = await quickRepository(password);
  const before = await keyNames(storage);
  const rules: readonly FaultRule[] = [
    { action: "save", type: "key", kind: "truncate", keepBytes: 100, report: "success" },
  ];
  const { core, currentId } = await coreOn(faultyStorage(storage, { rules }));
  const given = { password: "neu", now, cost: cheap };
  await assert.rejects(changePassword(core, { ...given, currentId }), {
    code: "repository.key-not-verified",
  });
  await assert.rejects(addKey(core, given), { code: "repository.key-not-verified" });
  assert.deepEqual(await keyNames(storage), before);
});

test("an old key that cannot be removed is told, with what is true then", async () => {
  const storage = await quickRepository(password);
  const rules: readonly FaultRule[] = [
    { action: "remove", type: "key", kind: "fail", when: "before" },
  ];
  const { core, currentId } = await coreOn(faultyStorage(storage, { rules }));
  const given = { password: "neu", now, currentId, cost: cheap };
  await assert.rejects(changePassword(core, given), {
    code: "repository.old-key-left",
    message:
      /the new key [0-9a-f]{8} opens it, and the old one, [0-9a-f]{8}, could not be removed$/,
    hint: /^Both passwords open it now/,
  });
  assert.equal((await keyNames(storage)).length, 2);
});

test("a key is removed by the beginning of its ID; one that is wrong, ambiguous or in use is not", async () => {
  const { storage, repository } = await scene();
  const [current] = await keyNames(storage);
  await assert.rejects(repository.removeKey(current as string), {
    code: "repository.key-in-use",
    hint: /the only one/,
  });
  const foreign = await addForeignKeys(storage, 17);
  const digit = Array.from("0123456789abcdef").find(
    (first) => foreign.filter((name) => name.startsWith(first)).length > 1,
  );
  await assert.rejects(repository.removeKey(digit as string), {
    code: "repository.key-ambiguous",
    message: /keys begin so \(/,
  });
  for (const named of ["", "zz", "g", "0".repeat(64), "../config"])
    await assert.rejects(repository.removeKey(named), { code: "repository.key-not-found" });
  await assert.rejects(repository.removeKey((current as string).slice(0, 20)), {
    code: "repository.key-in-use",
    hint: /password of another key/,
  });
  assert.equal((await keyNames(storage)).length, 18);
  const gone = foreign[3] as string;
  assert.equal((await repository.removeKey(gone.slice(0, 12).toUpperCase())).id, gone);
  assert.ok(!(await keyNames(storage)).includes(gone));
});

test("nothing is removed once the key in use is gone or damaged: it may be the last that opens", async () => {
  const { storage, repository } = await scene();
  const [current] = (await keyNames(storage)) as [string];
  const [other] = (await addForeignKeys(storage, 1)) as [string];
  await storage.remove({ type: "key", name: current });
  await assert.rejects(repository.removeKey(other), { code: "repository.key-gone" });
  await assert.rejects(repository.changePassword({ password: "neu", now }), {
    code: "repository.key-gone",
  });
  await storage.save({ type: "key", name: current }, [Buffer.from("{}")]);
  await assert.rejects(repository.removeKey(other), { code: "repository.key-gone" });
  assert.deepEqual(await keyNames(storage), [current, other].toSorted());
});

test("no more keys are added than are tried when a repository is opened", async () => {
  const { storage, repository } = await scene();
  await addForeignKeys(storage, 19);
  await assert.rejects(repository.addKey({ password: "neu", now }), {
    code: "repository.too-many-keys",
    message: /it has 20, and 20 are tried/,
  });
  // One is made before one goes: at the limit that is still possible, and the new one opens.
  const { core, currentId } = await coreOn(storage);
  await changePassword(core, { password: "neu", now, currentId, cost: cheap });
  assert.equal((await keyNames(storage)).length, 20);
  assert.equal(await isOpenedBy(storage, "neu"), true);
});

test("a damaged key is listed with what is wrong, and can be removed", async () => {
  const { storage, repository } = await scene();
  const name = "ab".repeat(32);
  await storage.save({ type: "key", name }, [Buffer.from("torn")]);
  const keys = await repository.keys();
  assert.deepEqual(
    keys.map(({ problem }) => problem),
    keys.map(({ id }) =>
      id === name ? "Cannot read key abababab: its bytes do not match its name" : undefined,
    ),
  );
  assert.equal((await repository.removeKey("ab")).id, name);
  assert.equal((await repository.keys()).length, 1);
});

test("a key is added beside shared locks; removing and changing want the repository alone, as restic does", async () => {
  const { storage, repository } = await scene();
  const [other] = (await addForeignKeys(storage, 1)) as [string];
  await lockBy(storage, false);
  const { core } = await coreOn(storage);
  await addKey(core, { password: "neu", now, cost: cheap });
  await assert.rejects(repository.removeKey(other), { code: "repository.locked" });
  await assert.rejects(repository.changePassword({ password: "anders", now: systemClock() }), {
    code: "repository.locked",
  });
  await lockBy(storage, true);
  await assert.rejects(addKey(core, { password: "drei", now: systemClock(), cost: cheap }), {
    code: "repository.locked",
  });
  assert.equal((await repository.keys()).length, 3);
});
