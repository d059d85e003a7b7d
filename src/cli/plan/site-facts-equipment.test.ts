import assert from "node:assert/strict";
import { test } from "node:test";
import { findCurrency } from "./site-facts-currency.ts";
import { snapshotsOf } from "./site-facts-equipment.ts";

test("filesystems that make snapshots are known by their magic number; XFS only perhaps", () => {
  for (const [magic, expected] of [
    [0x9123683e, true],
    [0x2fc12fc1, true],
    [0x58465342, false],
  ] as const) {
    const found = snapshotsOf(magic);
    assert.equal(found?.value, "snapshots");
    assert.equal(found?.complete, expected);
  }
  assert.match(snapshotsOf(0x58465342)?.basis ?? "", /reflink: not certain/);
  for (const magic of [0xef53, 0x6969, 0x01021994, 1]) assert.equal(snapshotsOf(magic), undefined);
});

test("the currency is that of the locale's country, the euro where none is known", () => {
  for (const [environment, currency, complete] of [
    [{ LANG: "en_US.UTF-8" }, "USD", true],
    [{ LANG: "de_AT.UTF-8@euro" }, "EUR", true],
    [{ LANG: "en_US.UTF-8", LC_MONETARY: "de_CH.UTF-8" }, "CHF", true],
    [{ LANG: "en_US", LC_MONETARY: "de_CH", LC_ALL: "en_GB.UTF-8" }, "GBP", true],
    [{ LC_ALL: "", LANG: "sv_SE" }, "SEK", true],
    [{ LC_ALL: "C.UTF-8", LANG: "en_US" }, "EUR", false],
    [{ LANG: "xx_ZZ" }, "EUR", false],
    [{}, "EUR", false],
  ] as const) {
    const found = findCurrency(environment);
    assert.deepEqual(
      [found.value, found.complete],
      [currency, complete],
      JSON.stringify(environment),
    );
  }
});
