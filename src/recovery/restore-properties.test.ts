import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { type Image, type MemoryNodes, openDirectoryImage, type RawPath, rootPath } from "#image";
import { messageIdentity } from "#mail";
import { readMailbox } from "./mailbox.ts";
import { filesOf, ground, imageOf, lay, mail, maildir, plan, restore } from "./recovery.fixture.ts";

/** Few texts and names, so that equal messages, equal names and both at once are frequent. */
const text = fc.constantFrom("one", "two", "three").map((word) => mail(word));
const folder = fc.constantFrom("", ".Archive/", ".Trash/");
const message = fc.record({
  folder,
  part: fc.constantFrom("cur", "new"),
  base: fc.integer({ min: 1, max: 8 }).map((number) => `${number}.m.host`),
  flags: fc.constantFrom("", "S", "RS"),
  text,
});
const mailbox = fc.array(message, { maxLength: 12 }).map((messages): MemoryNodes => {
  const nodes: Record<string, MemoryNodes[string]> = { ...maildir({}) };
  const names = new Set<string>();
  for (const { folder: name, part, base, flags, text: bytes } of messages) {
    for (const [path, node] of Object.entries(maildir({}))) nodes[name + path] ??= node;
    // In one Maildir a base name is one message.
    if (names.has(name + base)) continue;
    names.add(name + base);
    nodes[`${name}${part}/${part === "new" ? base : `${base}:2,${flags}`}`] = {
      bytes,
      uid: process.geteuid?.() ?? 0,
      gid: process.getegid?.() ?? 0,
      mtimeNs: 10n ** 18n,
    };
  }
  return nodes;
});

async function identities(image: Image): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (const { path } of (await readMailbox(image, rootPath)).messages) {
    const identity = await messageIdentity(image.read(path));
    counts.set(identity, (counts.get(identity) ?? 0) + 1);
  }
  return counts;
}

async function identitiesIn(target: RawPath): Promise<ReadonlyMap<string, number>> {
  await using image = await openDirectoryImage(target);
  return await identities(image);
}

test("additive: every message of the past is there as often as it was, nothing is lost, and twice is once", async () => {
  await fc.assert(
    fc.asyncProperty(mailbox, mailbox, async (past, now) => {
      using place = ground();
      await lay(place.target, now);
      const before = filesOf(place.target);
      const wanted = await identities(imageOf(past));
      const had = await identities(imageOf(now));
      const result = await restore(imageOf(past), place.target);
      assert.deepEqual(
        [result.counts.failed, result.counts.deleted, result.counts.replaced],
        [0, 0, 0],
      );
      const has = await identitiesIn(place.target);
      for (const identity of new Set([...wanted.keys(), ...had.keys()])) {
        assert.equal(
          has.get(identity),
          Math.max(wanted.get(identity) ?? 0, had.get(identity) ?? 0),
        );
      }
      const after = filesOf(place.target);
      for (const [path, bytes] of Object.entries(before)) assert.equal(after[path], bytes);
      const again = await restore(imageOf(past), place.target);
      assert.equal(again.counts.created, 0);
      assert.deepEqual(filesOf(place.target), after);
    }),
    { numRuns: 25 },
  );
});

test("additive: a mailbox that lost some of its files gets exactly these back", async () => {
  await fc.assert(
    fc.asyncProperty(mailbox, fc.infiniteStream(fc.boolean()), async (past, keeps) => {
      using place = ground();
      await lay(place.target, past);
      const whole = filesOf(place.target);
      for (const path of Object.keys(whole))
        if (!keeps.next().value) rmSync(`${place.target}/${path}`);
      await restore(imageOf(past), place.target);
      assert.equal(Object.keys(filesOf(place.target)).length, Object.keys(whole).length);
      assert.deepEqual(await identitiesIn(place.target), await identities(imageOf(past)));
    }),
    { numRuns: 20 },
  );
});

test("exact: the mailbox has the messages of the past and no others, and then there is nothing to do", async () => {
  await fc.assert(
    fc.asyncProperty(mailbox, mailbox, async (past, now) => {
      using place = ground();
      await lay(place.target, now);
      const result = await restore(imageOf(past), place.target, { mode: "exact" });
      assert.equal(result.counts.failed, 0);
      assert.deepEqual(
        sorted(await identitiesIn(place.target)),
        sorted(await identities(imageOf(past))),
      );
      const again = await plan(imageOf(past), place.target, { mode: "exact" });
      assert.deepEqual(again.steps, []);
    }),
    { numRuns: 25 },
  );
});

test("a plain folder: additive adds what is missing, exact makes it equal", async () => {
  const files = fc.dictionary(
    fc.constantFrom("a", "b", "d/a", "d/e/a", "f"),
    fc.constantFrom("x", "y", "z"),
  );
  const dated = (nodes: Readonly<Record<string, string>>): MemoryNodes =>
    Object.fromEntries(
      Object.entries(nodes).map(([path, bytes]) => [
        path,
        {
          bytes,
          mtimeNs: 10n ** 18n,
          uid: process.geteuid?.() ?? 0,
          gid: process.getegid?.() ?? 0,
        },
      ]),
    );
  await fc.assert(
    fc.asyncProperty(files, files, async (past, now) => {
      using place = ground();
      await lay(place.target, dated(now));
      await restore(imageOf(dated(past)), place.target);
      assert.deepEqual(filesOf(place.target), sortedRecord({ ...past, ...now }));
      await restore(imageOf(dated(past)), place.target, { mode: "exact", allowEmpty: true });
      assert.deepEqual(filesOf(place.target), sortedRecord({ ...past }));
    }),
    { numRuns: 20 },
  );
});

function sorted(counts: ReadonlyMap<string, number>): readonly string[] {
  return [...counts].map(([identity, count]) => `${identity} ${count}`).toSorted();
}

function sortedRecord(record: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
