import assert from "node:assert/strict";
import { appendFileSync } from "node:fs";
import { after, test } from "node:test";
import { memoryImage, type RawPath, readAll } from "#image";
import { memoryStorage } from "#storage";
import { bytesOf, handleOf, namesOf } from "../storage/storage.contract.ts";
import type { Host } from "./host.ts";
import { memoryHost } from "./memory-host.ts";
import { peerPair } from "./peer-pair.fixture.ts";
import { ScratchFolder } from "./scratch-folder.fixture.ts";

const scratch = new ScratchFolder();
after(() => scratch[Symbol.dispose]());

function hostWith(parts: Partial<Host>): Host {
  const host = memoryHost();
  return {
    name: "memory",
    kind: "local",
    run: (command, options) => host.run(command, options),
    openFolder: (path, options) => host.openFolder(path, options),
    openStorage: (path, options) => host.openStorage(path, options),
    openLog: (path) => host.openLog(path),
    freeSpace: (path, options) => host.freeSpace(path, options),
    [Symbol.asyncDispose]: async () => undefined,
    ...parts,
  };
}

test("a listing of many files over many lost connections gives each of them once", async () => {
  const storage = memoryStorage({ location: "/repository" });
  await storage.create();
  const names = Array.from({ length: 30_000 }, (_, index) => handleOf(`${index}`).name);
  for (const name of names) await storage.save({ type: "data", name }, [bytesOf("x")]);
  const host = hostWith({ openStorage: async () => storage });
  // Hello, open or list, and one batch more each time: the next connection comes one batch further.
  await using pair = peerPair({ cutAt: (connection) => 6 + 2 * connection, serve: { host } });
  const remote = await pair.host.openStorage("/repository" as RawPath);
  const found = await namesOf(remote, "data");
  assert.equal(new Set(found).size, found.length);
  assert.deepEqual(found.toSorted(), names.toSorted());
  assert.ok(pair.connections() > 3, `${pair.connections()} connections`);
});

test("a listing that never gets further is given up", async () => {
  const storage = memoryStorage({ location: "/repository" });
  await storage.create();
  for (let index = 0; index < 9000; index++)
    await storage.save(handleOf(`${index}`), [bytesOf("x")]);
  const host = hostWith({ openStorage: async () => storage });
  const cutAt = (connection: number): number => (connection === 1 ? 8 : 5);
  await using pair = peerPair({ cutAt, serve: { host } });
  const remote = await pair.host.openStorage("/repository" as RawPath);
  await assert.rejects(namesOf(remote, "data"), { code: "storage.failed", retryable: true });
  assert.ok(pair.connections() < 12, `${pair.connections()} connections`);
});

test("a file that changed while the connection was lost is not put together of two", async () => {
  const folder = await scratch.withNodes({ mbox: Buffer.alloc(9_000_000, "x") });
  await using pair = peerPair({
    cutAt: (connection) => {
      if (connection === 2) appendFileSync(`${folder}/mbox`, "y");
      return connection === 1 ? 14 : undefined;
    },
  });
  await using image = await pair.host.openFolder(folder);
  await assert.rejects(readAll(image, "mbox" as RawPath), {
    code: "image.changed",
    retryable: true,
    message: /another file since the connection was lost/,
  });
  assert.equal(pair.connections(), 2);
});

test("a folder that lies on another volume after a lost connection is not taken for the same", async () => {
  let opened = 0;
  const openFolder: Host["openFolder"] = async () => {
    const id = `uuid:${++opened}`;
    const volumes = [{ id, role: "mixed", root: "" as RawPath }] as const;
    return memoryImage(opened === 1 ? { a: "a" } : {}, { volumes });
  };
  const host = hostWith({ openFolder });
  await using pair = peerPair({
    cutAt: (connection) => (connection === 1 ? 6 : undefined),
    serve: { host },
  });
  await using image = await pair.host.openFolder("/mail" as RawPath);
  await assert.rejects(image.list("" as RawPath), { code: "image.changed" });
});

test("problems that an image has seen are told once, over lost connections too", async () => {
  const seen = { path: "a" as RawPath, code: "unreadable", message: "It was." } as const;
  const openFolder: Host["openFolder"] = async () => memoryImage({ a: "a" }, { problems: [seen] });
  const host = hostWith({ openFolder });
  await using pair = peerPair({
    cutAt: (connection) => (connection === 1 ? 9 : undefined),
    serve: { host },
  });
  await using image = await pair.host.openFolder("/mail" as RawPath);
  for (let count = 0; count < 3; count++) await image.list("" as RawPath);
  assert.deepEqual(image.problems, [seen]);
  assert.equal(pair.connections(), 2);
});

test("an image or storage that was opened on a host fails in its own words once the host is closed", async () => {
  await using pair = peerPair({
    serve: { host: hostWith({ openFolder: async () => memoryImage({}) }) },
  });
  const image = await pair.host.openFolder("/mail" as RawPath);
  const storage = await pair.host.openStorage("/repository" as RawPath);
  await pair.host[Symbol.asyncDispose]();
  await assert.rejects(image.list("" as RawPath), { code: "image.unlistable" });
  await assert.rejects(namesOf(storage, "key"), { code: "storage.failed" });
});
