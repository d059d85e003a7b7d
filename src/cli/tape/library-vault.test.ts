import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import {
  labelTape,
  openVirtualTapeLibrary,
  rebuildCatalogue,
  type TapeRotation,
  vaultRule,
} from "#methods";
import { shipRule, type TapeVault } from "#offsite";
import { mail, startNs, take, type Tapes, tapes } from "../../methods/tape/tape.fixture.ts";
import { offsiteContract } from "../../offsite/offsite.contract.ts";
import {
  nightly,
  recallMs,
  shippedOffsite,
} from "../../offsite/ship-tapes/quick-courier.fixture.ts";
import {
  type MadeTapeVault,
  shippingSteps,
  moveTo,
  tapeVaultContract,
} from "../../offsite/ship-tapes/tape-vault.contract.ts";
import { libraryVault } from "./library-vault.ts";

const nsAt = (second: number): bigint => startNs + BigInt(second) * 1_000_000_000n;

type MadeLibraryVault = MadeTapeVault & { readonly place: Tapes };

/** Each moment on a virtual tape of its own. */
async function virtualTapes(): Promise<MadeLibraryVault> {
  const place = await tapes({ count: 3 });
  // Nothing expires before `expire` says so.
  const kept: { keepLast?: number } = {};
  const vault = libraryVault(place.library, { name: "tapes", rotation: kept, recallMs });
  const rotation: TapeRotation = { append: false };
  return {
    place,
    vault,
    nsAt,
    recallMs,
    addMoment: async (nodes, { second, group = "mx1/all" }) => {
      place.nowNs = nsAt(second);
      return (await take(place, nodes, { rotation, group })).point;
    },
    expire: async () => {
      kept.keepLast = 1;
    },
    remove: async ({ id }) => {
      const { tapes: all } = await vault.report({ nowNs: place.nowNs });
      const tape = all.find(({ sets }) => sets.includes(id));
      const now = (): bigint => place.nowNs;
      const barcode = tape?.barcode ?? "";
      await labelTape(place.library, { barcode, retention: { keepLast: 1 }, now });
    },
    lose: async (barcode) => rmSync(join(place.folder, `${barcode}.tap`)),
    [Symbol.asyncDispose]: async () => await place[Symbol.asyncDispose](),
  };
}

tapeVaultContract("libraryVault() of virtual tapes", virtualTapes);

offsiteContract("shipTapes() with virtual tapes", async () => {
  const made = await virtualTapes();
  const elsewhere = mkdtempSync(join(tmpdir(), "restante-recovery-site-"));
  const { place } = made;
  const offsite = shippedOffsite(made, {
    now: () => place.nowNs,
    recoverAt: async (): Promise<TapeVault> => {
      const vault = join(place.folder, "outside");
      for (const name of readdirSync(vault)) renameSync(join(vault, name), join(elsewhere, name));
      // Nothing of the first site is left, its records least of all.
      rmSync(place.folder, { recursive: true });
      const library = await openVirtualTapeLibrary(elsewhere);
      await rebuildCatalogue(library, { now: () => place.nowNs });
      return libraryVault(library, { name: "tapes", rotation: {} });
    },
  });
  return {
    ...offsite,
    [Symbol.asyncDispose]: async () => {
      rmSync(elsewhere, { recursive: true });
      rmSync(place.folder, { recursive: true, force: true });
    },
  };
});

test("a moment over two tapes is in the vault when both are", async () => {
  await using place = await tapes({ count: 2, capacityBytes: 120_000 });
  await take(place, mail(20));
  const vault = libraryVault(place.library, { name: "tapes", rotation: {} });
  const { tapes: both } = await vault.report({ nowNs: place.nowNs });
  assert.deepEqual(
    both.map(({ barcode, sets }) => [barcode, sets.length]),
    [
      ["RST001", 1],
      ["RST002", 1],
    ],
  );
  const now = (): bigint => place.nowNs;
  const made = { vault, nsAt };
  await moveTo(made, { barcode: "RST001", states: shippingSteps, atNs: now() });
  const [point] = await vault.copy.moments();
  assert.ok(point !== undefined);
  const pull = await vault.copy.pullList(point, { nowNs: now() });
  assert.deepEqual(
    pull.tapes.map(({ barcode, state }) => [barcode, state]),
    [
      ["RST001", "vault"],
      ["RST002", "onsite"],
    ],
  );
});

test("the rule is the one that backup to tape computes", () => {
  const policy = { ...nightly, objectiveMs: nightly.objectiveMs ?? 0, transitMs: 7_200_000 };
  for (const each of [policy, { ...policy, transitMs: 0 }]) {
    const [here, there] = [shipRule(each), vaultRule(each)];
    assert.deepEqual([here.worstMs, here.meets], [there.worstMs, there.meets]);
  }
});
