import assert from "node:assert/strict";
import { test } from "node:test";
import { Arguments } from "./arguments.ts";
import type { CommandContext } from "./command.ts";
import { type CopyPlace, copyPlace, openCopy } from "./copy-access.ts";

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

test("whoever stands before a copy that is gone is told of the configuration's other copies", async () => {
  const notes: string[] = [];
  const context = {
    ...contextOf({ XDG_CACHE_HOME: "/dev/null/none", RESTANTE_SSH_COMMAND: "no-ssh-here" }),
    passwords: { password: async () => "correct horse" },
    output: { note: (text: string) => notes.push(text) },
  } as unknown as CommandContext;
  Object.assign(context.surroundings, { signal: new AbortController().signal });
  const vault: CopyPlace = { name: "vault", folder: "ssh://vault/srv/recovery", reach: "near" };
  const two = { ...site, copies: [vault, here] };
  const typed = { ...context, arguments: new Arguments([], new Map([["copy", ["vault"]]])) };
  await assert.rejects(openCopy(typed, two), { code: "host.refused" });
  assert.deepEqual(notes, [
    "The configuration has other copies; name one with --copy: here (/srv/here)",
  ]);
  await assert.rejects(openCopy(typed, { ...two, copies: [vault] }), { code: "host.refused" });
  assert.equal(notes.length, 1);
});
