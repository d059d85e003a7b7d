import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { RecoveryPoint } from "#copies";
import {
  type Image,
  memoryImage,
  type MemoryNode,
  type RawPath,
  readAll,
  rootPath,
  walkImage,
} from "#image";
import { memoryJournal, type MemoryJournal } from "#journal";
import type { RetentionHold } from "#policy";
import { continuousCopy } from "./continuous-copy.ts";
import { planThinning, type ThinningOptions } from "./journal-thinning.ts";
import { isFolder, ModelStore, type ModelState, type Random } from "./model-store.fixture.ts";

const startNs = 1_700_000_000_000_000_000n;
const second = 1_000_000_000n;

/** A base of its store, as a copy would have it, and as the image that opens. */
type Base = {
  readonly point: RecoveryPoint;
  readonly fromNs: bigint;
  readonly nodes: Readonly<Record<string, MemoryNode>>;
};

class Scene {
  readonly journal: MemoryJournal = memoryJournal({ group: "g" });
  readonly model: ModelStore;
  readonly bases: Base[] = [];
  readonly random: Random;

  constructor(seed: number) {
    let state = seed;
    this.random = (below) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
      return below === 0 ? 0 : (state >>> 8) % below;
    };
    this.journal.append({ type: "mark", name: "start" }, startNs);
    this.model = new ModelStore(this.journal, this.random, startNs);
  }

  live(changes: number): void {
    for (let n = 0; n < changes; n++) this.model.change();
  }

  takeBase(): void {
    const { model, bases } = this;
    const nodes: Record<string, MemoryNode> = {};
    const look = (folder: string): void => {
      const node = model.at(folder);
      if (node === undefined || !isFolder(node)) return;
      for (const name of node.children.keys()) {
        const path = folder === "" ? name : `${folder}/${name}`;
        nodes[path] = model.look(path) as MemoryNode;
        look(path);
      }
    };
    look("");
    const fromNs = model.nowNs;
    model.nowNs += BigInt(this.random(20)) * second;
    const about = { group: "g", generation: "1", paths: ["/mail"], hostname: "mx1", tags: [] };
    const sequence = bases.length + 1;
    const at = { id: `b${sequence}`, sequence, atNs: model.nowNs, consistency: "crash" } as const;
    bases.push({ point: { ...about, ...at }, fromNs, nodes });
  }

  async open(atNs: bigint): Promise<Image> {
    const { journal, bases } = this;
    const copy = {
      name: "here",
      method: "backup to disk",
      reach: "at-hand" as const,
      open: async ({ id }: RecoveryPoint): Promise<Image> => {
        const base = bases.find(({ point }) => point.id === id) as Base;
        const at = { fromNs: base.fromNs, toNs: base.point.atNs };
        return memoryImage(base.nodes, { at, consistency: "crash" });
      },
    };
    const moments = bases.map(({ point }) => point);
    const all = continuousCopy({ name: "j", journal, bases: [{ copy, moments }] });
    const moment = await all.momentAt(atNs);
    assert.ok("point" in moment, "reason" in moment ? `${atNs}: ${moment.reason}` : "");
    return await all.open(moment.point);
  }

  options(sinceNs: bigint, holds: readonly RetentionHold[] = []): ThinningOptions {
    const at = this.bases.map(({ fromNs, point: { atNs } }) => ({ fromNs, atNs }));
    return {
      sinceNs,
      nowNs: this.model.nowNs,
      baseBy: async (byNs) => at.findLast(({ atNs }) => atNs <= byNs),
      holds: async () => holds,
    };
  }
}

async function stateOf(image: Image): Promise<ModelState> {
  const state = new Map<string, string>();
  for await (const { path, entry } of walkImage(image, rootPath))
    state.set(
      path,
      entry.type === "directory"
        ? `folder ${entry.mode}`
        : `file ${entry.mode} ${Buffer.from(await readAll(image, path)).toString("latin1")}`,
    );
  return state;
}

/** What is in the window is as it was: its first moment, and every fourth. How many that were. */
async function assertWindowOpens(
  { model, journal, open }: Pick<Scene, "model" | "journal"> & { open: Scene["open"] },
  sinceNs: bigint,
): Promise<number> {
  const labels = new Map(journal.records.map(({ sequence, atNs }) => [sequence, atNs]));
  let opened = 0;
  for (const { sequence, state } of model.states) {
    const atNs = labels.get(sequence) ?? 0n;
    if (atNs < sinceNs || (opened > 0 && sequence % 4 > 0)) continue;
    await using image = await open(atNs);
    assert.deepEqual(await stateOf(image), state, `event ${sequence}`);
    opened += 1;
  }
  return opened;
}

