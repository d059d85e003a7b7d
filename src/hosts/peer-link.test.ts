import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import type { RawPath } from "#image";
import { ByteReader } from "./byte-reader.ts";
import { FakeClock } from "./fake-clock.fixture.ts";
import { encodeFrame, type Frame, type FrameKind, type Header } from "./frame.ts";
import { readFrames } from "./frame-reader.ts";
import { encodeHello, ourVersions } from "./hello.ts";
import type { Host } from "./host.ts";
import { HostError } from "./host-error.ts";
import { peerHost } from "./peer-host.ts";
import { quickTimes } from "./peer-pair.fixture.ts";
import { streamWire } from "./wire.ts";

type Answer = (frame: Frame, reply: Reply, end: () => void) => void;
type Reply = (kind: FrameKind, header?: Header, body?: Uint8Array, requestId?: number) => void;
type FalsePeer = {
  readonly host: Host;
  readonly clock: FakeClock;
  readonly wasDestroyed: () => number;
};

/** A host whose peer says and answers whatever a test wants. */
function falsePeer(
  answer: Answer,
  options: { readonly first?: Uint8Array; readonly diagnosis?: () => Promise<Error> } = {},
): FalsePeer {
  const clock = new FakeClock();
  let destroyed = 0;
  const connect = async () => {
    const [toPeer, fromPeer] = [new PassThrough(), new PassThrough()];
    fromPeer.write(options.first ?? encodeHello({ ...ourVersions, requests: 4 }));
    const serve = async (): Promise<void> => {
      const reader = new ByteReader(toPeer);
      await reader.take(16);
      for await (const frame of readFrames(reader)) {
        const reply: Reply = (kind, header, body, requestId = frame.requestId) => {
          for (const part of encodeFrame({ kind, requestId, header, body })) fromPeer.write(part);
        };
        answer(frame, reply, () => fromPeer.end());
      }
    };
    serve().catch(() => undefined);
    return streamWire({
      input: fromPeer,
      output: toPeer,
      destroy: async () => {
        destroyed++;
        fromPeer.end();
      },
      ...(options.diagnosis === undefined ? {} : { diagnosis: options.diagnosis }),
    });
  };
  const host = peerHost({ ...quickTimes, attempts: 1, connect, clock, answerTimeoutMs: 600_000 });
  return { host, clock, wasDestroyed: () => destroyed };
}

const root = "/" as RawPath;

test("a peer that says nothing at all is given up in time", async () => {
  const peer = falsePeer(() => undefined, { first: Buffer.alloc(0) });
  await assert.rejects(peer.clock.passUntil(peer.host.freeSpace(root)), {
    code: "host.unreachable",
    message: /no peer said hello within 30 s/,
    retryable: true,
  });
  assert.ok(peer.wasDestroyed() > 0);
});

test("a peer that says hello and then nothing is pinged, and given up in time", async () => {
  const kinds: string[] = [];
  const peer = falsePeer((frame) => kinds.push(frame.kind));
  await assert.rejects(peer.clock.passUntil(peer.host.freeSpace(root)), {
    code: "host.silent",
    message: /nothing came from it for 60 s/,
  });
  assert.deepEqual(kinds.slice(0, 3), ["request", "ping", "ping"]);
  assert.ok(peer.wasDestroyed() > 0);
});

test("a peer that answers pings and never a request is given up in time", async () => {
  const peer = falsePeer((frame, reply) => {
    if (frame.kind === "ping") reply("pong");
  });
  await assert.rejects(peer.clock.passUntil(peer.host.freeSpace(root)), {
    code: "host.silent",
    message: /lives and does not answer/,
  });
});

test("a command may take the time that it was given, and not much longer", async () => {
  const peer = falsePeer((frame, reply) => {
    if (frame.kind === "ping") reply("pong");
  });
  const running = peer.host.run(["make"], { timeoutMs: 3_600_000 });
  await assert.rejects(peer.clock.passUntil(running), { code: "host.silent" });
  const waitedMs = peer.clock.nowMs();
  assert.ok(waitedMs >= 4_200_000 && waitedMs < 4_300_000, `${waitedMs}`);
});

