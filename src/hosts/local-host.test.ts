import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { after, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { extendedAttributeSupport } from "#image";
import { imageContract } from "../image/image.contract.ts";
import { storageContract } from "../storage/storage.contract.ts";
import { hostContract } from "./host.contract.ts";
import { localHost } from "./local-host.ts";
import { ScratchFolder, scratchFixture } from "./scratch-folder.fixture.ts";

const scratch = new ScratchFolder();
after(() => scratch[Symbol.dispose]());

hostContract("local host", async () => {
  const host = localHost();
  return scratchFixture(host, async () => await host[Symbol.asyncDispose]());
});

storageContract("a storage of the local host", async () => {
  await using host = localHost();
  const storage = await host.openStorage(scratch.fresh());
  return { storage, [Symbol.asyncDispose]: () => storage[Symbol.asyncDispose]() };
});

imageContract(
  "an image of the local host",
  async (nodes) => {
    await using host = localHost();
    return await host.openFolder(await scratch.withNodes(nodes));
  },
  { extendedAttributes: extendedAttributeSupport() === "ffi" },
);

test("a host that is closed ends the commands that still run", async () => {
  const host = localHost();
  const running = host.run(["sleep", "1000000"], { timeoutMs: 60_000 });
  await host[Symbol.asyncDispose]();
  await assert.rejects(running, { code: "host.closed" });
});

test("what a command has started is ended with it when time is up", async () => {
  await using host = localHost();
  const path = scratch.fresh().replaceAll("/repository", "-marker");
  const script = `sleep 1000000 & echo $! > ${path}; wait`;
  await assert.rejects(host.run(["sh", "-c", script], { timeoutMs: 300 }), {
    code: "host.command-timeout",
  });
  const processId = readFileSync(path, "utf8").trim();
  let looks = 0;
  while (isAlive(processId) && looks++ < 100_000) await setImmediate();
  assert.equal(isAlive(processId), false);
});

test("a command that refuses to end is made to", async () => {
  await using host = localHost();
  const stubborn = ["sh", "-c", "trap '' TERM; while :; do sleep 1; done"];
  await assert.rejects(host.run(stubborn, { timeoutMs: 300 }), { code: "host.command-timeout" });
});

test("a command that leaves something running is not waited for", async () => {
  await using host = localHost();
  const script = "sleep 1000000 & echo $!";
  const result = await host.run(["sh", "-c", script], { timeoutMs: 60_000 });
  const processId = Number(Buffer.from(result.stdout).toString());
  process.kill(processId, "SIGKILL");
  assert.equal("exitCode" in result && result.exitCode, 0);
});

test("a command line that the system does not take is an error", async () => {
  await using host = localHost();
  await assert.rejects(host.run(["true", "x".repeat(3_000_000)], { timeoutMs: 60_000 }), {
    code: "host.command-not-run",
  });
});

/** A process that has ended and that nobody has asked about yet is dead. */
function isAlive(processId: string): boolean {
  const stat = `/proc/${processId}/stat`;
  return existsSync(stat) && !/\) [ZX]/.test(readFileSync(stat, "latin1"));
}
