import assert from "node:assert/strict";
import {
  appendFileSync,
  copyFileSync,
  mkdtempSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { LogFollower, type LogFollowerOptions } from "./log-follower.ts";

type Site = Disposable & {
  readonly path: string;
  readonly follower: LogFollower;
  /** What is new, and whether something was lost. */
  readonly read: () => { readonly lines: readonly string[]; readonly isLost: boolean };
};

function siteOf(options: LogFollowerOptions = {}, before = "old\n"): Site {
  const folder = mkdtempSync(join(tmpdir(), "restante-log-"));
  const path = join(folder, "log");
  if (before !== "") writeFileSync(path, before);
  const follower = new LogFollower(path, options);
  return {
    path,
    follower,
    read: () => {
      const { lines, lost } = follower.poll();
      return { lines, isLost: lost !== undefined };
    },
    [Symbol.dispose]: () => {
      follower[Symbol.dispose]();
      rmSync(folder, { recursive: true });
    },
  };
}

const kept = (...lines: readonly string[]): object => ({ lines, isLost: false });
const lost = (...lines: readonly string[]): object => ({ lines, isLost: true });

test("a log is followed from its end on, line by whole line", () => {
  using site = siteOf({}, "old\nbegun before");
  assert.deepEqual(site.read(), kept());
  appendFileSync(site.path, " and ended after\none\ntw");
  assert.deepEqual(site.read(), kept("one"));
  appendFileSync(site.path, "o\r\nthree\n");
  assert.deepEqual(site.read(), kept("two", "three"));
});

test("a log that is renamed is read to its end, and the new one from its start", () => {
  let now = 0;
  using site = siteOf({ steadyMs: () => now, lingerMs: 10 });
  appendFileSync(site.path, "one\n");
  renameSync(site.path, `${site.path}.1`);
  assert.deepEqual(site.read(), kept("one"), "while there is no other");
  appendFileSync(`${site.path}.1`, "two\n");
  writeFileSync(site.path, "three\n");
  assert.deepEqual(site.read(), kept("two", "three"));
  appendFileSync(`${site.path}.1`, "late\n");
  appendFileSync(site.path, "four\n");
  assert.deepEqual(site.read(), kept("late", "four"), "by a writer that has it open");
  now = 10;
  assert.deepEqual([site.read(), site.follower.isLingering], [kept(), false]);
  appendFileSync(`${site.path}.1`, "much later\n");
  assert.deepEqual(site.read(), kept());
});

test("two renamings within a short time may lose lines, and that is said", () => {
  using site = siteOf();
  for (const number of [1, 2]) {
    renameSync(site.path, `${site.path}.${number}`);
    writeFileSync(site.path, `${number}\n`);
    assert.deepEqual(site.read(), number === 1 ? kept("1") : lost("2"));
  }
});

test("a log that is copied and truncated is begun anew, and that lines may be lost is said", () => {
  using site = siteOf({}, "a line that is long enough\n");
  appendFileSync(site.path, "one\n");
  site.read();
  copyFileSync(site.path, `${site.path}.1`);
  truncateSync(site.path);
  appendFileSync(site.path, "two\n");
  assert.deepEqual(site.read(), lost("two"));
  appendFileSync(site.path, "three\n");
  assert.deepEqual(site.read(), kept("three"));
});

test("a log that was truncated and has grown beyond where it was is known by its bytes", () => {
  using site = siteOf();
  appendFileSync(site.path, "one\n");
  site.read();
  truncateSync(site.path);
  appendFileSync(site.path, "two, and more than there was\nthree\n");
  assert.deepEqual(site.read(), lost("two, and more than there was", "three"));
});

test("a log that is not there is waited for, and read from its start", () => {
  using site = siteOf({}, "");
  assert.equal(site.follower.trouble, "it is not there");
  assert.deepEqual(site.read(), kept());
  writeFileSync(site.path, "one\n");
  assert.deepEqual(site.read(), kept("one"));
  assert.equal(site.follower.trouble, undefined);
});

test("what is no file is not read", () => {
  const folder = mkdtempSync(join(tmpdir(), "restante-log-"));
  using follower = new LogFollower(folder);
  assert.deepEqual(
    [follower.poll(), follower.trouble],
    [{ lines: [], hasMore: false }, "it is not a file"],
  );
  rmSync(folder, { recursive: true });
});

test("a line without bounds is passed over, and at most a slice is read at once", () => {
  using site = siteOf({ lineLimitBytes: 10, sliceBytes: 64 * 1024 });
  appendFileSync(site.path, `${"x".repeat(200_000)}\nshort\n${"y".repeat(11)}\nend\n`);
  const found: string[] = [];
  let polls = 0;
  for (let more = true; more; polls++) {
    const { lines, hasMore } = site.follower.poll();
    found.push(...lines);
    more = hasMore;
  }
  assert.deepEqual(found, ["short", "end"]);
  assert.ok(polls > 2);
});
