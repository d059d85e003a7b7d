import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { openProcessStream } from "./process-stream.ts";

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  let text = "";
  for await (const bytes of stream) text += bytes.toString();
  return text;
}

test("what is written goes in, what the program says comes out, and both end with it", async () => {
  const stream = openProcessStream(["sh", "-c", 'read line; echo "got $line"']);
  stream.write("hello\n");
  assert.equal(await textOf(stream), "got hello\n");
});

test("its pipes are no sockets", async () => {
  const stream = openProcessStream(["sh", "-c", "readlink /proc/self/fd/0 /proc/self/fd/1"]);
  assert.match(await textOf(stream), /^pipe:.*\npipe:/);
});

test("a program that fails ends the stream with its last words, and one that is not there too", async () => {
  const failing = openProcessStream(["sh", "-c", "echo first >&2; echo no such user >&2; exit 67"]);
  await assert.rejects(textOf(failing), {
    code: "host.failed",
    message: 'Cannot go on talking to "sh": no such user',
  });
  await assert.rejects(textOf(openProcessStream(["restante-no-such-program"])), {
    code: "host.failed",
    message: /restante-no-such-program.*not found/,
  });
});

test("more than a pipe holds goes through both ways, however slowly it is read", async () => {
  const stream = openProcessStream(["cat"]);
  const bytes = Buffer.alloc(3_000_000, "0123456789");
  stream.write(bytes);
  let length = 0;
  for await (const piece of stream) {
    length += (piece as Buffer).length;
    if (length === bytes.length) break;
  }
  assert.equal(length, bytes.length);
});

test("destroying it ends the program and what that started", async () => {
  const stream = openProcessStream(["sh", "-c", "sleep 1000 & echo $!; wait"]);
  const [line] = (await once(stream, "data")) as [Buffer];
  const pid = Number(line.toString());
  assert.ok(isAlive(pid));
  stream.destroy();
  while (isAlive(pid)) await new Promise<void>((resolve) => setImmediate(resolve));
});

/** What has ended and waits to be noticed counts as ended. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(statusOf(pid));
  } catch {
    return false;
  }
}

function statusOf(pid: number): string {
  return readFileSync(`/proc/${pid}/status`, "utf8");
}
