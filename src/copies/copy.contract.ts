import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isRecoveryError, RecoveryError } from "#errors";
import {
  displayPath,
  type Image,
  memoryImage,
  type MemoryNodes,
  type RawPath,
  readAll,
  rootPath,
  walkImage,
} from "#image";
import type { Copy, RecoveryPoint } from "./copy.ts";

/** One way in which something of a copy is lost. */
export type CopyLoss = {
  /** "the copy is deleted", "a tape is missing", "the host is unreachable". */
  readonly name: string;
  /** Makes it so, of this moment, or of one file of it. */
  readonly lose: (point: RecoveryPoint, path: RawPath) => Promise<void> | void;
  /** The code of the error that follows when all of the moment is read; "problem.CODE" where it is one that the Image reports. */
  readonly code: string | readonly string[];
  /** What the error has to name, given the moment and the path. */
  readonly names: (point: RecoveryPoint, path: RawPath) => string;
  /** What still can be recovered: every other moment, the rest of this moment, or nothing of this copy. */
  readonly leaves: "other moments" | "other files" | "nothing";
};

export interface CopyGround extends AsyncDisposable {
  readonly copy: Copy;
  /** Takes an Image into the copy as a new moment of a group. */
  protect(image: Image, group: string): Promise<RecoveryPoint>;
  readonly losses: readonly CopyLoss[];
}

export type CopyContractOptions = {
  /** An empty copy. Called once a test. */
  readonly make: () => Promise<CopyGround>;
  /** Names of the losses that `make` gives, in its order: a test each. */
  readonly losses: readonly string[];
  /** The code with which a moment that is open is refused a second time: a tape is in one drive. Default: it is not. */
  readonly refusesSecond?: string;
  readonly skip?: string | false;
};

const message = (text: string): string => `From: a@example.test\nSubject: ${text}\n\n${text}\n`;
const lost = "cur/2.M2.mx1:2," as RawPath;

function nodesAt(moment: number): MemoryNodes {
  return {
    "cur/1.M1.mx1:2,S": { bytes: message("one"), mode: 0o640, mtimeNs: 1_700_000_000_000_000_000n },
    [lost]: message(`two, as of moment ${moment}`),
    "new/3.M3.mx1": message("three"),
    tmp: { type: "directory" },
    ".Archive.caf&AOk-/cur/4": message("four"),
    ".Archive.caf&AOk-/new": { type: "directory", mode: 0o700 },
    "odd/caf\xe9\xff \n": message("a name that is no text"),
    "odd/empty": "",
    "odd/large": Buffer.alloc(2 * 1024 * 1024 + 17, "0123456789abcdef"),
    "odd/link": { linkTarget: "../cur/1.M1.mx1:2,S" },
    ...(moment > 1 ? { [`new/${moment + 10}.M9.mx1`]: message(`only since ${moment}`) } : {}),
  };
}

function imageAt(moment: number): Image {
  const atNs = 1_700_000_000_000_000_000n + BigInt(moment) * 3_600_000_000_000n;
  const at = { sequence: moment, fromNs: atNs - 5n, toNs: atNs };
  return memoryImage(nodesAt(moment), { at, consistency: "crash" });
}

/** What every Copy does: what was protected opens as an Image again, equal in everything, and what is lost is named. */
export function copyContract(name: string, options: CopyContractOptions): void {
  describe(`${name} keeps the Copy contract`, { skip: options.skip ?? false }, () => {
    coveringContract(options);
    losingContract(options);
  });
}

