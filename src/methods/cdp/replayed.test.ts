import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  type Image,
  memoryImage,
  type MemoryNode,
  type MemoryNodes,
  type RawPath,
  readAll,
  rootPath,
  walkImage,
} from "#image";
import { memoryJournal, type MemoryJournal } from "#journal";
import { isFolder, ModelStore, type ModelState, type Random } from "./model-store.fixture.ts";
import { replayedImage } from "./replayed.ts";

const startNs = 1_700_000_000_000_000_000n;

function randomOf(seed: number): Random {
  let state = seed | 1;
  return (below) => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
    state ^= state >>> 13;
    return below === 0 ? 0 : (state >>> 0) % below;
  };
}

/** Walks the model while it changes: lists each folder at one time, looks at each file at another. */
function takeBase(model: ModelStore, random: Random, isFrozen: boolean): Image {
  const nodes: Record<string, MemoryNode> = {};
  const fromNs = model.nowNs;
  const breathe = (): void => {
    if (!isFrozen) for (let n = random(3); n > 0; n--) model.change();
  };
  const visit = (folder: string): void => {
    const node = model.at(folder);
    if (node === undefined || !isFolder(node)) return;
    for (const name of [...node.children.keys()].toSorted()) {
      breathe();
      const path = folder === "" ? name : `${folder}/${name}`;
      const seen = model.look(path);
      if (seen === undefined) continue;
      nodes[path] = seen;
      if (seen.type === "directory") visit(path);
    }
  };
  visit("");
  return memoryImage(nodes, {
    at: { fromNs, toNs: model.nowNs },
    consistency: isFrozen ? "crash" : "fuzzy",
  });
}

type Seen = { readonly state: ModelState; readonly unreadable: ReadonlySet<string> };

async function seen(image: Image): Promise<Seen> {
  const state = new Map<string, string>();
  const unreadable = new Set<string>();
  for await (const { path, entry } of walkImage(image, rootPath)) {
    if (entry.type === "directory") state.set(path, `folder ${entry.mode}`);
    else {
      try {
        const text = Buffer.from(await readAll(image, path)).toString("latin1");
        assert.equal(text.length, entry.sizeBytes, `${path} is as long as it is listed`);
        state.set(path, `file ${entry.mode} ${text}`);
      } catch (error) {
        assert.equal((error as { code?: string }).code, "image.unreadable");
        unreadable.add(path);
      }
    }
  }
  return { state, unreadable };
}

/** Equal, but for what the walk that took the base missed: that is told. */
async function assertSame(image: Image, expected: ModelState): Promise<number> {
  const { state, unreadable } = await seen(image);
  const told = new Set<string>(image.problems.map(({ path }) => path));
  const isTold = (path: string): boolean => {
    for (let at = path; at !== ""; at = at.slice(0, Math.max(0, at.lastIndexOf("/"))))
      if (told.has(at)) return true;
    return false;
  };
  let missed = 0;
  for (const path of new Set([...expected.keys(), ...state.keys()])) {
    if (state.get(path) === expected.get(path)) continue;
    const why = `${path}: "${state.get(path) ?? "nothing"}" instead of "${expected.get(path) ?? "nothing"}"`;
    assert.ok(isTold(path), why);
    assert.ok(expected.has(path), why);
    assert.ok(unreadable.has(path) || !state.has(path) || path !== "", why);
    missed++;
  }
  return missed;
}

type Story = {
  readonly model: ModelStore;
  readonly base: Image;
  readonly image: (index: number) => Promise<Image>;
  readonly from: number;
};

async function story(seed: number, isFrozen: boolean): Promise<Story> {
  const random = randomOf(seed);
  const journal = memoryJournal();
  const model = new ModelStore(journal, random, startNs);
  const changes = (count: number): void => {
    for (let n = 0; n < count; n++) model.change();
  };
  changes(25);
  const first = journal.lastSequence + 1;
  // The replay may begin somewhat earlier than the base.
  const earlier = model.states.at(-1 - random(8))?.sequence ?? first;
  const base = takeBase(model, random, isFrozen);
  const from = model.states.length;
  changes(20);
  model.nowNs += 1_200_000_000_000n;
  changes(20);
  return {
    model,
    base,
    from,
    image: async (index) =>
      await replayedImage({
        base: shared(base),
        journal,
        fromSequence: Math.min(earlier, first),
        upTo: model.states[index]?.sequence ?? journal.lastSequence,
      }),
  };
}

/** Stays open when the image that it is the base of is closed. */
function shared(image: Image): Image {
  return new Proxy(image, {
    get: (target, key) => {
      if (key === Symbol.asyncDispose) return async () => undefined;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

test("at any moment after a frozen base, the replayed image is the store as it was", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), fc.nat(39), async (seed, later) => {
      const { model, from, image } = await story(seed, true);
      const index = Math.min(from + later, model.states.length - 1);
      await using replayed = await image(index);
      assert.equal(await assertSame(replayed, model.states[index]?.state ?? new Map()), 0);
    }),
    { numRuns: 80 },
  );
});

test("at any moment after a base that was read while the store changed, what differs is what that reading missed, and told", async () => {
  const tally = { runs: 0, missed: 0, files: 0 };
  await fc.assert(
    fc.asyncProperty(fc.integer(), fc.nat(39), async (seed, later) => {
      const { model, from, image } = await story(seed, false);
      const index = Math.min(from + later, model.states.length - 1);
      const expected = model.states[index]?.state ?? new Map();
      await using replayed = await image(index);
      const missed = await assertSame(replayed, expected);
      tally.runs++;
      tally.missed += missed;
      tally.files += expected.size;
    }),
    { numRuns: 120 },
  );
  assert.ok(tally.missed < tally.files / 10, `${tally.missed} of ${tally.files} were missed`);
});

