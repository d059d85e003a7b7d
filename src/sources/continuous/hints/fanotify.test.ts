import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { changeHintsContract, openForTest } from "./change-hints.contract.ts";
import { openFanotify } from "./fanotify.ts";
import { parseFanotifyEvents } from "./fanotify-events.ts";
import { FolderPlaces } from "./folder-places.ts";

changeHintsContract("fanotify", (request) => openFanotify(request));

test("fanotify: a program that stands still for seconds misses nothing", async (t) => {
  await using site = await openForTest((request) => openFanotify(request), t);
  if (site === undefined) return;
  const names = Array.from({ length: 1000 }, (_, index) => `m${index}`);
  for (const name of names) writeFileSync(join(site.root, "a", name), "");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
  for (const name of names) writeFileSync(join(site.root, "a", "b", name), "");
  await site.hints.settle();
  const told = new Set(site.told.map(({ folder, name }) => `${folder}/${name}`));
  for (const name of names) assert.ok(told.has(`a/${name}`) && told.has(`a/b/${name}`), name);
  assert.deepEqual(site.losses, []);
});

test("fanotify: more changes than are kept while nobody listens are an overflow", async (t) => {
  const options = { waitingLimit: 100 };
  await using site = await openForTest((request) => openFanotify(request, options), t);
  if (site === undefined) return;
  for (let index = 0; index < 1000; index++) writeFileSync(join(site.root, "a", `m${index}`), "");
  await site.hints.settle();
  assert.ok(site.losses.length > 0 && site.losses.every(({ why }) => why === "overflow"));
});

/** An event as fanotify(7) lays it out. */
function event({ mask = 0x100n, name = "x", handle = "hhhh", type = 2 } = {}): Buffer {
  const record = Buffer.alloc(20 + handle.length + name.length + 1);
  record[0] = type;
  record.writeUInt16LE(record.length, 2);
  record.write("fsidfsid", 4, "latin1");
  record.writeUInt32LE(handle.length, 12);
  record.writeInt32LE(1, 16);
  record.write(handle + name, 20, "latin1");
  const head = Buffer.alloc(24);
  head.writeUInt32LE(24 + record.length, 0);
  head[4] = 3;
  head.writeUInt16LE(24, 6);
  head.writeBigUInt64LE(mask, 8);
  return Buffer.concat([head, record]);
}

test("events are read with their folder and name", () => {
  const overflow = event({ mask: 0x4000n }).subarray(0, 24);
  overflow.writeUInt32LE(24, 0);
  const read = [
    ...parseFanotifyEvents(
      Buffer.concat([event(), overflow, event({ name: "." }), event({ type: 9 })]),
    ),
  ];
  const folder = { filesystem: "fsidfsid", handle: "\x04\0\0\0\x01\0\0\0hhhh" };
  assert.deepEqual(read, [
    { mask: 0x100n, folder, name: "x" },
    { mask: 0x4000n },
    { mask: 0x100n, folder },
    { mask: 0x100n },
  ]);
});

test("events that are cut off, or of another version, are refused", () => {
  const whole = event();
  for (let length = 1; length < whole.length; length++)
    assert.throws(() => [...parseFanotifyEvents(whole.subarray(0, length))], RangeError);
  const other = Buffer.from(whole);
  other[4] = 4;
  assert.throws(() => [...parseFanotifyEvents(other)], /version 4/);
  const handle = Buffer.from(whole);
  handle.writeUInt32LE(99, 36);
  assert.throws(() => [...parseFanotifyEvents(handle)], /handle/);
});

test("places of folders are kept within a bound, and forgotten after a rename", () => {
  const asked: string[] = [];
  const places = new FolderPlaces([{ path: "", folder: "/mail" }], {
    limit: 2,
    resolve: (_, handle) => {
      asked.push(handle);
      return { root: "/mail", in: "/mail/in", out: "/mailbox" }[handle];
    },
  });
  const placeOf = (handle: string): string | undefined =>
    places.placeOf({ filesystem: "f", handle });
  assert.deepEqual([placeOf("root"), placeOf("in"), placeOf("out")], ["", "in", undefined]);
  assert.equal(places.size, 2);
  placeOf("out");
  assert.deepEqual(asked, ["root", "in", "out"], "also what is outside is known");
  places.forget();
  placeOf("in");
  placeOf("gone");
  placeOf("gone");
  assert.deepEqual(asked.slice(3), ["in", "gone", "gone"], "what is gone is not kept");
});
