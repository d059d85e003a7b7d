import assert from "node:assert/strict";
import { test } from "node:test";
import { type OperationalMethodId, operationalMethods } from "../figure-1/index.ts";
import { figure6 } from "./paper-cells.ts";
import { isFigureRow, rowOfMethod, rowsOfMethods } from "./row-of-method.ts";
import { todaysRows } from "./todays-rows.ts";

const methods = Object.keys(operationalMethods) as OperationalMethodId[];

test("every method has a row of Figure 6, which is computed for that very method", () => {
  for (const method of methods) {
    const row = rowsOfMethods[method];
    const found = [...figure6, ...todaysRows].find((one) => one.row === row);
    const expected = method === "virtual-tape" ? "tape" : method;
    assert.equal(found?.choice.operational.method, expected, method);
    assert.equal(found?.figure, 6, method);
  }
});

test("a row is found by the method's name, by its words in Figure 1 and by those of a copy", () => {
  assert.equal(rowOfMethod("clones"), "Clone");
  assert.equal(rowOfMethod("rotation of delta snapshots"), "Delta Snapshot");
  assert.equal(rowOfMethod("backup to disk"), rowsOfMethods["disk-deduplicated"]);
  assert.equal(rowOfMethod("carbon copies"), undefined);
  assert.equal(rowOfMethod("toString"), undefined);
});

test("a row is one that the figures have, word for word", () => {
  assert.ok(isFigureRow("From sync mirrors: Sync mirrors"));
  assert.ok(!isFigureRow("Sync mirrors"));
});
