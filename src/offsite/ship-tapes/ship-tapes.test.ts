import assert from "node:assert/strict";
import { test } from "node:test";
import type { RecoveryPoint } from "#copies";
import { OffsiteError } from "../offsite-error.ts";
import { memoryTapeVault, type MemoryTapeVault } from "./memory-tape-vault.ts";
import {
  dayMs,
  handover,
  hourMs,
  nightly,
  nsAt,
  putMoment,
  recallMs,
} from "./quick-courier.fixture.ts";
import type { ShipPolicy } from "./ship-rule.ts";
import { type ShipTapes, shipTapes } from "./ship-tapes.ts";
import { moveTo } from "./tape-vault.contract.ts";
import type { TapeVault } from "./tape-vault.ts";

type Shipping = {
  readonly vault: MemoryTapeVault;
  readonly option: ShipTapes;
  nowS: number;
};

const dayS = dayMs / 1000;

function shipping(policy: ShipPolicy = nightly, wrap = (vault: TapeVault) => vault): Shipping {
  const vault = memoryTapeVault({ name: "tapes", recallMs });
  const scene: Shipping = {
    vault,
    nowS: 0,
    option: shipTapes({
      vault: wrap(vault),
      name: "the vault",
      policyOf: () => policy,
      handover,
      now: () => nsAt(scene.nowS),
      clockMs: () => 0,
    }),
  };
  return scene;
}

const ids = (points: readonly RecoveryPoint[]): string[] => points.map(({ id }) => id);

test("what is due is put out and handed over, each step noted with who and where", async () => {
  const scene = shipping();
  putMoment(scene.vault, { barcodes: ["RST001"], second: 0, sequence: 1 });
  scene.nowS = dayS - 1;
  assert.deepEqual((await scene.option.state()).dueOut, []);
  assert.equal((await scene.option.sendDue()).sent.length, 0);
  scene.nowS = dayS;
  const { dueOut } = await scene.option.state();
  assert.deepEqual(dueOut, [
    {
      barcode: "RST001",
      state: "onsite",
      dueSinceNs: nsAt(dayS),
      why: "What is on it was held for 1 d.",
    },
  ]);
  const { steps, sent } = await scene.option.sendDue();
  assert.deepEqual(steps, [
    { barcode: "RST001", state: "ejected", who: "Ada", where: "tray 1", atNs: nsAt(dayS) },
    {
      barcode: "RST001",
      state: "in-transit",
      who: "Bob",
      where: "on the way to the vault",
      atNs: nsAt(dayS),
    },
  ]);
  assert.equal(sent.length, 1);
  const state = await scene.option.state();
  assert.deepEqual(state.dueOut, []);
  // Handed over is not there: it is on its way, and still waits to arrive.
  assert.deepEqual(ids(state.groups[0]?.onTheirWay ?? []), ["mx1/all 1"]);
  assert.equal(state.groups[0]?.newestThere, undefined);
  assert.deepEqual(await scene.option.copy.moments(), []);
});

test("an interrupted hand-over goes on with the step that is missing", async () => {
  let stop = true;
  const scene = shipping(nightly, (vault) => ({
    name: vault.name,
    copy: vault.copy,
    report: async (options) => await vault.report(options),
    move: async (move) => {
      if (stop && move.state === "in-transit") throw new Error("the power is off");
      await vault.move(move);
    },
  }));
  const point = putMoment(scene.vault, { barcodes: ["RST001"], second: 0, sequence: 1 });
  await assert.rejects(scene.option.send([point]), /the power is off/);
  stop = false;
  const { steps } = await scene.option.send([point]);
  assert.deepEqual(
    steps.map(({ state }) => state),
    ["in-transit"],
  );
});

test("one tape that cannot leave keeps no other back", async () => {
  const scene = shipping(nightly, (vault) => ({
    name: vault.name,
    copy: vault.copy,
    report: async (options) => await vault.report(options),
    move: async (move) => {
      if (move.barcode === "RST001") throw new OffsiteError("offsite.tape-step", "it is busy");
      await vault.move(move);
    },
  }));
  const first = putMoment(scene.vault, { barcodes: ["RST001"], second: 1 });
  const second = putMoment(scene.vault, { barcodes: ["RST002"], second: 2 });
  const { sent, refused } = await scene.option.send([first, second]);
  assert.deepEqual(
    [sent.map(({ here }) => here.id), refused.map(({ point }) => point.id)],
    [[second.id], [first.id]],
  );
});

test("a moment that is half in the vault is not there, and its other tape is due", async () => {
  const scene = shipping();
  putMoment(scene.vault, { barcodes: ["RST001", "RST002"], second: 0, sequence: 1 });
  await moveTo(scene, {
    barcode: "RST001",
    states: ["ejected", "in-transit", "vault"],
    atNs: nsAt(1),
  });
  scene.nowS = dayS;
  const { groups, dueOut } = await scene.option.state();
  assert.equal(groups[0]?.newestThere, undefined);
  assert.deepEqual(
    dueOut.map(({ barcode }) => barcode),
    ["RST002"],
  );
});

test("a tape that is written to night after night is due with the oldest moment on it", async () => {
  const scene = shipping();
  for (let night = 0; night < 3; night++)
    putMoment(scene.vault, { barcodes: ["RST001"], second: night * dayS, sequence: night + 1 });
  scene.nowS = 2 * dayS;
  const { dueOut } = await scene.option.state();
  assert.deepEqual(
    dueOut.map(({ barcode, dueSinceNs }) => [barcode, dueSinceNs]),
    [["RST001", nsAt(dayS)]],
  );
});

