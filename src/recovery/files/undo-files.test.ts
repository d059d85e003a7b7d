import assert from "node:assert/strict";
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type Image, type MemoryNodes, type RawPath } from "#image";
import { Records } from "#records";
import { applyRestore } from "../apply-restore.ts";
import {
  clock,
  contentOf,
  ground,
  imageOf,
  lay,
  mail,
  maildir,
  plan,
  uniqueNumbers,
} from "../recovery.fixture.ts";
import type { RestoreMode } from "../restore-plan.ts";
import { filesJobKind, writeOutcome, writeSteps } from "./files-journal.ts";
import { undoFiles } from "./undo-files.ts";

const past: MemoryNodes = maildir({
  "cur/1.a:2,S": { bytes: mail("one"), mtimeNs: 1_600_000_000_000_000_001n },
  "cur/2.a:2,": { bytes: mail("two"), mtimeNs: 1_600_000_000_000_000_002n },
  "new/3.a": { bytes: mail("three"), mtimeNs: 1_600_000_000_000_000_003n },
  ".Old/cur/4.a:2,": { bytes: mail("four"), mtimeNs: 1_600_000_000_000_000_004n },
  ".Old/new": { type: "directory" },
  ".Old/tmp": { type: "directory" },
});
const now: MemoryNodes = maildir({
  "cur/1.a:2,FS": { bytes: mail("one"), mtimeNs: 1_600_000_000_000_000_001n },
  // Another message has the name of one that is missing.
  "new/3.a": { bytes: mail("other"), mtimeNs: 5n },
  "cur/5.a:2,": { bytes: mail("five"), mtimeNs: 6n },
});

function state(): { readonly records: Records } & Disposable {
  const folder = mkdtempSync(join(tmpdir(), "restante-undo-files-"));
  return {
    records: new Records(folder),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}

type Doing = { readonly mode: RestoreMode; readonly isKilled?: boolean };

async function restored(
  records: Records,
  image: Image,
  { target, mode, isKilled = false }: Doing & { readonly target: RawPath },
): Promise<string> {
  const made = await plan(image, target, { mode });
  const { root, undoFolder } = made;
  await using job = await records.begin(
    { kind: filesJobKind, about: "a test", startedMs: 1_700_000_000_000 },
    { unique: "00aa", more: { root, undoFolder, mode } },
  );
  await writeSteps(job, made);
  const created: RawPath[] = [];
  const result = await applyRestore(image, made, {
    ...clock,
    unique: uniqueNumbers(),
    onCreated: (path) => created.push(path),
  });
  assert.equal(result.counts.failed, 0);
  if (!isKilled) await writeOutcome(job, result, created);
  return job.id;
}

for (const mode of ["additive", "exact"] as const) {
  test(`a folder is as before after undoing a restore: ${mode}`, async () => {
    using place = ground();
    using kept = state();
    await lay(place.target, now);
    const before = contentOf(place.target);
    const id = await restored(kept.records, imageOf(past), { target: place.target, mode });
    assert.notDeepEqual(contentOf(place.target), before);
    await using job = await kept.records.take(id);
    const looked = await undoFiles({ job, dryRun: true });
    assert.notDeepEqual(contentOf(place.target), before);
    const { counts, notes } = await undoFiles({ job });
    assert.deepEqual(counts, looked.counts);
    assert.deepEqual([counts.left, counts.failed], [0, 0], notes.join("\n"));
    assert.deepEqual(contentOf(place.target), before);
    assert.deepEqual(
      (await kept.records.list()).map(({ last }) => last.is),
      ["undone"],
    );
    // Again changes nothing.
    await undoFiles({ job });
    assert.deepEqual(contentOf(place.target), before);
  });
}

test("a restore that was killed before it said what it created is undone by what it was going to do", async () => {
  using place = ground();
  using kept = state();
  await lay(place.target, maildir({ "cur/1.a:2,S": mail("one") }));
  const before = contentOf(place.target);
  const id = await restored(kept.records, imageOf(past), {
    target: place.target,
    mode: "additive",
    isKilled: true,
  });
  await using job = await kept.records.take(id);
  await undoFiles({ job });
  assert.deepEqual(contentOf(place.target), before);
});

test("what anybody changed since stays; a message that was read since goes", async () => {
  using place = ground();
  using kept = state();
  await lay(place.target, now);
  const id = await restored(kept.records, imageOf(past), {
    target: place.target,
    mode: "additive",
  });
  const at = (path: string): string => join(place.target, path);
  renameSync(at("cur/2.a:2,"), at("cur/2.a:2,RS"));
  writeFileSync(at(".Old/cur/4.a:2,"), mail("edited"));
  await using job = await kept.records.take(id);
  const { counts } = await undoFiles({ job });
  assert.ok(!existsSync(at("cur/2.a:2,RS")));
  assert.ok(existsSync(at(".Old/cur/4.a:2,")));
  // The message, and the two folders above it.
  assert.equal(counts.left, 3);
});
