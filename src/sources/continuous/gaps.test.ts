import assert from "node:assert/strict";
import { test } from "node:test";
import { rootPath, type RawPath } from "#image";
import { commonFolder, ScanEvidence } from "./evidence.ts";
import { Gaps } from "./gaps.ts";

const seen = { nowNs: 900n, unseen: () => false };
const whole = { why: "overflow", fromNs: 100n, path: rootPath, message: "Too much." } as const;

test("a gap is written at its widest, and again as narrow as what was found allows", () => {
  const gaps = new Gaps();
  assert.deepEqual(gaps.open(whole, 500n), {
    type: "gap",
    why: "overflow",
    fromNs: 100n,
    toNs: 500n,
    message: "Too much.",
  });
  const evidence = new ScanEvidence();
  evidence.add({ path: "user/new/1" as RawPath, notBeforeNs: 300n });
  evidence.add({ path: "user/cur/2" as RawPath, notBeforeNs: 400n });
  const [narrowed] = gaps.narrow(rootPath, evidence, seen);
  assert.deepEqual([narrowed?.fromNs, narrowed?.toNs, narrowed?.path], [300n, 900n, "user"]);
  assert.equal(gaps.isOpen, false);
});

test("what tells no time leaves the gap as long as it was", () => {
  const gaps = new Gaps();
  gaps.open(whole, 500n);
  const evidence = new ScanEvidence();
  evidence.add({ path: "a" as RawPath, notBeforeNs: 300n });
  evidence.add({ path: "b" as RawPath });
  assert.equal(gaps.narrow(rootPath, evidence, seen)[0]?.fromNs, 100n);
});

test("a time before the gap, or from the future, does not move its begin", () => {
  for (const notBeforeNs of [50n, 1000n]) {
    const gaps = new Gaps();
    gaps.open(whole, 500n);
    const evidence = new ScanEvidence();
    evidence.add({ path: "a" as RawPath, notBeforeNs });
    assert.equal(gaps.narrow(rootPath, evidence, seen)[0]?.fromNs, 100n);
  }
});

test("a scan of one folder leaves the gaps of others open, and those that it could not see", () => {
  const gaps = new Gaps();
  const of = (path: string): RawPath => path as RawPath;
  for (const path of ["a", "a/b", "c"]) gaps.open({ ...whole, path: of(path) }, 500n);
  const evidence = new ScanEvidence();
  const closed = gaps.narrow(of("a"), evidence, { ...seen, unseen: (path) => path === "a/b" });
  assert.deepEqual(
    closed.map(({ path }) => path),
    ["a"],
  );
  assert.equal(gaps.isOpen, true);
  assert.equal(gaps.count, 3);
});

test("a clock that was set back does not turn a gap round", () => {
  const { fromNs, toNs } = new Gaps().open(whole, 20n);
  assert.ok(toNs >= fromNs);
});

test("the common folder goes by names, not by letters", () => {
  assert.equal(commonFolder("a/bc" as RawPath, "a/bd" as RawPath), "a");
  assert.equal(commonFolder("a" as RawPath, "b" as RawPath), "");
});