test("after any thinning, every moment of the window still opens as it was", async () => {
  const tally = { removed: 0, opened: 0 };
  await fc.assert(
    fc.asyncProperty(fc.integer(), fc.nat(60), async (seed, windowSeconds) => {
      const scene = new Scene(seed);
      const { journal, model, random } = scene;
      for (let round = 0; round < 4; round++) {
        scene.live(8 + random(12));
        scene.takeBase();
        scene.live(random(15));
        const sinceNs = model.nowNs - BigInt(windowSeconds) * second;
        const couldOpen = scene.bases[0]?.point.atNs ?? 0n;
        const plan = await planThinning(journal, scene.options(sinceNs));
        if ("keepFrom" in plan) {
          // Whole segments go: what stays may begin anywhere before.
          const first = journal.records[0]?.sequence ?? 0;
          const before = first + random(plan.keepFrom - first + 1);
          tally.removed += await journal.removeBefore(before);
          assert.ok(journal.records.at(-1) !== undefined);
        }
        const fromNs = sinceNs > couldOpen ? sinceNs : couldOpen;
        const open = scene.open.bind(scene);
        tally.opened += await assertWindowOpens({ model, journal, open }, fromNs);
      }
    }),
    { numRuns: 15 },
  );
  assert.ok(tally.removed > 200 && tally.opened > 150, JSON.stringify(tally));
});

/** Bases after 20 and 60 seconds, a hundred seconds in all. */
function hundredSeconds(): Scene {
  const scene = new Scene(7);
  for (const changes of [20, 40]) {
    scene.live(changes);
    scene.takeBase();
  }
  scene.live(40);
  return scene;
}

test("what a replay on the base before the window reads is kept, and with it what it points at", async () => {
  const scene = hundredSeconds();
  const { journal, model, bases } = scene;
  const base = bases[1] as Base;
  const labelOf = (sequence: number): bigint =>
    journal.records.find((record) => record.sequence === sequence)?.atNs ?? 0n;
  const plan = await planThinning(journal, scene.options(base.point.atNs));
  assert.ok("keepFrom" in plan);
  assert.ok(labelOf(plan.keepFrom) < base.fromNs - 10n * second);
  assert.ok(labelOf(plan.keepFrom) > base.fromNs - 15n * second);
  // An event of now that points at the oldest bytes of all.
  const oldest = journal.records.find(({ event }) => event.type === "data");
  const content = [{ data: oldest?.sequence ?? 0, offset: 0, lengthBytes: 0 }];
  const state = { type: "file", mode: 0, uid: 0, gid: 0, inode: 1n, links: 1 } as const;
  const times = { mtimeNs: 0n, ctimeNs: 0n };
  const put = { type: "put", path: "old" as RawPath, state: { ...state, ...times } } as const;
  journal.append({ ...put, sizeBytes: 0, content }, model.nowNs);
  const again = await planThinning(journal, scene.options(base.point.atNs));
  assert.ok(!("keepFrom" in again) || again.keepFrom <= (oldest?.sequence ?? 0));
});

test("nothing goes without a base before the window, nor while a hold reaches it", async () => {
  const scene = hundredSeconds();
  const { journal, model, bases } = scene;
  const [first, newest] = bases as [Base, Base];
  const reason = async (options: ThinningOptions): Promise<string> => {
    const plan = await planThinning(journal, options);
    return "keptBecause" in plan ? plan.keptBecause : `from ${plan.keepFrom}`;
  };
  const none = scene.options(first.point.atNs - 1n);
  assert.match(await reason(none), /no copy is older/);
  const since = newest.point.atNs;
  const hold = { id: "hold-1", reason: "a case" };
  const holds = (some: Partial<RetentionHold>): ThinningOptions =>
    scene.options(since, [{ ...hold, ...some }]);
  assert.equal(await reason(holds({})), "held by hold-1: a case");
  assert.match(await reason(holds({ group: "g", untilNs: startNs + second })), /^held by/);
  assert.match(await reason(holds({ group: "other" })), /^from /);
  assert.match(await reason(holds({ group: "g", untilNs: startNs - second })), /^from /);
  const damaged = { ...scene.options(since), holds: () => Promise.reject(new Error("damaged")) };
  await assert.rejects(planThinning(journal, damaged), /damaged/);
  // The clock was set back for good: the first label says nothing of how old things are.
  journal.append({ type: "mark", name: "start" }, model.nowNs - 50n * second);
  const old = holds({ group: "g", untilNs: startNs - second });
  assert.match(await reason(old), /^held by|^all of it/);
  assert.equal(await reason(scene.options(startNs)), await reason(none));
});

test("a clock that was set back takes nothing from the replay of a base", async () => {
  const scene = hundredSeconds();
  const { journal, model, bases } = scene;
  // A start without a clock: a stretch of 1970, and then the right time again.
  for (let at = 0n; at < 20n; at++) journal.append({ type: "mark", name: "volumes" }, at * second);
  scene.live(20);
  const since = bases[1]?.point.atNs ?? 0n;
  const plan = await planThinning(journal, scene.options(since));
  const cut = (bases[1]?.fromNs ?? 0n) - 10n * second;
  const needed = journal.records.find(({ atNs }) => atNs >= cut)?.sequence ?? 0;
  assert.ok("keepFrom" in plan && plan.keepFrom < needed && plan.keepFrom > needed - 8);
  await journal.removeBefore(plan.keepFrom);
  await using image = await scene.open(model.nowNs);
  assert.deepEqual(await stateOf(image), model.state());
});
