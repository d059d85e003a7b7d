import assert from "node:assert/strict";
import { test } from "node:test";
import { type Reply, reply } from "../protocol/reply.ts";
import { ReplyQueue } from "./reply-queue.ts";

test("answers are written in the order of what was asked, each as soon as it may be", async () => {
  const { queue, written } = started();
  const first = Promise.withResolvers<Reply>();
  const third = Promise.withResolvers<Reply>();
  queue.add(first.promise);
  queue.say(reply(252, "second"));
  queue.add(third.promise);
  third.resolve(reply(253, "third"));
  await third.promise;
  assert.deepEqual(written, []);
  first.resolve(reply(251, "first"));
  await queue.sent();
  assert.deepEqual(written, [251, 252, 253]);
});

test("while the client takes nothing, nothing is written; whoever waits learns when it does", async () => {
  const room = Promise.withResolvers<void>();
  const { queue, written } = started(room.promise);
  for (let code = 250; code < 253; code++) queue.say(reply(code, "OK"));
  assert.deepEqual(written, [250]);
  assert.equal(queue.isFull(3), true);
  assert.equal(queue.isFull(4), false);
  const fewer = queue.room(3);
  const sent = queue.sent();
  room.resolve();
  await fewer;
  await sent;
  assert.deepEqual(written, [250, 251, 252]);
  assert.equal(queue.isFull(1), false);
});

test("where a client does not take what was written, whoever waits is told, and nothing more is written", async () => {
  const room = Promise.withResolvers<void>();
  const { queue, written } = started(room.promise);
  queue.say(reply(250, "OK"));
  const sent = queue.sent();
  room.reject(new Error("too slow"));
  await assert.rejects(sent, /too slow/);
  queue.say(reply(251, "OK"));
  assert.deepEqual(written, [250]);
  assert.equal(queue.isFull(1000), true);
  await assert.rejects(queue.room(1000), /too slow/);
});

/** `room`: what is to be waited for after the first answer. */
function started(room?: Promise<void>): { readonly queue: ReplyQueue; readonly written: number[] } {
  const written: number[] = [];
  let rooms = room;
  const queue = new ReplyQueue({
    write: ({ code }) => written.push(code),
    room: () => {
      const now = rooms;
      rooms = undefined;
      return now;
    },
  });
  return { queue, written };
}
