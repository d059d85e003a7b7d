import assert from "node:assert/strict";
import { test } from "node:test";
import { isSurelyDead, processMark } from "./process-mark.ts";

test("a process's mark says that it lives, and of what is no mark nothing", () => {
  assert.equal(isSurelyDead(processMark()), false);
  const [machine, boot, namespace] = processMark().split(".");
  assert.equal(isSurelyDead([machine, boot, namespace, process.pid, "1"].join(".")), true);
  assert.equal(isSurelyDead(["00000000", boot, namespace, "1", "1"].join(".")), false);
  assert.equal(isSurelyDead("nonsense"), false);
});
