import assert from "node:assert/strict";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type Barcode, parseBarcode } from "./drive/index.ts";
import { type VaultState, vaultRule, vaultStates, withStep } from "./media/index.ts";
import { rejects } from "./drive/tape-drive.contract.ts";
import { rebuildCatalogue } from "./rebuild-catalogue.ts";
import { tapeCopy } from "./tape-copy.ts";
import { giveUpVaultRecord, moveTape, vaultReport } from "./tape-vault.ts";
import { dayNs, mail, newest, startNs, take, type Tapes, tapes } from "./tape.fixture.ts";

const first = parseBarcode("RST001");
const second = parseBarcode("RST002");
const hourMs = 3_600_000;
const holdMs = 24 * hourMs;

async function move(
  place: Tapes,
  barcode: Barcode,
  ...states: readonly VaultState[]
): Promise<void> {
  for (const state of states) {
    const where = state === "vault" ? "vault, shelf 7" : "";
    await moveTape(place.library, { barcode, state, atNs: place.nowNs, who: "Ada", where });
  }
}

test("the paper's example: nightly, held for a day, sent at once, loses 48 hours at most", () => {
  const day = { intervalMs: 24 * hourMs, holdMs, objectiveMs: 48 * hourMs };
  assert.deepEqual(vaultRule({ ...day, transitMs: 0 }), {
    worstMs: 48 * hourMs,
    meets: true,
    sentence:
      "Interval, hold and transit are 1 d + 1 d + 0 ms = 2 d: within the 2 d that may be lost.",
  });
  const late = vaultRule({ ...day, transitMs: 2 * hourMs });
  assert.deepEqual([late.worstMs, late.meets], [50 * hourMs, false]);
  assert.match(late.sentence, /= 2 d 2 h: more than the 2 d that may be lost\.$/);
});

test("a tape goes out and comes back step by step, and no step can be left out", () => {
  const life: readonly VaultState[] = [
    "ejected",
    "in-transit",
    "vault",
    "recalled",
    "in-transit",
    "onsite",
    "ejected",
    "onsite",
  ];
  let record: Parameters<typeof withStep>[0] = new Map();
  for (const [index, state] of life.entries()) {
    const step = { state, atNs: BigInt(index), who: "Ada", where: "" };
    record = withStep(record, { barcode: first, step });
    const allowed = life[index + 1];
    for (const wrong of vaultStates) {
      if (wrong === allowed || state !== "vault") continue;
      assert.throws(() => withStep(record, { barcode: first, step: { ...step, state: wrong } }), {
        code: "methods.tape-vault-step",
      });
    }
  }
  assert.deepEqual(
    record.get(first)?.map(({ state }) => state),
    life,
  );
});

test("weeks of shipping: what is due out, what is in the vault, what is due back", async () => {
  await using place = await tapes({ count: 8 });
  const retention = { keepDays: 4 };
  const options = { rotation: { ...retention, append: false } };
  const report = async () =>
    await vaultReport(place.library, { holdMs, retention, nowNs: place.nowNs });
  for (let night = 0; night < 21; night++) {
    place.nowNs = startNs + BigInt(night) * dayNs;
    for (const { barcode } of (await report()).dueBack)
      await move(place, barcode, "recalled", "in-transit", "onsite");
    await take(place, mail(2), options);
    const { dueOut } = await report();
    // Last night's tape has been held for a day; tonight's stays.
    assert.equal(dueOut.length, night === 0 ? 0 : 1);
    for (const { barcode } of dueOut) await move(place, barcode, "ejected", "in-transit", "vault");
  }
  const { locations, dueOut, problems } = await report();
  assert.deepEqual([dueOut, problems], [[], []]);
  assert.equal(
    locations.filter(({ state }) => state === "onsite").length +
      locations.filter(({ state }) => state === "vault").length,
    locations.length,
  );
  assert.ok(locations.filter(({ state }) => state === "vault").length >= 4);
  assert.equal((await tapeCopy(place.library).moments()).length >= 5, true);
});

