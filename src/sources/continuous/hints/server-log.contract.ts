/** What every log of a mail server does that hints come from. */
import assert from "node:assert/strict";
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import type { RawPath } from "#image";
import type { ChangeHint, ChangeHints, HintLoss, HintSources } from "./change-hints.ts";
import { openServerLog, type ServerLogOptions } from "./server-log.ts";

/** A store with two mailboxes, and how its server writes down that one has changed. */
export type LoggedStore = {
  readonly title: string;
  /** Makes the store in a folder that is empty. */
  readonly make: (root: string) => void;
  readonly sources: (root: string) => HintSources;
  readonly log: (root: string) => string;
  readonly lines: readonly [first: string, second: string];
  /** A folder of each, relative to the root. */
  readonly folders: readonly [first: string, second: string];
  /** Lines with names that lead elsewhere, or are none. */
  readonly hostile: readonly string[];
};

type Opened = AsyncDisposable & {
  readonly hints: ChangeHints;
  readonly told: string[];
  readonly losses: readonly HintLoss[];
  readonly root: string;
  readonly log: string;
  readonly write: (...lines: readonly string[]) => void;
  /** What a settling tells. */
  readonly settled: () => Promise<ReadonlySet<string>>;
  /** Resolves when something is told by itself. */
  readonly next: () => Promise<void>;
};

async function openLogged(store: LoggedStore, options: ServerLogOptions = {}): Promise<Opened> {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "restante-logged-")));
  store.make(root);
  const log = store.log(root);
  mkdirSync(dirname(log), { recursive: true });
  writeFileSync(log, "");
  const told: string[] = [];
  const losses: HintLoss[] = [];
  let wake = (): void => undefined;
  const onHints = (hints: readonly ChangeHint[]): void => {
    told.push(...hints.map(({ folder }) => folder));
    wake();
  };
  const hints = await openServerLog(
    {
      root: root as RawPath,
      isProtected: () => true,
      folders: () => [],
      nowNs: () => 0n,
      listener: { onHints, onLoss: (loss) => void losses.push(loss) },
      sources: store.sources(root),
    },
    // Looked at when it settles, and not by itself.
    { everyMs: 3_600_000, ...options },
  );
  assert.ok(!("unavailable" in hints));
  return {
    hints,
    told,
    losses,
    root,
    log,
    write: (...lines) => appendFileSync(log, lines.map((line) => `${line}\n`).join("")),
    settled: async () => {
      told.length = 0;
      await hints.settle();
      return new Set(told);
    },
    next: async () => await new Promise<void>((resolve) => (wake = resolve)),
    async [Symbol.asyncDispose]() {
      await hints[Symbol.asyncDispose]();
      rmSync(root, { recursive: true });
    },
  };
}

export function serverLogContract(store: LoggedStore): void {
  const { title, lines, folders } = store;
  const [first, second] = lines;

  test(`${title}: tells of the mailbox that changed, and of no other`, async () => {
    await using site = await openLogged(store);
    assert.equal(site.hints.way, "server-log");
    assert.deepEqual(await site.settled(), new Set());
    site.write(first);
    const told = await site.settled();
    assert.ok(told.has(folders[0]), [...told].join());
    assert.ok(!told.has(folders[1]), [...told].join());
    site.write(second);
    assert.ok((await site.settled()).has(folders[1]));
    assert.deepEqual(site.losses, []);
  });

  test(`${title}: a line that is not whole is waited for`, async () => {
    await using site = await openLogged(store);
    appendFileSync(site.log, first.slice(0, -2));
    assert.ok(!(await site.settled()).has(folders[0]));
    appendFileSync(site.log, `${first.slice(-2)}\n`);
    assert.ok((await site.settled()).has(folders[0]));
  });

  test(`${title}: a log that is rotated loses nothing`, async () => {
    await using site = await openLogged(store);
    site.write(first);
    renameSync(site.log, `${site.log}.1`);
    writeFileSync(site.log, `${second}\n`);
    const told = await site.settled();
    assert.ok(
      folders.every((folder) => told.has(folder)),
      [...told].join(),
    );
    assert.deepEqual(site.losses, []);
  });

  test(`${title}: a log that is truncated may have lost lines, unless something watches`, async () => {
    for (const beside of [undefined, { limits: undefined }]) {
      await using site = await openLogged(store, beside === undefined ? {} : { beside });
      site.write(first, first);
      await site.settled();
      copyFileSync(site.log, `${site.log}.1`);
      truncateSync(site.log);
      site.write(second);
      assert.ok((await site.settled()).has(folders[1]));
      const whys = site.losses.map(({ why, isFinal = false }) => [why, isFinal]);
      assert.deepEqual(whys, beside === undefined ? [["lost", false]] : []);
    }
  });

  test(`${title}: names that lead elsewhere lead nowhere, and other lines tell of nothing`, async () => {
    await using site = await openLogged(store);
    site.write(...store.hostile, "\0\xff", "", "x".repeat(100_000));
    for (const path of await site.settled()) assert.ok(isInside(path), path);
    site.write(first);
    assert.ok((await site.settled()).has(folders[0]));
  });

  test(`${title}: says where it cannot be read`, async () => {
    await using site = await openLogged(store);
    assert.doesNotMatch(site.hints.limits ?? "", /cannot be read/);
    rmSync(dirname(site.log), { recursive: true });
    await site.settled();
    assert.match(site.hints.limits ?? "", /cannot be read/);
  });

  test(`${title}: of a mailbox that changes all the time it tells now and then`, async () => {
    let now = 0;
    await using site = await openLogged(store, {
      everyMs: 1,
      spacingMs: 1000,
      steadyMs: () => now,
    });
    const isToldTimes = (): number => site.told.filter((one) => one === folders[0]).length;
    const once = site.next();
    site.write(first);
    await once;
    assert.equal(isToldTimes(), 1, "at once");
    const again = site.next();
    for (let count = 0; count < 50; count++) site.write(first);
    now = 1000;
    await again;
    assert.equal(isToldTimes(), 2);
  });

  test(`${title}: tells nothing more when it is closed`, async () => {
    await using site = await openLogged(store);
    await site.hints[Symbol.asyncDispose]();
    site.write(first);
    assert.deepEqual(await site.settled(), new Set());
  });
}

function isInside(path: string): boolean {
  return !path.startsWith("/") && !path.split("/").includes("..");
}
