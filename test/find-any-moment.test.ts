import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Catalog,
  fillCatalog,
  type FillableMoment,
  fillProvisionally,
  openCatalog,
  type Query,
} from "#catalog";
import type { RecoveryPoint } from "#copies";
import { type Image, memoryImage, type MemoryNode, type RawPath } from "#image";
import { type FileState, type Journal, memoryJournal } from "#journal";
import { type ContinuousCopy, continuousCopy } from "#methods";

/* What a search finds at a moment of a journal is what it finds where a copy was taken at that moment. */

const startNs = 1_790_000_000_000_000_000n;
const second = 1_000_000_000n;
const group = "mail";

function randomOf(seed: number): (below: number) => number {
  let state = seed * 2 + 1;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

type File = { readonly bytes: Buffer; readonly inode: bigint; readonly mtimeNs: bigint };

/** Three people's Maildirs, of which the journal is told. */
class Maildirs {
  readonly files = new Map<string, File>();
  nowNs = startNs;
  readonly #journal: Journal;
  readonly #random: (below: number) => number;
  #serial = 0;

  constructor(journal: Journal, random: (below: number) => number) {
    this.#journal = journal;
    this.#random = random;
  }

  image(): Image {
    const nodes: Record<string, MemoryNode | string> = {};
    for (const folder of folders)
      for (const part of ["cur", "new", "tmp"])
        nodes[`${folder}/${part}`] = { type: "directory", inode: 1n, deviceId: 7n, mode: 0o700 };
    for (const [path, { bytes, inode, mtimeNs }] of this.files)
      nodes[path] = { bytes, inode, mtimeNs, mode: 0o600, deviceId: 7n, links: 1 };
    const at = { group, fromNs: this.nowNs, toNs: this.nowNs };
    return memoryImage(nodes, { at, consistency: "crash" });
  }

  change(): void {
    this.nowNs += second * BigInt(1 + this.#random(30));
    const all = [...this.files.keys()];
    const path = all[this.#random(all.length)];
    const kind = this.#random(7);
    if (path === undefined || kind < 3) this.#deliver();
    else if (kind === 3)
      this.#rename(
        path,
        `${path.replace(/\/(new|cur)\//, "/cur/").replace(/:2,.*/, "")}:2,${["S", "FS", "RS"][this.#random(3)]}`,
      );
    else if (kind === 4) this.#rename(path, `${this.#folder()}/cur/${path.replace(/.*\//, "")}`);
    else this.#remove(path);
  }

  #folder(): string {
    return folders[this.#random(folders.length)] as string;
  }

  #deliver(): void {
    const number = ++this.#serial;
    const text = `From: a@example.org\nSubject: subject${number} ${number % 2 === 0 ? "even" : "odd"}\nDate: 1 Oct 2026 10:00:${String(number % 60).padStart(2, "0")} +0000\n\nthe text\n`;
    const path = `${this.#folder()}/new/${number}.M1.mx1`;
    const file = { bytes: Buffer.from(text), inode: BigInt(number + 100), mtimeNs: this.nowNs };
    this.files.set(path, file);
    const content = this.#journal.store(file.bytes, this.nowNs);
    const event = {
      path: path as RawPath,
      state: this.#state(file),
      sizeBytes: file.bytes.length,
      content,
    };
    this.#journal.append({ type: "put", ...event }, this.nowNs);
  }

  #rename(path: string, to: string): void {
    const file = this.files.get(path) as File;
    if (path === to) return;
    this.files.delete(path);
    this.files.set(to, file);
    const { inode, mtimeNs, bytes } = file;
    const evidence = { inode, mtimeNs, sizeBytes: bytes.length };
    this.#journal.append(
      { type: "rename", path: path as RawPath, to: to as RawPath, file: evidence },
      this.nowNs,
    );
  }

  #remove(path: string): void {
    this.files.delete(path);
    this.#journal.append({ type: "remove", path: path as RawPath }, this.nowNs);
  }

  #state({ inode, mtimeNs }: File): FileState {
    return {
      type: "file",
      mode: 0o600,
      uid: 0,
      gid: 0,
      mtimeNs,
      ctimeNs: this.nowNs,
      inode,
      links: 1,
    };
  }
}

const folders = ["ada", "ada/.Old", "bob", "bob/.Old", "cleo"];

type Taken = { readonly point: RecoveryPoint; readonly image: Image };

