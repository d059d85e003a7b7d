import assert from "node:assert/strict";
import { test } from "node:test";
import { type Storage, memoryStorage } from "#storage";
import { imageContract } from "../image/image.contract.ts";
import { type Image, memoryImage, type RawPath } from "#image";
import { findMasterKey } from "./key-file.ts";
import { initRepository, openRepository } from "./open-repository.ts";
import type { CaptureResult, Repository } from "./repository.ts";
import { quickRepository } from "./repository.fixture.ts";

const password = "geheim";
const now = (): bigint => 1_763_892_000_000_000_000n;

async function newRepository(): Promise<{ storage: Storage; repository: Repository }> {
  const storage = await quickRepository(password);
  return { storage, repository: await openRepository(storage, { password }) };
}

const capture = (repository: Repository, image: Image): Promise<CaptureResult> =>
  repository.capture(image, {
    path: "/srv/mail" as RawPath,
    group: "g",
    hostname: "mx1",
    workers: 0,
    now,
  });

const id = "ab".repeat(32);
const configured = (config: string): Promise<Storage> => quickRepository(password, { config });

test("a new repository opens with its password and is of version 2", async () => {
  const storage = memoryStorage({ location: "/backup" });
  await initRepository(storage, { password });
  await using repository = await openRepository(storage, { password });
  assert.equal(repository.version, 2);
  assert.equal(repository.location, "/backup");
  assert.match(repository.id, /^[0-9a-f]{64}$/);
  assert.deepEqual(await repository.snapshots(), []);
  const { masterKey } = await findMasterKey(storage, { password });
  assert.equal(masterKey.encrypt.length, 32);
});

test("a place is made a repository once, and never with an empty password", async () => {
  const { storage } = await newRepository();
  await assert.rejects(initRepository(storage, { password }), { code: "repository.exists" });
  await assert.rejects(initRepository(memoryStorage(), { password: "" }), {
    code: "repository.empty-password",
  });
});

test("a wrong password is told as such", async () => {
  const { storage } = await newRepository();
  await assert.rejects(openRepository(storage, { password: "wrong" }), {
    code: "repository.wrong-password",
    message: 'Cannot open repository "/backup": no key fits this password',
  });
});

test("an empty place is no repository, and says how to make one", async () => {
  const storage = memoryStorage({ location: "/backup" });
  await storage.create();
  await assert.rejects(openRepository(storage, { password }), { code: "repository.not-found" });
});

test("a repository of a version of the future is unsupported", async () => {
  for (const version of [0, 3, 99]) {
    const storage = await configured(
      JSON.stringify({ version, id, chunker_polynomial: "3da3358b4dc173" }),
    );
    await assert.rejects(openRepository(storage, { password }), {
      code: "repository.unsupported",
      message: `Cannot open repository "/backup": it is of version ${version}`,
    });
  }
});

test("a config that is damaged is told as such", async () => {
  const good = { version: 2, id, chunker_polynomial: "3da3358b4dc173" };
  const hostile = [
    "",
    "{",
    "null",
    "[]",
    "{}",
    JSON.stringify({ ...good, id: "short" }),
    JSON.stringify({ ...good, version: "2" }),
    JSON.stringify({ ...good, chunker_polynomial: "" }),
    // With these the chunker would never come to an end.
    JSON.stringify({ ...good, chunker_polynomial: "0" }),
    JSON.stringify({ ...good, chunker_polynomial: "ffffffffffffffff" }),
    JSON.stringify({ ...good, chunker_polynomial: "38f1e565e288df" }),
  ];
  for (const config of hostile) {
    const storage = await configured(config);
    await assert.rejects(
      openRepository(storage, { password }),
      { code: "repository.damaged" },
      config,
    );
  }
  const torn = await configured(JSON.stringify(good));
  const sealed = await torn.load({ type: "config", name: "" });
  await torn.remove({ type: "config", name: "" });
  await torn.save({ type: "config", name: "" }, [sealed.subarray(0, sealed.length - 1)]);
  await assert.rejects(openRepository(torn, { password }), { code: "repository.damaged" });
  await using repository = await openRepository(await configured(JSON.stringify(good)), {
    password,
  });
  assert.equal(repository.id, id);
});

test("captures of version 1 are refused", async () => {
  const storage = await configured(
    JSON.stringify({ version: 1, id, chunker_polynomial: "3da3358b4dc173" }),
  );
  await using repository = await openRepository(storage, { password });
  await assert.rejects(capture(repository, memoryImage({ a: "x" })), {
    code: "repository.unsupported",
  });
});

test("snapshots are removed, and tags replaced under a new ID that knows its original", async () => {
  const { repository } = await newRepository();
  const { snapshot } = await capture(repository, memoryImage({ a: "one" }));
  const tagged = await repository.replaceTags(snapshot, ["other"]);
  assert.notEqual(tagged.id, snapshot.id);
  assert.deepEqual([tagged.original, tagged.tags], [snapshot.id, ["other"]]);
  assert.deepEqual(await repository.snapshots(), [tagged]);
  const again = await repository.replaceTags(tagged, ["more"]);
  assert.equal(again.original, snapshot.id);
  await repository.removeSnapshots([again.id]);
  assert.deepEqual(await repository.snapshots(), []);
  await repository.removeSnapshots([]);
});

test("a moment that is captured again unchanged stores next to nothing", async () => {
  const { repository } = await newRepository();
  const nodes = { "cur/1:2,": "Subject: a\r\n\r\nbody", "cur/2:2,": "Subject: b\r\n\r\nbody" };
  const first = await capture(repository, memoryImage(nodes));
  const second = await capture(repository, memoryImage(nodes));
  assert.deepEqual([first.sequence, second.sequence], [1, 2]);
  assert.equal(second.snapshot.parent, first.snapshot.id);
  assert.ok(second.bytesAdded < first.bytesAdded);
  assert.deepEqual((await repository.verify({ readData: true })).findings, []);
});

imageContract(
  "a snapshot",
  async (nodes) => {
    const { repository } = await newRepository();
    const { snapshot } = await capture(repository, memoryImage(nodes));
    return repository.image(snapshot);
  },
  { extendedAttributes: true },
);