test("answers that break the rules are host.protocol, and end the connection", async () => {
  const answers: [string, Answer][] = [
    ["what it was not asked", (_, reply) => reply("done", {}, undefined, 77)],
    ["more than it was asked for", (_, reply) => reply("item")],
    ["ping", (_, reply) => reply("ping")],
    ["kind .request.", (_, reply) => reply("request")],
    ["freeBytes", (_, reply) => reply("done", { freeBytes: "many", totalBytes: 1 })],
    ["totalBytes", (_, reply) => reply("done", { freeBytes: 1 })],
    ["count", (_, reply) => reply("more", { count: 1e9 })],
  ];
  for (const [words, answer] of answers) {
    const peer = falsePeer(answer);
    await assert.rejects(peer.host.freeSpace(root), (error) => {
      assert.ok(error instanceof HostError);
      assert.equal(error.code, "host.protocol", words);
      assert.match(error.message, new RegExp(words));
      return true;
    });
  }
});

test("a file, a listing or an output that a peer makes larger than it may be is refused", async () => {
  const name = "ab".repeat(32);
  const open: Answer = (frame, reply) => {
    const { what } = frame.header;
    if (frame.kind !== "request") return;
    if (what === "storage-open") reply("done", { promises: { durable: true, atomic: true } });
    else if (what === "storage-load") {
      reply("item", { sizeBytes: 2 });
      reply("item", {}, new Uint8Array(3));
    } else if (what === "storage-list") reply("item", {}, new Uint8Array(39));
    else reply("item", { of: "stdout" }, new Uint8Array(21));
  };
  const { host } = falsePeer(open);
  const storage = await host.openStorage(root);
  await assert.rejects(storage.load({ type: "data", name }), /more of a file came/);
  await assert.rejects(storage.load({ type: "data", name }, { lengthBytes: 5 }), /another size/);
  await assert.rejects(Array.fromAsync(storage.list("data")), /cut short/);
  await assert.rejects(
    host.run(["x"], { timeoutMs: 1000, limitBytes: 10 }),
    /larger than was asked/,
  );
});

test("a peer that announces a file of a terabyte gets no memory for it", async () => {
  const peer = falsePeer((frame, reply) => {
    if (frame.header["what"] === "storage-open")
      reply("done", { promises: { durable: true, atomic: true } });
    else reply("item", { sizeBytes: 2 ** 40 });
  });
  const storage = await peer.host.openStorage(root);
  await assert.rejects(storage.load({ type: "data", name: "ab".repeat(32) }), {
    code: "storage.failed",
    message: /limit/,
  });
});

test("errors of a peer are ours again, with the host's name, and can do no harm", async () => {
  const error = async (header: Header): Promise<unknown> => {
    const peer = falsePeer((frame, reply) => {
      if (frame.kind === "request") reply("error", header);
    });
    return await peer.host.freeSpace(root).then(
      () => assert.fail("it succeeded"),
      (thrown: unknown) => thrown,
    );
  };
  const known = await error({
    code: "host.not-found",
    message: "Cannot",
    hint: "Do",
    retryable: true,
  });
  assert.ok(known instanceof HostError);
  assert.deepEqual(
    [known.code, known.message, known.hint, known.retryable],
    ["host.not-found", "Cannot (on host twin)", "Do", true],
  );
  const odd = await error({
    code: "x".repeat(10),
    message: `\u001b[2J${"y".repeat(99_999)}`,
    hint: 7,
  });
  assert.ok(odd instanceof HostError);
  assert.equal(odd.code, "host.failed");
  assert.ok(odd.message.length < 3000 && !odd.message.includes("\u001b"));
  // Only we can know that the link is gone: a peer that says so must not be asked for ever.
  for (const code of ["host.disconnected", "host.closed"]) {
    const lied = await error({ code, message: "Cannot", retryable: true });
    assert.equal((lied as HostError).code, "host.failed");
  }
});

test("a peer that ends in the middle is lost, with what is known of it, and may be tried again", async () => {
  const diagnosis = async (): Promise<Error> => new HostError("host.no-peer", "It ended with 1");
  const { host } = falsePeer((_frame, _reply, end) => end(), { diagnosis });
  await assert.rejects(host.freeSpace(root), {
    code: "host.disconnected",
    message: /the connection was lost \(It ended with 1\)/,
    retryable: true,
  });
});

test("what ended a connection is said where something beside it knows", async () => {
  const why = new HostError("host.refused", "Cannot reach host: Permission denied");
  const peer = falsePeer(() => undefined, {
    first: Buffer.from("x"),
    diagnosis: async () => why,
  });
  const asking = peer.host.freeSpace(root);
  await assert.rejects(peer.clock.passUntil(asking), { code: "host.unreachable" });
});
