import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteReader } from "./byte-reader.ts";
import { encodeHello, type Hello, ourVersions, readHello } from "./hello.ts";

/** Bytes that come, and then an other side that waits: nothing more, and no end. */
async function* thenSilence(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
  await new Promise(() => undefined);
}

const read = async (bytes: Uint8Array): Promise<Hello | undefined> =>
  await readHello(new ByteReader(thenSilence(bytes)), 'the peer on "mx1"');

test("a hello tells versions and how many requests may be in flight", async () => {
  const hello = { oldestVersion: 1, newestVersion: 3, requests: 70_000 };
  assert.deepEqual(await read(encodeHello(hello)), hello);
});

test("an input that ends before or within the hello is no hello", async () => {
  const ends = async function* (bytes: Uint8Array): AsyncGenerator<Uint8Array> {
    yield bytes;
  };
  for (const length of [0, 8, 12]) {
    const bytes = encodeHello({ ...ourVersions, requests: 1 }).subarray(0, length);
    assert.equal(await readHello(new ByteReader(ends(bytes)), "it"), undefined);
  }
});

test("a peer that is older or newer is refused with what to do", async () => {
  const newer = encodeHello({ oldestVersion: 8, newestVersion: 9, requests: 1 });
  await assert.rejects(read(newer), {
    code: "host.version",
    message:
      /"mx1": it is newer and speaks versions 8 to 9 of the protocol, this Restante version 1/,
    hint: /this machine/,
  });
  const older = encodeHello({ oldestVersion: 0, newestVersion: 0, requests: 1 });
  await assert.rejects(read(older), {
    code: "host.version",
    message: /it is older and speaks version 0/,
    hint: /that machine/,
  });
  const confused = encodeHello({ oldestVersion: 3, newestVersion: 1, requests: 1 });
  await assert.rejects(read(confused), { code: "host.version" });
});

test("text that a login shell printed is shown, without waiting for more of it", async () => {
  await assert.rejects(read(Buffer.from("Welcome to mx1!\u001b[2J\nLast login: today\n")), {
    code: "host.chatty-shell",
    message: /before its hello came the text "Welcome to mx1!\ufffd\[2J"/,
    hint: /\.bashrc/,
  });
  await assert.rejects(read(Buffer.from("\n\n\n\nHello there\n")), { code: "host.chatty-shell" });
  await assert.rejects(read(Buffer.alloc(4096, "x")), { code: "host.chatty-shell" });
});

test("a hello whose bytes were treated as text is told apart", async () => {
  const hello = encodeHello({ ...ourVersions, requests: 1 });
  const changed = Buffer.concat([hello.subarray(0, 5), Buffer.from("\r\r\n"), hello.subarray(6)]);
  await assert.rejects(read(changed), { code: "host.protocol", hint: /ssh -t/ });
  const without = Buffer.from(hello);
  without[0] = 0x09;
  await assert.rejects(read(without), { code: "host.protocol" });
});