async function replayedFrom(journal: MemoryJournal, nodes: MemoryNodes): Promise<Image> {
  const base = memoryImage(nodes, { at: { toNs: startNs }, consistency: "crash" });
  return await replayedImage({ base, journal, fromSequence: 1, upTo: journal.lastSequence });
}

const state = {
  type: "file",
  mode: 0o600,
  uid: 8,
  gid: 8,
  mtimeNs: startNs,
  ctimeNs: startNs,
  inode: 5n,
  links: 1,
} as const;

test("bytes that the journal does not hold any more make one file unreadable, and no other", async () => {
  const journal = memoryJournal();
  const lost = {
    path: "lost" as RawPath,
    state,
    sizeBytes: 4,
    content: [{ data: 99, offset: 0, lengthBytes: 4 }],
  };
  journal.append({ type: "put", ...lost }, startNs);
  const content = journal.store(Buffer.from("here"), startNs);
  const kept = { path: "kept" as RawPath, state: { ...state, inode: 6n }, sizeBytes: 4, content };
  journal.append({ type: "put", ...kept }, startNs);
  await using image = await replayedFrom(journal, { base: "base" });
  assert.deepEqual([...(await image.list(rootPath)).names], ["base", "kept", "lost"]);
  await assert.rejects(readAll(image, "lost" as RawPath), { code: "image.unreadable" });
  assert.equal(Buffer.from(await readAll(image, "kept" as RawPath)).toString(), "here");
  assert.deepEqual(
    image.problems.map(({ path, code }) => [path, code]),
    [["lost", "unreadable"]],
  );
  const answers = await Array.fromAsync(
    image.readFiles?.(["lost", "base", "kept"] as RawPath[]) ?? [],
  );
  const names = new Map(answers.map(({ path, error }) => [path as string, error?.name]));
  assert.deepEqual(Object.fromEntries(names), {
    base: undefined,
    kept: undefined,
    lost: "ImageError",
  });
});

test("events that name a path outside the store, or a folder in itself, change nothing and are told", async () => {
  const journal = memoryJournal();
  const file = { inode: 1n, sizeBytes: 0, mtimeNs: 0n };
  for (const [path, to] of [
    ["a", "a/b"],
    ["../x", "y"],
    ["a", "b/../../c"],
    ["a", "/etc/x"],
    ["", "q"],
  ] as const) {
    journal.append({ type: "rename", path: path as RawPath, to: to as RawPath, file }, startNs);
    journal.append({ type: "link", path: path as RawPath, to: to as RawPath, file }, startNs);
  }
  journal.append({ type: "remove", path: "." as RawPath }, startNs);
  await using image = await replayedFrom(journal, { "a/one": "1" });
  assert.deepEqual(await seen(image), {
    state: new Map([
      ["a", "folder 493"],
      ["a/one", "file 384 1"],
    ]),
    unreadable: new Set(),
  });
  assert.deepEqual(
    image.problems.map(({ code }) => code),
    ["unsupported"],
  );
});

test("a name that was linked to a folder's own inside does not go round in circles", async () => {
  const journal = memoryJournal();
  const file = { inode: 1n, sizeBytes: 0, mtimeNs: 0n };
  const pairs = [
    ["a", "b"],
    ["a", "b/c"],
    ["b", "b/c/d"],
    ["b", "a/x"],
    ["a", "c"],
    ["c", "a/y/z"],
  ];
  for (const [path = "", to = ""] of pairs) {
    journal.append({ type: "link", path: path as RawPath, to: to as RawPath, file }, startNs);
    journal.append({ type: "rename", path: path as RawPath, to: to as RawPath, file }, startNs);
  }
  await using image = await replayedFrom(journal, { a: "1" });
  const walked = await seen(image);
  assert.ok(walked.state.size + walked.unreadable.size < 20);
});

test("what no event touched has the fingerprint of the base, and what one touched has another", async () => {
  const journal = memoryJournal();
  const content = journal.store(Buffer.from("new"), startNs);
  const put = { path: "touched/new" as RawPath, state, sizeBytes: 3, content };
  journal.append({ type: "put", ...put }, startNs);
  const file = { inode: 1n, sizeBytes: 1, mtimeNs: 0n };
  const moved = { path: "touched/old" as RawPath, to: "touched/moved" as RawPath, file };
  journal.append({ type: "rename", ...moved }, startNs + 3_600_000_000_000n);
  const nodes = { "touched/old": "1", "still/one": "1" };
  const base = memoryImage(nodes);
  await using image = await replayedFrom(journal, nodes);
  const of = async (from: Image, path: string): Promise<string | undefined> =>
    await from.fingerprint(path as RawPath);
  assert.equal(image.fingerprintScope, base.fingerprintScope);
  assert.equal(await of(image, "still"), await of(base, "still"));
  assert.equal(await of(image, "touched"), undefined);
  assert.equal(await of(image, "touched/moved"), await of(base, "touched/old"));
  assert.match((await of(image, "touched/new")) ?? "", /^journal:/);
});

test("events that are missing in between are told", async () => {
  const journal = memoryJournal();
  for (let n = 0; n < 5; n++) journal.append({ type: "remove", path: `${n}` as RawPath }, startNs);
  const records = journal.records.filter(({ sequence }) => sequence !== 2 && sequence !== 3);
  await using image = await replayedFrom(memoryJournal({ records }), { "1": "1" });
  assert.match(image.problems[0]?.message ?? "", /Events 2 to 3 .* are missing/);
});
