import assert from "node:assert/strict";
import { test } from "node:test";
import { Arguments } from "./arguments.ts";
import type { CommandContext } from "./command.ts";
import { type CopyPlace, copyPlace } from "./copy-access.ts";

const contextOf = (
  environment: Record<string, string>,
  typed: Record<string, readonly string[]> = {},
): CommandContext =>
  ({
    arguments: new Arguments([], new Map(Object.entries(typed))),
    surroundings: { environment, workingFolder: "/srv" },
  }) as unknown as CommandContext;
const site = { zone: "UTC", copies: [], groups: [], alarm: {} };
const here: CopyPlace = { name: "here", folder: "/srv/here", reach: "at-hand" };
const there: CopyPlace = { name: "there", folder: "/srv/there", reach: "at-hand" };

test("the copy is what --copy says, then our variable, then restic's", () => {
  const both = { RESTANTE_REPOSITORY: "/ours", RESTIC_REPOSITORY: "/theirs" };
  assert.equal(copyPlace(contextOf(both, { copy: ["typed"] }), site).folder, "/srv/typed");
  assert.equal(copyPlace(contextOf(both), site).folder, "/ours");
  assert.equal(
    copyPlace(contextOf({ RESTIC_REPOSITORY: "local:/theirs" }), site).folder,
    "/theirs",
  );
  assert.throws(() => copyPlace(contextOf({}), site), { code: "cli.no-copy" });
});

test("a configuration's copies go by their names, and one alone needs none", () => {
  assert.equal(copyPlace(contextOf({}), { ...site, copies: [here] }), here);
  const two = { ...site, copies: [here, there] };
  assert.equal(copyPlace(contextOf({}, { copy: ["there"] }), two), there);
  assert.throws(() => copyPlace(contextOf({}), two), { code: "cli.no-copy" });
});
