import assert from "node:assert/strict";
import { test } from "node:test";
import type { RecoveryPoint } from "#copies";
import { Arguments } from "./arguments.ts";
import type { CommandContext } from "./command.ts";
import { momentsOf, resolveTarget } from "./target.ts";

const point = (id: string, some: Partial<RecoveryPoint>): RecoveryPoint => ({
  id,
  group: "g",
  sequence: 1,
  generation: "",
  atNs: 0n,
  consistency: "fuzzy",
  paths: ["/srv/mail"],
  hostname: "mx1",
  tags: [],
  ...some,
});
const context = {
  arguments: new Arguments([], new Map()),
  surroundings: { workingFolder: "/srv" },
} as unknown as CommandContext;
const site = { zone: "UTC", copies: [], groups: [], alarm: {} };
const points = [
  point("a", {}),
  point("b", { paths: ["/srv/mail/example.org"], group: "h" }),
  point("c", { paths: ["/srv"], group: "i" }),
];

test("without a configuration a target is a folder, found in the longest captured folder above it", async () => {
  const target = await resolveTarget("mail/example.org/support", { context, site, points });
  assert.deepEqual(target, {
    shown: "mail/example.org/support",
    store: "/srv/mail/example.org",
    within: "support",
  });
  assert.deepEqual(
    momentsOf(points, { target, group: undefined }).map(({ id }) => id),
    ["b"],
  );
  assert.deepEqual(await resolveTarget("/srv/mailbox", { context, site, points }), {
    shown: "/srv/mailbox",
    store: "/srv",
    within: "mailbox",
  });
  assert.deepEqual(await resolveTarget("/srv/mail/", { context, site, points }), {
    shown: "/srv/mail/",
    store: "/srv/mail",
    within: "",
  });
});

test("a folder that was never captured is its own store and has no moments", async () => {
  const target = await resolveTarget("/elsewhere", { context, site, points });
  assert.equal(target.store, "/elsewhere");
  assert.deepEqual(momentsOf(points, { target, group: undefined }), []);
});

test("a target's name is bytes inside", async () => {
  assert.equal(
    (await resolveTarget("/srv/mail/ü", { context, site, points })).within,
    "\u00c3\u00bc",
  );
});

test("momentsOf() narrows to a group", () => {
  assert.deepEqual(
    momentsOf(points, { target: undefined, group: "h" }).map(({ id }) => id),
    ["b"],
  );
  assert.equal(momentsOf(points, { target: undefined, group: undefined }).length, 3);
});