test("what has expired is neither due nor waits", async () => {
  const scene = shipping();
  const old = putMoment(scene.vault, { barcodes: ["RST001"], second: 0, sequence: 1 });
  putMoment(scene.vault, { barcodes: ["RST002"], second: 5 * dayS, sequence: 2 });
  scene.vault.expire(old.id);
  scene.nowS = 5 * dayS;
  const { dueOut, groups } = await scene.option.state();
  assert.deepEqual(dueOut, []);
  assert.deepEqual(ids(groups[0]?.waiting ?? []), ["mx1/all 2"]);
});

test("a loss of the site now is counted from the newest moment in the vault, and a lapse is named", async () => {
  const scene = shipping();
  putMoment(scene.vault, { barcodes: ["RST001"], second: 0, sequence: 1 });
  scene.nowS = dayS;
  const [before] = (await scene.option.state()).shipped;
  assert.deepEqual([before?.lossNowMs, before?.isLapse], [dayMs, false]);
  await moveTo(scene, {
    barcode: "RST001",
    states: ["ejected", "in-transit", "vault"],
    atNs: nsAt(dayS),
  });
  scene.nowS = 2 * dayS;
  const [even] = (await scene.option.state()).shipped;
  assert.deepEqual([even?.lossNowMs, even?.isLapse], [2 * dayMs, false]);
  scene.nowS += 1;
  const [late] = (await scene.option.state()).shipped;
  assert.deepEqual([late?.isLapse, late?.newestThere?.id], [true, "mx1/all 1"]);
});

test("a group with nothing in the vault loses everything, and says so when the objective has passed", async () => {
  const scene = shipping();
  putMoment(scene.vault, { barcodes: ["RST001"], second: 0, sequence: 1 });
  scene.nowS = 3 * dayS;
  const [group] = (await scene.option.state()).shipped;
  assert.deepEqual(
    [group?.lossNowMs, group?.isLapse, group?.newestThere],
    [3 * dayMs, true, undefined],
  );
});

test("a tape that is lost on the road takes its moments with it, and it is said what is left", async () => {
  const scene = shipping();
  for (let night = 1; night <= 3; night++)
    putMoment(scene.vault, { barcodes: [`RST00${night}`], second: night });
  await moveTo(scene, {
    barcode: "RST001",
    states: ["ejected", "in-transit", "vault"],
    atNs: nsAt(4),
  });
  await moveTo(scene, { barcode: "RST002", states: ["ejected", "in-transit"], atNs: nsAt(4) });
  const { atRisk } = await scene.option.state();
  assert.deepEqual(
    atRisk.map(({ barcodes }) => barcodes),
    [["RST002"]],
  );
  const [loss] = atRisk[0]?.groups ?? [];
  assert.deepEqual(
    [ids(loss?.lost ?? []), loss?.newestLeft?.id, loss?.newestThere?.id],
    [["mx1/all 2"], "mx1/all 3", "mx1/all 1"],
  );
  const all = await scene.option.lossOf(["RST001", "RST002", "RST003"]);
  assert.equal(all.groups[0]?.lost.length, 3);
  assert.equal(all.groups[0]?.newestLeft, undefined);
});

test("a second set of the same moment saves it", async () => {
  const scene = shipping();
  putMoment(scene.vault, { barcodes: ["RST001"], second: 1, id: "first set" });
  putMoment(scene.vault, { barcodes: ["RST002"], second: 1, id: "second set" });
  assert.deepEqual((await scene.option.lossOf(["RST001"])).groups, []);
  assert.equal((await scene.option.lossOf(["RST001", "RST002"])).groups[0]?.lost.length, 2);
});

test("a moment whose tape is missing is refused: nobody can hand over what nobody finds", async () => {
  const scene = shipping();
  const point = putMoment(scene.vault, { barcodes: ["RST001"], second: 1 });
  scene.vault.lose("RST001");
  const { refused } = await scene.option.send([point]);
  assert.equal(refused[0]?.error.code, "offsite.tape-missing");
  assert.match(refused[0]?.error.message ?? "", /nobody knows where tape RST001 is/);
});

test("what is in the vault names barcode, place and time to recall, and opens when it is back", async () => {
  const scene = shipping();
  const point = putMoment(scene.vault, { barcodes: ["RST001"], second: 1 });
  await moveTo(scene, {
    barcode: "RST001",
    states: ["ejected", "in-transit", "vault"],
    atNs: nsAt(5),
  });
  scene.nowS = 10;
  await assert.rejects(scene.option.copy.open(point), {
    code: "offsite.tape-not-recalled",
    message:
      /needs tape RST001, in the vault \(shelf 7\) since 1970-01-01T00:00:05Z, at hand in 6 h$/,
    hint: /All of them can be at hand in 6 h\.$/,
  });
  await moveTo(scene, { barcode: "RST001", states: ["recalled"], atNs: nsAt(10) });
  assert.deepEqual(ids(await scene.option.copy.moments()), [point.id]);
  scene.nowS = 10 + (5 * hourMs) / 1000;
  await assert.rejects(scene.option.copy.open(point), /recalled since .*, at hand in 1 h$/);
  await moveTo(scene, { barcode: "RST001", states: ["onsite"], atNs: nsAt(scene.nowS) });
  await using image = await scene.option.copy.open(point);
  assert.deepEqual(image.problems, []);
  // It is at the site again, and goes with it.
  assert.deepEqual(await scene.option.copy.moments(), []);
});
