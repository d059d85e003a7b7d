import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { alarmsIn, holdsIn } from "#records";
import { commandSite } from "../command-site.fixture.ts";
import { documents, writeSmallStore } from "../story.fixture.ts";

const { folder, run } = await commandSite("hold");
const state = join(folder, "state", "restante");

async function removedBy(keep: string): Promise<number> {
  const [expiry] = documents(
    await run(["expire", "mail", "--keep", keep, "--dry-run", "--json", "--zone", "UTC"]),
  );
  const groups = expiry?.["groups"] as { moments: { keep: boolean }[] }[] | undefined;
  return (groups?.[0]?.moments ?? []).filter((moment) => !moment.keep).length;
}

test("what is held stays, whatever the rules say, until it is released; both are on record", async () => {
  const inbox = await writeSmallStore(join(folder, "mail"));
  assert.equal((await run(["init"])).exitCode, 0);
  for (const number of [1, 2, 3]) {
    await writeFile(join(inbox, `new/180000000${number}.M9.mx1`), `Subject: ${number}\n\n`);
    assert.equal((await run(["capture", "mail", "--workers", "0"])).exitCode, 0);
  }
  assert.equal(await removedBy("last 1"), 2);
  assert.equal((await run(["hold", "add", "mail"])).exitCode, 2, "without a reason");
  assert.equal((await run(["hold", "add", "mx9", "--reason", "x"])).exitCode, 22);
  const added = await run(["hold", "add", "mail", "--reason", "case 4711"]);
  assert.match(added.output, /^hold-1: nothing of .*mail expires until it is released\.$/m);
  assert.equal(await removedBy("last 1"), 0);
  assert.match(
    (await run(["hold"])).output,
    /^hold-1: everything of .*mail \(case 4711; by \S+\)$/m,
  );
  assert.equal((await run(["hold", "release", "hold-9", "--yes"])).exitCode, 22);
  const released = await run([
    "hold",
    "release",
    "hold-1",
    "--reason",
    "closed",
    "--yes",
    "--json",
  ]);
  assert.equal(documents(released)[0]?.["reason"], "case 4711");
  assert.equal((await run(["hold", "release", "hold-1", "--yes"])).exitCode, 2, "twice");
  assert.equal(await removedBy("last 1"), 2);
  assert.equal((await run(["hold"])).output, "Nothing is held.\n");
  const lines = (await readFile(join(state, "audit.jsonl"), "utf8")).trim().split("\n");
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as { verb: string }).verb),
    ["hold add", "hold release"],
  );
});

test("an alarm is listed with the moment before it, and released by its own name", async () => {
  const group = join(folder, "mail");
  const hold = { group, untilNs: 5n, reason: "alarm-1", by: "daemon", sinceNs: 6n };
  const id = await holdsIn(state).add(hold);
  await alarmsIn(state).add({
    group,
    kind: "mass-removal",
    paths: ["support"],
    journal: "j1",
    before: { sequence: 7, atNs: 1_764_160_000_000_000_000n },
    atNs: 1_764_160_009_000_000_000n,
    count: 200,
    of: 200,
    unit: "messages",
    message: "200 of 200 messages disappeared",
    hold: id,
  });
  const listed = await run(["hold", "list", "--zone", "UTC"]);
  assert.match(listed.output, /^alarm-1: .*mail: 200 of 200 messages disappeared$/m);
  assert.match(listed.output, /all was well until .* 12:26:40 UTC; held by hold-2$/m);
  assert.equal((await run(["hold", "release", "alarm-1", "--yes"])).exitCode, 0);
  assert.match((await run(["hold", "list"])).output, /; released$/m);
});

test("nothing expires while a hold cannot be read", async () => {
  await writeFile(join(state, "holds", "hold-3.json"), "{");
  const refused = await run(["expire", "mail", "--keep", "last 1", "--yes"]);
  assert.equal(refused.exitCode, 1);
  assert.match(refused.messages, /hold-3\.json": it is no record of this version/);
  assert.equal(documents(await run(["moments", "--json"])).length, 1);
});
