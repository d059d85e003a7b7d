import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { RecoveryPoint } from "#copies";
import type { RawPath } from "#image";
import {
  compareAccounts,
  type KnownAccounts,
  noteAccounts,
  recallAccounts,
  recallDisappeared,
} from "./known-accounts.ts";

const day = 86_400_000_000_000n;

function point(id: string, paths: readonly string[] = ["/v"]): RecoveryPoint {
  return {
    id,
    group: "g",
    sequence: 1,
    generation: "1",
    atNs: 5n,
    consistency: "fuzzy",
    paths,
    hostname: "mx1",
    tags: [],
  };
}

const account = (name: string) => ({ address: `${name}@x.org`, path: `/v/x.org/${name}` });
const seen = (...names: readonly string[]) => ({
  accounts: names.map(account),
  isComplete: true,
});
const first: KnownAccounts = compareAccounts(undefined, {
  seen: seen("ann", "bob", "cal"),
  point: point("a"),
  problems: [],
  nowNs: 0n,
}).known;

test("who is in the moment before and not in this one is gone, once", () => {
  const later = { point: point("b"), problems: [], nowNs: day };
  const { gone, known } = compareAccounts(first, { ...later, seen: seen("ann", "cal") });
  assert.deepEqual(gone, [account("bob")]);
  const again = compareAccounts(known, { ...later, point: point("c"), seen: seen("ann", "cal") });
  assert.deepEqual(again.gone, []);
  assert.deepEqual(again.known.gone?.accounts, [account("bob")]);
  assert.equal(again.known.gone?.since.id, "a");
  const back = compareAccounts(again.known, { ...later, seen: seen("ann", "bob", "cal") });
  assert.equal(back.known.gone, undefined);
});

test("what could not be listed is not gone, and is compared again the next time", () => {
  const problems = [{ path: "x.org/bob" as RawPath, code: "unlistable", message: "EIO" }] as const;
  const broken = compareAccounts(first, {
    seen: seen("ann"),
    point: point("b"),
    problems,
    nowNs: 0n,
  });
  assert.deepEqual(broken.gone, [account("cal")]);
  const later = compareAccounts(broken.known, {
    seen: seen("ann"),
    point: point("c"),
    problems: [],
    nowNs: 0n,
  });
  assert.deepEqual(later.gone, [account("bob")]);
  const all = [{ path: "" as RawPath, code: "unlistable", message: "EIO" }] as const;
  const nothing = { seen: seen(), point: point("d"), problems: all, nowNs: 0n };
  assert.deepEqual(compareAccounts(first, nothing).gone, []);
});

test("moments of other folders are compared with nothing", () => {
  const moved = { seen: seen(), point: point("b", ["/v", "/w"]), problems: [], nowNs: 0n };
  assert.deepEqual(compareAccounts(first, moved).gone, []);
});

test("what is remembered outlives the run, and damage to it is nobody's disappearance", async (t) => {
  const stateFolder = mkdtempSync(join(tmpdir(), "restante-known-"));
  t.after(() => rmSync(stateFolder, { recursive: true }));
  const place = { stateFolder, copy: "/tapes", group: "g" };
  const note = async (id: string, ...names: readonly string[]) =>
    await noteAccounts(place, {
      seen: seen(...names),
      point: point(id),
      problems: [],
      nowNs: day,
      onProblem: (sentence) => assert.fail(sentence),
    });
  assert.equal(await note("a", "ann", "bob"), undefined);
  assert.deepEqual((await note("b", "ann"))?.accounts, [account("bob")]);
  const recall = async (nowNs: bigint) =>
    await recallDisappeared(place, { nowNs, withinMs: 7 * 86_400_000 });
  assert.equal((await recall(2n * day))?.since.id, "a");
  assert.equal(await recall(9n * day), undefined);
  assert.equal(await recallAccounts({ ...place, group: "other" }), undefined);
  const [name = ""] = readdirSync(join(stateFolder, "accounts"));
  for (const damage of ["", "{", '{"version":1,"paths":[],"point":{"id":"a","atNs":"x"}}']) {
    writeFileSync(join(stateFolder, "accounts", name), damage);
    assert.equal(await recallAccounts(place), undefined);
    assert.equal(await note("c"), undefined);
  }
});
