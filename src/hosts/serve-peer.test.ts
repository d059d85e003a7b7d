import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { PassThrough } from "node:stream";
import { after, test } from "node:test";
import { rawPathFromText, type RawPath } from "#image";
import { faultyStorage, directoryStorage } from "#storage";
import { bytesOf, handleOf } from "../storage/storage.contract.ts";
import { ByteReader } from "./byte-reader.ts";
import { FakeClock } from "./fake-clock.fixture.ts";
import { encodeFrame, type Frame, type FrameKind, type Header } from "./frame.ts";
import { readFrames } from "./frame-reader.ts";
import { encodeHello, ourVersions, readHello } from "./hello.ts";
import { localHost } from "./local-host.ts";
import { peerPair } from "./peer-pair.fixture.ts";
import { ScratchFolder } from "./scratch-folder.fixture.ts";
import { servePeer, type ServePeerOptions } from "./serve-peer.ts";

const scratch = new ScratchFolder();
after(() => scratch[Symbol.dispose]());

/** A client that writes what it likes. */
class RawClient {
  readonly input = new PassThrough();
  readonly output = new PassThrough();
  readonly log: string[] = [];
  readonly served: Promise<void>;
  readonly #reader = new ByteReader(this.output);
  readonly #frames = readFrames(this.#reader);

  constructor(options: Partial<ServePeerOptions> = {}) {
    this.served = servePeer({
      input: this.input,
      output: this.output,
      signal: new AbortController().signal,
      log: (line) => this.log.push(line),
      ...options,
    });
  }

  hello(): this {
    return this.send(encodeHello({ ...ourVersions, requests: 16 }));
  }

  send(...parts: readonly Uint8Array[]): this {
    for (const part of parts) this.input.write(part);
    return this;
  }

  frame(kind: FrameKind, requestId: number, header?: Header, body?: Uint8Array): this {
    return this.send(...encodeFrame({ kind, requestId, header, body }));
  }

