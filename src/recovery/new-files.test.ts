import assert from "node:assert/strict";
import { test } from "node:test";
import type { MemoryNodes, RawPath } from "#image";
import type { Job, JobLine } from "#records";
import { writeSteps } from "./files/files-journal.ts";
import { bytesOfFiles, countSteps, fewestNewFiles, stepsOf } from "./new-files.ts";
import { filesOf, ground, imageOf, lay, maildir, mail, plan, restore } from "./recovery.fixture.ts";

const many = 3 * fewestNewFiles;
const linked = { bytes: "same", inode: 7n, links: 2 };

function numbered(folder: string, count: number): MemoryNodes {
  return Object.fromEntries(
    Array.from({ length: count }, (_, number) => [
      `${folder}/${String(number).padStart(3, "0")}`,
      { bytes: `${folder} ${number}`, mode: 0o640, mtimeNs: BigInt(number) },
    ]),
  );
}

const store: MemoryNodes = {
  ...numbered("large", many),
  ...numbered("large/below", fewestNewFiles),
  ...numbered("small", fewestNewFiles - 1),
  "large/.restante-partial-1-2-3": "of a killed run",
  "large/one": linked,
  "small/other": linked,
  "large/symlink": { type: "symlink", linkTarget: "one" },
};

test("new files of a large folder are rows of a listing, and steps like all others", async () => {
  using place = ground();
  const made = await plan(imageOf(store), place.target);
  assert.deepEqual(
    made.newFiles.map(({ to, rows }) => [to, rows.length]),
    [
      ["large", many],
      ["large/below", fewestNewFiles],
    ],
  );
  const all = [...stepsOf(made)];
  assert.equal(all.length, countSteps(made));
  assert.deepEqual(new Set(all.map(({ kind }) => kind)), new Set(["create"]));
  const paths = all.map(({ to }) => to);
  const wanted = Object.keys(store).filter((path) => !path.includes("partial"));
  assert.deepEqual(paths.toSorted(), [...wanted, "large", "large/below", "small"].toSorted());
  // A folder goes before what is in it.
  for (const [position, path] of paths.entries()) {
    const slash = path.lastIndexOf("/");
    if (slash > 0) assert.ok(paths.indexOf(path.slice(0, slash) as RawPath) < position, path);
  }
  assert.equal(made.counts.created, all.length);
  const entry = all.find(({ to }) => to === "large/002")?.entry;
  assert.deepEqual([entry?.mode, entry?.mtimeNs, entry?.sizeBytes], [0o640, 2n, 7]);
  // Two names of one file are written once.
  const bytes = all.reduce(
    (sum, step) =>
      step.entry.type === "file" && !("linkTo" in step) ? sum + step.entry.sizeBytes : sum,
    0,
  );
  assert.equal(made.bytes, bytes);
  const [large] = made.newFiles;
  assert.ok(large !== undefined);
  assert.equal(bytesOfFiles(large), 10 * "large 0".length + (many - 10) * "large 10".length);
});

test("they are restored with all else, and a second plan has none of them", async () => {
  using place = ground();
  const result = await restore(imageOf(store), place.target);
  assert.equal(result.counts.failed + result.counts.conflict, 0);
  const found = filesOf(place.target);
  const { "large/.restante-partial-1-2-3": _, "large/symlink": __, ...others } = store;
  assert.equal(found["large/symlink"], "→one");
  assert.equal(Object.keys(found).length, Object.keys(others).length + 1);
  for (const [path, node] of Object.entries(others)) {
    const bytes = typeof node === "object" && "bytes" in node ? node.bytes : node;
    assert.equal(found[path], bytes, path);
  }
  const again = await plan(imageOf(store), place.target);
  assert.deepEqual([again.newFiles, again.steps.filter(({ kind }) => kind === "create")], [[], []]);
});

test("messages of a living mailbox are matched, and none of them is taken for a new file", async () => {
  using place = ground();
  const messages = Object.fromEntries(
    Array.from({ length: many }, (_, number) => [`cur/${number}.a.host:2,S`, mail(`${number}`)]),
  );
  await lay(place.target, maildir({ "cur/0.a.host:2,RS": mail("0") }));
  const made = await plan(imageOf(maildir(messages)), place.target);
  assert.deepEqual(made.newFiles, []);
  assert.equal(made.counts.created, many - 1);
  assert.equal(made.counts.moved, 1);
});

test("a job's journal names each of them before anything is done", async () => {
  using place = ground();
  const made = await plan(imageOf(store), place.target);
  const lines: JobLine[] = [];
  const write = async (more: readonly JobLine[]): Promise<void> => void lines.push(...more);
  await writeSteps({ write } as unknown as Job, made);
  const items = lines.flatMap((line) => line["items"] as readonly { readonly to: RawPath }[]);
  assert.deepEqual(
    items.map(({ to }) => to),
    [...stepsOf(made)].map(({ to }) => to),
  );
});
