/** What every way of being told of changes does. */
import assert from "node:assert/strict";
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { joinRawPath, type RawPath } from "#image";
import type { ChangeHint, ChangeHints, HintLoss, HintWay, OpenHints } from "./change-hints.ts";

type Opened = AsyncDisposable & {
  readonly root: string;
  readonly hints: ChangeHints;
  readonly told: readonly ChangeHint[];
  readonly losses: readonly HintLoss[];
  /** Whether somebody who follows the hints looks at this path. */
  readonly isTold: (path: string) => boolean;
};

export async function openForTest(
  open: OpenHints,
  t: TestContext,
  isProtected: (path: RawPath) => boolean = () => true,
): Promise<Opened | undefined> {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "restante-hints-")));
  mkdirSync(join(root, "a", "b"), { recursive: true });
  const told: ChangeHint[] = [];
  const losses: HintLoss[] = [];
  const hints = await open({
    root: root as RawPath,
    isProtected,
    folders: () => ["", "a", "a/b"] as RawPath[],
    nowNs: () => BigInt(Date.now()) * 1_000_000n,
    listener: {
      onHints: (some) => void told.push(...some),
      onLoss: (loss) => void losses.push(loss),
    },
  });
  if ("unavailable" in hints) {
    rmSync(root, { recursive: true });
    t.skip(hints.unavailable);
    return undefined;
  }
  return {
    root,
    hints,
    told,
    losses,
    isTold: (path) =>
      told.some(({ folder, name }) =>
        name === undefined
          ? path.startsWith(folder === "" ? "" : `${folder}/`)
          : joinRawPath(folder, name) === path,
      ),
    async [Symbol.asyncDispose]() {
      await hints[Symbol.asyncDispose]();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

export function changeHintsContract(way: HintWay, open: OpenHints): void {
  test(`${way}: tells of files that come, grow, change, move and go`, async (t) => {
    await using site = await openForTest(open, t);
    if (site === undefined) return;
    const { root, hints, told, isTold } = site;
    assert.equal(hints.way, way);
    const steps: readonly (readonly [path: string, change: () => void])[] = [
      ["a/b/new", () => writeFileSync(join(root, "a/b/new"), "1")],
      ["a/b/new", () => appendFileSync(join(root, "a/b/new"), "2")],
      ["a/b/new", () => chmodSync(join(root, "a/b/new"), 0o600)],
      ["a/moved", () => renameSync(join(root, "a/b/new"), join(root, "a/moved"))],
      ["a/moved", () => unlinkSync(join(root, "a/moved"))],
      ["top", () => writeFileSync(join(root, "top"), "")],
    ];
    for (const [path, change] of steps) {
      (told as ChangeHint[]).length = 0;
      change();
      await hints.settle();
      assert.ok(isTold(path), path);
    }
    assert.deepEqual(site.losses, []);
  });

  test(`${way}: tells of folders, and what lies in them is in question`, async (t) => {
    await using site = await openForTest(open, t);
    if (site === undefined) return;
    const { root, hints, told, isTold } = site;
    mkdirSync(join(root, "c"));
    hints.watchFolder("c" as RawPath);
    writeFileSync(join(root, "c", "deep"), "");
    await hints.settle();
    assert.ok(isTold("c") && isTold("c/deep"));
    (told as ChangeHint[]).length = 0;
    renameSync(join(root, "c"), join(root, "d"));
    await hints.settle();
    const folder = told.find(({ name }) => name === ("d" as never));
    assert.ok(isTold("c") && folder?.below === true);
    hints.forgetFolder("c" as RawPath);
    hints.watchFolder("d" as RawPath);
    (told as ChangeHint[]).length = 0;
    writeFileSync(join(root, "d", "later"), "");
    await hints.settle();
    assert.ok(isTold("d/later"), "under its new name");
  });

  test(`${way}: names are bytes`, async (t) => {
    await using site = await openForTest(open, t);
    if (site === undefined) return;
    for (const name of ["two\nlines", "\xff\xfe", "sp ace", " (deleted)"]) {
      writeFileSync(Buffer.from(`${site.root}/a/${name}`, "latin1"), "");
      await site.hints.settle();
      assert.ok(site.isTold(`a/${name}`), JSON.stringify(name));
    }
  });

  test(`${way}: tells nothing more when it is closed`, async (t) => {
    await using site = await openForTest(open, t);
    if (site === undefined) return;
    await site.hints[Symbol.asyncDispose]();
    writeFileSync(join(site.root, "late"), "");
    await site.hints.settle();
    assert.deepEqual([site.told.length, site.losses.length], [0, 0]);
  });
}