/** An Image in memory stays open, whoever closes it. */
function lasting({ image }: Taken): Image {
  return new Proxy(image, {
    get: (target, key) => {
      if (key === Symbol.asyncDispose) return async () => undefined;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

type Story = {
  readonly copies: readonly Taken[];
  readonly truths: readonly Taken[];
  readonly continuous: ContinuousCopy;
};

/** Churn, with copies now and then, and true states in between. */
function storyOf(seed: number): Story {
  const random = randomOf(seed);
  const journal = memoryJournal({ group });
  const store = new Maildirs(journal, random);
  const [copies, truths]: [Taken[], Taken[]] = [[], []];
  const take = (id: string): Taken => ({ point: pointOf(id, store.nowNs), image: store.image() });
  journal.append({ type: "mark", name: "start" }, store.nowNs);
  for (let step = 0; step < 60; step++) {
    store.change();
    if (step % 17 === 3) {
      store.nowNs += second * 20n;
      copies.push(take(`copy${step}`));
      store.nowNs += second * 20n;
    } else if (step > 3 && random(4) === 0) truths.push(take(`truth${step}`));
  }
  const moments = copies.map(({ point }) => point);
  const open = async ({ id }: Pick<RecoveryPoint, "id">): Promise<Image> =>
    lasting(copies.find(({ point }) => point.id === id) as Taken);
  const copy = { name: "disk", method: "backup to disk", reach: "at-hand", open } as const;
  const bases = [{ copy, moments }];
  return { copies, truths, continuous: continuousCopy({ name: "journal", journal, bases }) };
}

function pointOf(id: string, atNs: bigint): RecoveryPoint {
  return {
    id,
    group,
    sequence: Number(atNs - startNs),
    generation: "1",
    atNs,
    consistency: "crash",
    paths: ["/mail"],
    hostname: "mx1",
    tags: [],
  };
}

async function filled(taken: readonly Taken[]): Promise<Catalog> {
  const catalog = openCatalog({ folder: undefined });
  const inOrder = taken.toSorted((a, b) => Number(a.point.atNs - b.point.atNs));
  await fillCatalog(catalog, {
    moments: inOrder.map(({ point }) => point),
    open: async ({ id }) => ({
      image: lasting(inOrder.find(({ point }) => point.id === id) as Taken),
      missing: [],
    }),
    workers: 0,
  });
  return catalog;
}

const queries: readonly Query["conditions"][] = [
  [],
  [{ kind: "is", state: "missing", isNot: false }],
  [{ kind: "is", state: "unseen", isNot: false }],
  [{ kind: "in", mailbox: "Old", isNot: false }],
  [{ kind: "words", field: "subject", text: "even", isPrefix: false, isNot: false }],
];

/** All that is found at an instant, and without one; moments by their time alone. */
async function answers(catalog: Catalog, atNs: bigint): Promise<string> {
  const all: unknown[] = [];
  for (const conditions of queries)
    for (const options of [{ atNs }, {}])
      all.push((await catalog.find({ conditions }, { ...options, limit: 1000 })).messages);
  return JSON.stringify(
    all,
    (key, value: unknown) => {
      if (key === "id") return undefined;
      if (typeof value === "bigint") return String(value);
      const isMoment = typeof value === "object" && value !== null && "atNs" in value;
      return isMoment ? String(value.atNs) : value;
    },
    1,
  );
}

test("find at any moment of a journal answers as where a copy had been taken then, whatever happened", async () => {
  let compared = 0;
  for (let seed = 1; seed <= 3; seed++) {
    const { copies, truths, continuous } = storyOf(seed);
    await using catalog = await filled(copies);
    for (const truth of truths) {
      const { atNs } = truth.point;
      const moment = await continuous.momentAt(atNs);
      if (!("point" in moment)) assert.fail(`seed ${seed}: ${moment.reason}`);
      await using whole = await filled([...copies, truth]);
      await using _told = await fillProvisionally(catalog, {
        moments: [moment.point],
        open: async () => ({ image: await continuous.open(moment.point), missing: [] }),
        openKnown: async ({ id }: FillableMoment) =>
          lasting(copies.find(({ point }) => point.id === id) as Taken),
        workers: 0,
      });
      assert.equal(await answers(catalog, atNs), await answers(whole, atNs), `seed ${seed}`);
      compared++;
    }
  }
  assert.ok(compared > 20, `${compared} moments were compared`);
});
