/** Weeks of shipping with virtual tapes and a clock that the test moves. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TapeRotation } from "#methods";
import { type ShipPolicy, shipTapes, type ShipTapes, type TapeVault } from "#offsite";
import { dayNs, mail, startNs, take, type Tapes, tapes } from "../../methods/tape/tape.fixture.ts";
import {
  dayMs,
  handover,
  hourMs,
  nightly,
} from "../../offsite/ship-tapes/quick-courier.fixture.ts";
import { libraryVault } from "./library-vault.ts";

const hourNs = dayNs / 24n;

type Shipping = {
  readonly place: Tapes;
  readonly vault: TapeVault;
  readonly option: ShipTapes;
  readonly rotation: TapeRotation;
};

function shipping(
  place: Tapes,
  { policy, rotation }: { readonly policy: ShipPolicy; readonly rotation: TapeRotation },
): Shipping {
  const vault = libraryVault(place.library, { name: "tapes", rotation });
  const now = (): bigint => place.nowNs;
  const option = shipTapes({
    vault,
    name: "the vault",
    policyOf: () => policy,
    handover,
    now,
    clockMs: () => 0,
  });
  return { place, vault, option, rotation };
}

async function bringBack({ vault, place, option }: Shipping): Promise<readonly string[]> {
  const { dueBack } = await option.state();
  for (const { barcode } of dueBack) {
    for (const state of ["recalled", "in-transit", "onsite"] as const)
      await vault.move({ barcode, state, atNs: place.nowNs, who: "Bob", where: "tray 2" });
  }
  return dueBack.map(({ barcode }) => barcode);
}

async function arrive({ vault, place, option }: Shipping): Promise<void> {
  for (const { barcode, state } of (await option.state()).tapes) {
    if (state === "in-transit")
      await vault.move({ barcode, state: "vault", atNs: place.nowNs, who: "Cy", where: "shelf 7" });
  }
}

test("six weeks, nightly, held for a day, then sent: 48 hours hold every hour, and every tape goes and comes back", async () => {
  await using place = await tapes({ count: 10 });
  const scene = shipping(place, { policy: nightly, rotation: { keepDays: 6, append: false } });
  const out = new Map<string, number>();
  const back = new Map<string, number>();
  const count = (counts: Map<string, number>, barcode: string): void =>
    void counts.set(barcode, (counts.get(barcode) ?? 0) + 1);
  for (let night = 0; night < 42; night++) {
    place.nowNs = startNs + BigInt(night) * dayNs;
    for (const barcode of await bringBack(scene)) count(back, barcode);
    await take(place, mail(2 + (night % 3)), { rotation: scene.rotation });
    const { steps, refused } = await scene.option.sendDue();
    assert.deepEqual(refused, []);
    for (const { barcode, state } of steps) if (state === "ejected") count(out, barcode);
    await arrive(scene);
    const state = await scene.option.state();
    assert.deepEqual([state.dueOut, state.dueBack, state.problems], [[], [], []], `night ${night}`);
    // Just before the next tape leaves is the worst hour.
    for (const hours of [0n, 12n, 23n]) {
      place.nowNs = startNs + BigInt(night) * dayNs + hours * hourNs;
      const [group] = (await scene.option.state()).shipped;
      assert.equal(group?.isLapse, false, `night ${night}, hour ${hours}`);
    }
    const there = await scene.option.copy.moments();
    // Kept for six days: of those, all but tonight's are in the vault.
    assert.ok(there.length >= Math.min(night, 6), `night ${night}: ${there.length}`);
  }
  assert.ok(out.size >= 9, "every tape had its turn");
  const { tapes: all } = await scene.option.state();
  for (const { barcode, state } of all) {
    const away = (out.get(barcode) ?? 0) - (back.get(barcode) ?? 0);
    assert.equal(away, state === "vault" ? 1 : 0, `${barcode} went and came back`);
  }
});

test("a courier who does not come for two days makes a lapse, and it is named until the tapes have arrived", async () => {
  await using place = await tapes({ count: 12 });
  const scene = shipping(place, { policy: nightly, rotation: { append: false } });
  const lapses: number[] = [];
  for (let night = 0; night < 9; night++) {
    place.nowNs = startNs + BigInt(night) * dayNs;
    await take(place, mail(2), { rotation: scene.rotation });
    const isStrike = night === 4 || night === 5;
    if (!isStrike) {
      await scene.option.sendDue();
      await arrive(scene);
    }
    place.nowNs += 12n * hourNs;
    const { shipped, dueOut } = await scene.option.state();
    if (shipped[0]?.isLapse === true) lapses.push(night);
    assert.equal(dueOut.length, isStrike ? night - 3 : 0);
  }
  assert.deepEqual(lapses, [4, 5]);
});

test("tapes that are written to night after night still leave, with the oldest moment on them", async () => {
  await using place = await tapes({ count: 12 });
  const scene = shipping(place, { policy: nightly, rotation: {} });
  let left = 0;
  for (let night = 0; night < 8; night++) {
    place.nowNs = startNs + BigInt(night) * dayNs;
    await take(place, mail(2), { rotation: scene.rotation });
    left += (await scene.option.sendDue()).steps.filter(({ state }) => state === "ejected").length;
    await arrive(scene);
    const [group] = (await scene.option.state()).shipped;
    assert.ok((group?.lossNowMs ?? Infinity) <= dayMs, `night ${night}`);
  }
  assert.ok(left >= 4, String(left));
});

test("two hours on the road break the 48 hours: the rule says so before, and the window afterwards", async () => {
  await using place = await tapes({ count: 6 });
  const policy = { ...nightly, transitMs: 2 * hourMs };
  const scene = shipping(place, { policy, rotation: { append: false } });
  for (let night = 0; night < 4; night++) {
    place.nowNs = startNs + BigInt(night) * dayNs;
    await take(place, mail(2), { rotation: scene.rotation });
    await scene.option.sendDue();
    place.nowNs += hourNs;
    const [group] = (await scene.option.state()).shipped;
    assert.equal(group?.rule.meets, false);
    // While the tape of last night is on the road, the one before it is the newest in the vault.
    assert.equal(group?.isLapse, night >= 2, `night ${night}`);
    place.nowNs += hourNs;
    await arrive(scene);
    const [after] = (await scene.option.state()).shipped;
    assert.equal(after?.isLapse, false);
  }
});