function coveringContract({ make, refusesSecond }: CopyContractOptions): void {
  test("what was protected opens as an Image: the listing equal, one message, everything equal", async () => {
    await using ground = await make();
    await using source = imageAt(1);
    const point = await ground.protect(source, "mx1/all");
    const [listed, ...more] = await ground.copy.moments();
    assert.deepEqual(more, []);
    assert.equal(listed?.id, point.id);
    assert.equal(listed.group, "mx1/all");
    assert.equal(listed.consistency, "crash");
    await using image = await ground.copy.open(listed);
    assert.deepEqual(await namesOf(image), await namesOf(source));
    const one = Buffer.from(await readAll(image, "cur/1.M1.mx1:2,S" as RawPath)).toString();
    assert.equal(one, message("one"));
    assert.deepEqual(await describeAll(image), await describeAll(source));
    assert.deepEqual(image.problems, []);
  });

  test("each moment stays as it was, oldest first", async () => {
    await using ground = await make();
    const points: RecoveryPoint[] = [];
    for (const moment of [1, 2, 3]) {
      await using source = imageAt(moment);
      points.push(await ground.protect(source, "mx1/all"));
    }
    const listed = await ground.copy.moments("mx1/all");
    assert.deepEqual(
      listed.map(({ id }) => id),
      points.map(({ id }) => id),
    );
    assert.ok(listed.every(({ sequence }, index) => sequence > (listed[index - 1]?.sequence ?? 0)));
    for (const [index, point] of listed.entries()) {
      await using image = await ground.copy.open(point);
      await using source = imageAt(index + 1);
      assert.deepEqual(await describeAll(image), await describeAll(source));
    }
  });

  test("groups are kept apart, also where one name would be part of the other's path", async () => {
    await using ground = await make();
    const groups = ["mx1", "mx1/all", "../mx1", "straße"];
    for (const group of groups) {
      await using source = imageAt(1);
      await ground.protect(source, group);
    }
    for (const group of groups)
      assert.deepEqual(
        (await ground.copy.moments(group)).map((one) => one.group),
        [group],
      );
    assert.equal((await ground.copy.moments()).length, groups.length);
    assert.deepEqual(await ground.copy.moments("none"), []);
  });

  test("two may have a moment open, and a closed Image is of no use", async () => {
    await using ground = await make();
    await using source = imageAt(1);
    const point = await ground.protect(source, "g");
    await using first = await ground.copy.open(point);
    if (refusesSecond !== undefined) {
      await assert.rejects(ground.copy.open(point), { code: refusesSecond });
      await first[Symbol.asyncDispose]();
    }
    await using second = await ground.copy.open(point);
    await first[Symbol.asyncDispose]();
    await assert.rejects(first.list(rootPath), (error) => isRecoveryError(error));
    assert.ok((await second.list(rootPath)).length > 0);
  });

  test("nothing is done when it was told to stop before it began", async () => {
    await using ground = await make();
    await using source = imageAt(1);
    const point = await ground.protect(source, "g");
    const signal = AbortSignal.abort();
    await assert.rejects(async () => await ground.copy.open(point, signal), { name: "AbortError" });
    await assert.rejects(async () => await ground.copy.moments(undefined, signal), {
      name: "AbortError",
    });
  });
}

function losingContract({ make, losses }: CopyContractOptions): void {
  for (const [index, name] of losses.entries()) {
    test(`when ${name}, the answer says what is gone, and what is left is recovered`, async () => {
      await using ground = await make();
      const loss = ground.losses[index];
      assert.equal(loss?.name, name);
      const points: RecoveryPoint[] = [];
      for (const moment of [1, 2]) {
        await using source = imageAt(moment);
        points.push(await ground.protect(source, "g"));
      }
      const [other, point] = points as [RecoveryPoint, RecoveryPoint];
      await loss.lose(point, lost);
      await assert.rejects(readWhole(ground.copy, point), (error) => {
        assert.ok(isRecoveryError(error), String(error));
        assert.ok([loss.code].flat().includes(error.code), `${error.code}: ${error.message}`);
        const named = loss.names(point, lost);
        assert.ok(error.message.includes(named), `"${error.message}" names "${named}"`);
        assert.notEqual(error.hint ?? "", "", "it says what to do");
        return true;
      });
      if (loss.leaves === "nothing") {
        await assert.rejects(
          async () => await ground.copy.moments(),
          (error) => isRecoveryError(error),
          "a failed listing is never an empty one",
        );
        return;
      }
      await using source = imageAt(1);
      await using image = await ground.copy.open(other);
      assert.deepEqual(await describeAll(image), await describeAll(source));
      if (loss.leaves === "other files") {
        await using damaged = await ground.copy.open(point);
        const rest = Buffer.from(await readAll(damaged, "new/3.M3.mx1" as RawPath)).toString();
        assert.equal(rest, message("three"));
      }
    });
  }
}

/** Reads every byte; throws the first error, or else the first problem that the Image reports. */
async function readWhole(copy: Copy, point: RecoveryPoint): Promise<void> {
  await copy.moments();
  await using image = await copy.open(point);
  for await (const { path, entry } of walkImage(image, rootPath)) {
    if (entry.type !== "file") continue;
    for await (const _ of image.read(path)) continue;
  }
  const [problem] = image.problems;
  if (problem === undefined) return;
  const { path, code, message: state } = problem;
  throw new RecoveryError(`problem.${code}`, `"${displayPath(path)}": ${state}`, { hint: state });
}

async function namesOf(image: Image): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { path, entry } of walkImage(image, rootPath))
    names.push(`${entry.type} ${displayPath(path)}`);
  return names;
}

async function describeAll(image: Image): Promise<Readonly<Record<string, unknown>>> {
  const all: Record<string, unknown> = {};
  for await (const { path, entry } of walkImage(image, rootPath)) {
    const { type, mode, mtimeNs, linkTarget } = entry;
    const bytes = type === "file" ? Buffer.from(await readAll(image, path)).toString("latin1") : "";
    // To the microsecond: what every filesystem and Node keep.
    all[path] = { type, mode, mtime: mtimeNs / 1000n, linkTarget, bytes };
  }
  return all;
}
