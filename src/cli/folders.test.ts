import assert from "node:assert/strict";
import { test } from "node:test";
import { cacheFolder, stateFolder } from "./folders.ts";

test("cacheFolder() follows XDG, and ignores a relative path as it says", () => {
  assert.equal(cacheFolder({ XDG_CACHE_HOME: "/x/cache" }), "/x/cache/restante");
  assert.equal(cacheFolder({ XDG_CACHE_HOME: "x", HOME: "/home/a" }), "/home/a/.cache/restante");
});

test("stateFolder() is a service's for root and the user's own otherwise", () => {
  const environment = { HOME: "/home/a" };
  assert.equal(stateFolder(environment, { isRoot: true }), "/var/lib/restante");
  assert.equal(stateFolder(environment, { isRoot: false }), "/home/a/.local/state/restante");
  const named = { ...environment, XDG_STATE_HOME: "/x/state" };
  assert.equal(stateFolder(named, { isRoot: true }), "/x/state/restante");
});