  async greeted(): Promise<void> {
    assert.notEqual(await readHello(this.#reader, "the peer"), undefined);
  }

  async next(): Promise<Frame | undefined> {
    const { value } = await this.#frames.next();
    return value ?? undefined;
  }

  async end(): Promise<void> {
    this.input.end();
    await this.served;
  }
}

/** The peer ends the connection itself, after it has said why. */
async function endsWith(client: RawClient, pattern: RegExp): Promise<void> {
  await client.greeted();
  const frames: Frame[] = [];
  for (let frame = await client.next(); frame !== undefined; frame = await client.next())
    frames.push(frame);
  const [told] = frames.filter(({ requestId }) => requestId === 0);
  assert.equal(told?.kind, "error");
  assert.match(String(told?.header["message"]), pattern);
  assert.ok(frames.length < 1000, `${frames.length} frames`);
  await client.served;
  assert.match(client.log.join("\n"), pattern);
}

const space = { what: "free-space", path: "/" };

test("an idle peer ends when its input ends", async () => {
  const client = new RawClient().hello();
  await client.greeted();
  await client.end();
  assert.deepEqual(client.log, []);
  const silent = new RawClient();
  await silent.end();
  assert.deepEqual(silent.log, []);
});

test("garbage instead of a hello, and another version, end the connection", async () => {
  await endsWith(
    new RawClient().send(Buffer.from("GET / HTTP/1.1\r\n\r\n")),
    /before its hello came the text "GET/,
  );
  const newer = encodeHello({ oldestVersion: 7, newestVersion: 7, requests: 1 });
  await endsWith(new RawClient().send(newer), /it is newer and speaks version 7/);
});

test("frames that break the rules end the connection, and the client is told why", async () => {
  const hello = (): RawClient => new RawClient().hello();
  const huge = Buffer.from([0xff, 0xff, 0xff, 0xff]);
  await endsWith(hello().send(huge), /4294967295 bytes long/);
  await endsWith(hello().send(Buffer.from([0, 0, 0, 9, 99, 0, 0, 0, 0, 0, 0, 0, 0])), /kind 99/);
  await endsWith(hello().frame("done", 1), /kind "done"/);
  await endsWith(hello().frame("request", 0, space), /request id 0/);
  const sleep = { what: "run", command: ["sleep", "1000000"], timeoutMs: 1_000_000, limitBytes: 1 };
  await endsWith(hello().frame("request", 1, sleep).frame("request", 1, sleep), /request id 1/);
  await endsWith(hello().frame("request", 1, sleep).frame("item", 1), /more than it asked for/);
  await endsWith(
    hello().frame("request", 1, sleep).frame("more", 1, { count: 1_000_000 }),
    /too much at once/,
  );
});

test("10,000 requests that wait for no answer are too many, and nothing piles up", async () => {
  const client = new RawClient().hello();
  for (let requestId = 1; requestId <= 10_000; requestId++)
    client.frame("request", requestId, space);
  await endsWith(client, /more than 16 requests are in flight/);
});

test("10,000 requests of a client that takes its answers late are answered in the end", async () => {
  const client = new RawClient().hello();
  await client.greeted();
  const ping = Buffer.concat(encodeFrame({ kind: "ping", requestId: 0 }));
  for (let requestId = 1; requestId <= 10_000; requestId++) {
    client.send(ping).frame("request", requestId, space);
    for (let frame = await client.next(); frame?.kind !== "done"; frame = await client.next())
      assert.equal(frame?.kind, "pong");
  }
  await client.end();
});

test("what a peer does not know is refused for that request alone", async () => {
  const client = new RawClient().hello();
  await client.greeted();
  const requests: Header[] = [
    { what: "format-disk" },
    { what: 7 },
    { what: "__proto__" },
    {},
    { what: "free-space" },
    { what: "free-space", path: "\u2028" },
    { what: "storage-stat", path: "/", type: "secret", name: "" },
    { what: "storage-load", path: "/", type: "data", name: "", offset: -1 },
    { what: "storage-save", path: "/", type: "data", name: "", sizeBytes: 1e300 },
    { what: "folder-list", folder: 12, path: "", known: 0 },
    { what: "run", command: "rm -rf /", timeoutMs: 1, limitBytes: 1 },
  ];
  for (const [index, header] of requests.entries()) {
    client.frame("request", index + 1, { ...header, credit: 4 });
    const answer = await client.next();
    assert.equal(answer?.kind, "error", JSON.stringify(header));
    assert.equal(answer?.requestId, index + 1);
  }
  client.frame("request", 99, space);
  assert.equal((await client.next())?.kind, "done");
  await client.end();
});

test("what still comes for a request that has been answered is passed over", async () => {
  const client = new RawClient().hello();
  await client.greeted();
  client.frame("request", 1, { what: "nothing" });
  assert.equal((await client.next())?.kind, "error");
  client.frame("item", 1).frame("more", 1, { count: 3 }).frame("cancel", 1).frame("ping", 0);
  assert.equal((await client.next())?.kind, "pong");
  await client.end();
});

test("a client that goes away ends the command that it has started", async () => {
  const client = new RawClient().hello();
  await client.greeted();
  client.frame("request", 1, {
    what: "run",
    command: ["sleep", "1000000"],
    timeoutMs: 1_000_000,
    limitBytes: 10,
  });
  await client.end();
});

test("a client from which nothing comes is given up", async () => {
  const clock = new FakeClock();
  const client = new RawClient({ clock, silenceMs: 60_000 }).hello();
  await client.greeted();
  await clock.passUntil(client.served);
  assert.match(client.log.join(), /nothing came from it for 60 s/);
});

test("a client that takes nothing any more is not waited for", async () => {
  const clock = new FakeClock();
  const client = new RawClient({ clock, silenceMs: 60_000 }).hello();
  client.frame("request", 1, {
    what: "run",
    command: ["head", "-c", "9000000", "/dev/zero"],
    timeoutMs: 1_000_000,
    limitBytes: 9_000_000,
    credit: 9,
  });
  await clock.passUntil(client.served);
  assert.match(client.log.join(), /nothing came from it/);
});

test("a peer that is told to stop stops, with that reason", async () => {
  const controller = new AbortController();
  const client = new RawClient({ signal: controller.signal }).hello();
  await client.greeted();
  controller.abort(new Error("enough"));
  await assert.rejects(client.served, /enough/);
});

type Restricted = { readonly root: string; readonly outside: string; readonly roots: RawPath[] };

async function restricted(): Promise<Restricted> {
  const root = await scratch.withNodes({ inside: "mail" });
  const outside = await scratch.withNodes({ secret: "secret", "keys/a": "a" });
  return { root, outside, roots: [rawPathFromText("/nowhere/at/all"), root] };
}

test("a peer with roots serves what lies below them, and nothing else", async () => {
  const { root, outside, roots } = await restricted();
  await using pair = peerPair({ serve: { roots } });
  const { host } = pair;
  await using image = await host.openFolder(root as RawPath);
  assert.deepEqual((await image.list("" as RawPath)).names, ["inside"]);
  const storage = await host.openStorage(`${root}/new/repository` as RawPath);
  await storage.create();
  assert.ok((await host.freeSpace(root as RawPath)).freeBytes > 0);
  const denied = { code: "host.denied" };
  for (const path of [outside, "/", "/etc", `${root}x`, outside.replace(/\d+$/, "")]) {
    await assert.rejects(host.openFolder(path as RawPath), denied, path);
    await assert.rejects(host.openStorage(path as RawPath), denied, path);
    await assert.rejects(host.freeSpace(path as RawPath), denied, path);
  }
  await assert.rejects(host.run(["true"], { timeoutMs: 1000 }), denied);
  assert.deepEqual(readdirSync(outside).toSorted(), ["keys", "secret"]);
});

test("steps that lead up are refused also where the client does not look itself", async () => {
  const { root, outside, roots } = await restricted();
  const client = new RawClient({ roots }).hello();
  await client.greeted();
  for (const path of [`${root}/..`, `${root}/../..${outside}`, "relative", `${root}/\0`, ""]) {
    client.frame("request", 1, { what: "free-space", path });
    const answer = await client.next();
    assert.equal(answer?.header["code"], "host.bad-path", path);
  }
  await client.end();
});

test("symbolic links that lead out of the roots are refused, those within are followed", async () => {
  const { root, outside, roots } = await restricted();
  symlinkSync(outside, `${root}/out`);
  symlinkSync(`${root}/later`, `${root}/dangling`);
  symlinkSync(`${root}/real`, `${root}/within`);
  mkdirSync(`${root}/real`);
  await using pair = peerPair({ serve: { roots } });
  const { host } = pair;
  const denied = { code: "host.denied" };
  for (const path of ["out", "out/new/repository", "dangling", "dangling/repository"]) {
    await assert.rejects(host.openStorage(`${root}/${path}` as RawPath), denied, path);
    await assert.rejects(host.openFolder(`${root}/${path}` as RawPath), denied, path);
  }
  const within = await host.openStorage(`${root}/within` as RawPath);
  await within.create();
  for (const [folder, name] of [
    ["keys", "real"],
    ["data", "real/data"],
  ] as const) {
    symlinkSync(outside, `${root}/${name === "real" ? "real/moved" : "real/data/zz"}`);
    await using again = peerPair({ serve: { roots } });
    await assert.rejects(again.host.openStorage(`${root}/real` as RawPath), denied, folder);
  }
  assert.deepEqual(readdirSync(outside).toSorted(), ["keys", "secret"]);
});

test("a root that is itself a link allows what it leads to", async () => {
  const { root } = await restricted();
  const link = `${root}-link`;
  symlinkSync(root, link);
  await using pair = peerPair({ serve: { roots: [rawPathFromText(link)] } });
  assert.ok((await pair.host.freeSpace(link as RawPath)).freeBytes > 0);
  assert.ok((await pair.host.freeSpace(root as RawPath)).freeBytes > 0);
});

const largeBytes = Buffer.alloc(1_000_000, "abc");
const largeFile = {
  type: "data",
  name: createHash("sha256").update(largeBytes).digest("hex"),
} as const;

test("a disk that is full when the whole has arrived is storage.full, and the part is kept for later", async () => {
  const path = scratch.fresh();
  let capacityBytes = 1000;
  const local = localHost();
  const host = {
    ...local,
    name: "full",
    kind: "local" as const,
    run: local.run.bind(local),
    openFolder: local.openFolder.bind(local),
    freeSpace: local.freeSpace.bind(local),
    openStorage: async () => faultyStorage(directoryStorage(path), { capacityBytes }),
    [Symbol.asyncDispose]: async () => undefined,
  };
  {
    await using pair = peerPair({ serve: { host } });
    const storage = await pair.host.openStorage(path);
    await storage.create();
    await assert.rejects(storage.save(largeFile, [largeBytes]), { code: "storage.full" });
  }
  const [part] = readdirSync(`${path}/.transfers`);
  assert.deepEqual(readFileSync(`${path}/.transfers/${part}`), largeBytes);
  capacityBytes = 2_000_000;
  await using pair = peerPair({ serve: { host } });
  const storage = await pair.host.openStorage(path);
  await storage.save(largeFile, [largeBytes]);
  // Hello, open, save: no piece was sent again.
  assert.ok(pair.frames() < 12, `${pair.frames()} frames`);
  assert.deepEqual(Buffer.from(await storage.load(largeFile)), largeBytes);
});

test("a part that was damaged on the disk is noticed, and sent again", async () => {
  const path = scratch.fresh();
  await using pair = peerPair();
  const storage = await pair.host.openStorage(path);
  await storage.create();
  mkdirSync(`${path}/.transfers`);
  const part = `data-${largeFile.name}-${largeBytes.length}-${largeFile.name}`;
  writeFileSync(`${path}/.transfers/${part}`, Buffer.alloc(700_000));
  await assert.rejects(storage.save(largeFile, [largeBytes]), {
    code: "storage.failed",
    retryable: true,
  });
  await storage.save(largeFile, [largeBytes]);
  assert.deepEqual(Buffer.from(await storage.load(largeFile)), largeBytes);
});

test("a save of which half was given is never a file", async () => {
  const path = scratch.fresh();
  const client = new RawClient().hello();
  await client.greeted();
  await directoryStorage(path).create();
  client.frame(
    "request",
    1,
    { what: "storage-save", path, ...handleOf("a"), sizeBytes: 2 },
    bytesOf("a"),
  );
  assert.equal((await client.next())?.header["code"], "host.protocol");
  const header = { ...largeFile, sizeBytes: largeBytes.length, sha256: largeFile.name };
  client.frame("request", 2, { what: "storage-save", path, ...header, credit: 1 });
  const offset = await client.next();
  assert.equal(offset?.header["offset"], 0);
  assert.equal((await client.next())?.header["count"], 16);
  client.frame("item", 2, undefined, largeBytes.subarray(0, 100_000));
  await client.end();
  const [data] = readdirSync(`${path}/data`).filter((name) =>
    name.startsWith(largeFile.name.slice(0, 2)),
  );
  assert.deepEqual(readdirSync(`${path}/data/${data}`), []);
  assert.equal(readdirSync(`${path}/.transfers`).length, 1);
});
