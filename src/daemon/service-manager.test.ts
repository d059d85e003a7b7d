import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openNativeLibrary } from "#files";
import { serviceManager } from "./service-manager.ts";

const calls = openNativeLibrary([null, "libc.so.6"], {
  socket: { arguments: ["i32", "i32", "i32"], return: "i32" },
  bind: { arguments: ["i32", "buffer", "u32"], return: "i32" },
  recv: { arguments: ["i32", "buffer", "u64", "i32"], return: "i64" },
  close: { arguments: ["i32"], return: "i32" },
});

test(
  "a service manager hears that the daemon is ready, alive and stopping",
  { skip: calls === undefined ? "this Node cannot call the system" : false },
  async () => {
    assert.ok(calls !== undefined);
    const folder = mkdtempSync(join(tmpdir(), "restante-notify-"));
    const path = join(folder, "notify");
    const descriptor = calls.socket(1, 2, 0);
    const address = Buffer.concat([Buffer.from([1, 0]), Buffer.from(`${path}\0`)]);
    assert.equal(calls.bind(descriptor, address, address.length), 0);
    const heard = (): string => {
      const bytes = Buffer.alloc(1000);
      const length = calls.recv(descriptor, bytes, 1000n, 0x40);
      return bytes.toString("utf8", 0, Math.max(0, Number(length)));
    };
    try {
      const manager = serviceManager({ socket: path, watchdogMicroseconds: "30000000" });
      assert.equal(manager.aliveEveryMs, 10_000);
      await manager.ready("following 1 of 1\ngroups");
      assert.equal(heard(), "READY=1\nSTATUS=following 1 of 1 groups");
      await manager.alive("x");
      assert.equal(heard(), "WATCHDOG=1\nSTATUS=x");
      await manager.stopping();
      assert.equal(heard(), "STOPPING=1");
    } finally {
      calls.close(descriptor);
      rmSync(folder, { recursive: true });
    }
  },
);

test("nobody listens, or not there: nothing happens, and the helper is asked once", async () => {
  const asked: (readonly string[])[] = [];
  const runHelper = async (words: readonly string[]): Promise<void> => {
    asked.push(words);
    throw new Error("there is no such program");
  };
  const watchdogMicroseconds = undefined;
  await serviceManager({ socket: undefined, watchdogMicroseconds, runHelper }).ready("x");
  assert.deepEqual(asked, []);
  const manager = serviceManager({ socket: "/nowhere/notify", watchdogMicroseconds, runHelper });
  await manager.stopping();
  assert.deepEqual(asked, [["systemd-notify", "STOPPING=1"]]);
  assert.equal(manager.aliveEveryMs, undefined);
  const long = serviceManager({ socket: `/${"x".repeat(300)}`, watchdogMicroseconds: "soon" });
  assert.equal(long.aliveEveryMs, undefined);
  await long.alive("x");
});