test("a moment in the vault says which tape, where, since when, and what can be had instead", async () => {
  await using place = await tapes({ count: 2 });
  const away = await take(place, mail(2));
  place.nowNs += dayNs;
  const copy = tapeCopy(place.library, { recallMs: 6 * hourMs });
  assert.equal(copy.reach, "at-hand");
  await move(place, first, "ejected", "in-transit", "vault");
  assert.equal(copy.reach, "shelf");
  await assert.rejects(copy.open(away.point), (error) => {
    const { code, message, hint } = error as { code: string; message: string; hint: string };
    assert.equal(code, "methods.tape-not-at-hand");
    assert.match(
      message,
      /needs tape RST001, vault \(vault, shelf 7\) since 2026-07-26T.*, noted by Ada$/,
    );
    assert.match(hint, /No other moment of this group is at hand\.$/);
    return true;
  });
  const here = await take(place, mail(3));
  assert.equal(copy.reach, "at-hand");
  await assert.rejects(copy.open(away.point), (error) => {
    assert.match(
      (error as { hint: string }).hint,
      /At hand instead: the moment of 2026-.* on RST002\.$/,
    );
    return true;
  });
  assert.equal(await copy.reachOf(away.point), "shelf");
  assert.equal(await copy.reachOf(here.point), "at-hand");
  const pull = await copy.pullList(away.point, { nowNs: place.nowNs });
  assert.deepEqual(pull, {
    tapes: [
      {
        barcode: first,
        state: "vault",
        where: "vault, shelf 7",
        sinceNs: place.nowNs,
        atHandInMs: 6 * hourMs,
      },
    ],
    atHandInMs: 6 * hourMs,
  });
  await move(place, first, "recalled");
  const later = await copy.pullList(away.point, { nowNs: place.nowNs + dayNs / 8n });
  assert.equal(later.atHandInMs, 3 * hourMs);
  await move(place, first, "in-transit", "onsite");
  assert.deepEqual(await copy.pullList(away.point, { nowNs: place.nowNs }), {
    tapes: [{ barcode: first, state: "onsite", where: "", atHandInMs: 0 }],
    atHandInMs: 0,
  });
  await using image = await copy.open(away.point);
  assert.equal(image.at.sequence, 1);
});

test("a tape that nobody noted as taken away is missing, and nobody can say how far it is", async () => {
  await using place = await tapes({ count: 1 });
  const { point } = await take(place, mail(2));
  rmSync(join(place.folder, "RST001.tap"));
  const copy = tapeCopy(place.library);
  await assert.rejects(copy.open(point), /RST001, which should be here and which nobody noted/);
  assert.deepEqual(await copy.pullList(point, { nowNs: startNs }), {
    tapes: [{ barcode: first, state: "missing", where: "" }],
  });
  const report = await vaultReport(place.library, { holdMs, retention: {}, nowNs: startNs });
  assert.deepEqual(report.locations, [{ barcode: first, state: "missing" }]);
  assert.match(report.problems.join(), /nobody noted where they are: RST001/);
});

test("the record of where tapes are cannot be rebuilt: losing it is said, and giving it up is a person's word", async () => {
  await using place = await tapes({ count: 2 });
  await take(place, mail(2));
  await move(place, first, "ejected", "in-transit", "vault");
  const { stateFolder } = place.library;
  rmSync(join(stateFolder, "catalogue.json"));
  await rebuildCatalogue(place.library);
  writeFileSync(join(stateFolder, "vault.json"), "{");
  const options = { holdMs, retention: {}, nowNs: place.nowNs };
  assert.match(
    (await vaultReport(place.library, options)).problems.join(),
    /Where tapes were taken to is not known any more/,
  );
  await rejects("methods.tape-catalogue-damaged", () => move(place, second, "ejected"));
  await giveUpVaultRecord(place.library, { nowNs: place.nowNs });
  assert.ok(readdirSync(stateFolder).includes(`vault.json.damaged-${place.nowNs}`));
  await move(place, second, "ejected");
  await rejects("methods.tape-option", () => giveUpVaultRecord(place.library, { nowNs: startNs }));
});

test("a step that the library cannot do is not noted", async () => {
  await using place = await tapes({ count: 1 });
  await take(place, mail(2));
  await using drive = await place.library.openDrive();
  await drive.load(first);
  await rejects("methods.tape-busy", () => move(place, first, "ejected"));
  await drive.eject();
  await move(place, first, "ejected");
  rmSync(join(place.folder, "outside", "RST001.tap"));
  await rejects("methods.tape-no-volume", () => move(place, first, "onsite"));
  const [location] = (await vaultReport(place.library, { holdMs, retention: {}, nowNs: startNs }))
    .locations;
  assert.equal(location?.state, "ejected");
  assert.equal(newest(await tapeCopy(place.library).moments()).sequence, 1);
});

test("a tape that is appended to every night falls due by its oldest set", async () => {
  await using place = await tapes({ count: 2 });
  for (let night = 0; night < 3; night++) {
    place.nowNs = startNs + BigInt(night) * dayNs;
    await take(place, mail(2), { rotation: { append: true } });
  }
  const report = await vaultReport(place.library, {
    holdMs,
    retention: {},
    nowNs: place.nowNs,
  });
  assert.deepEqual(
    report.dueOut.map(({ barcode }) => barcode),
    [first],
  );
});

test("a tape in the vault is in the report when the catalogue was rebuilt without it", async () => {
  await using place = await tapes({ count: 2 });
  await take(place, mail(2));
  await move(place, first, "ejected", "in-transit", "vault");
  rmSync(join(place.library.stateFolder, "catalogue.json"));
  await rebuildCatalogue(place.library, { now: () => place.nowNs });
  const { locations } = await vaultReport(place.library, {
    holdMs,
    retention: {},
    nowNs: place.nowNs,
  });
  assert.equal(locations.find(({ barcode }) => barcode === first)?.state, "vault");
});
