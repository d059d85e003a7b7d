import assert from "node:assert/strict";
import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { alarmsIn } from "#records";
import { commandSite } from "../command-site.fixture.ts";
import { documents, hashes, writeSmallStore } from "../story.fixture.ts";

const { folder, run } = await commandSite("rewind");

test("rewind brings mail back to just before an alarm, and before:ALARM is a moment of every verb", async () => {
  const mail = join(folder, "mail");
  const inbox = await writeSmallStore(mail);
  assert.equal((await run(["init"])).exitCode, 0);
  assert.equal((await run(["capture", "mail", "--workers", "0"])).exitCode, 0);
  const whole = await hashes(mail);
  const atNs = BigInt(Date.now()) * 1_000_000n;
  const facts = { kind: "mass-removal", paths: [""], journal: "j1", count: 32, of: 33 };
  await alarmsIn(join(folder, "state", "restante")).add({
    ...facts,
    group: mail,
    before: { sequence: 7, atNs },
    atNs: atNs + 5n,
    unit: "messages",
    message: "32 of 33 messages disappeared",
  });
  for (const name of await readdir(join(inbox, "cur"))) await rm(join(inbox, "cur", name));
  await writeFile(join(inbox, "new/1900000000.M9.mx1"), "Subject: after the attack\n\n");
  assert.equal((await run(["capture", "mail", "--workers", "0"])).exitCode, 0);
  const preview = await run(["rewind", "--before", "alarm-1", "--dry-run", "--json"]);
  assert.equal(preview.exitCode, 0, preview.messages);
  const counts = documents(preview).map((document) => document["counts"]);
  assert.equal((counts.find(Boolean) as { created: number } | undefined)?.created, 30);
  const done = await run(["rewind", "mail", "--before", "alarm-1", "--exact", "--yes"]);
  assert.equal(done.exitCode, 0, done.messages);
  assert.match(done.messages, /^alarm-1: 32 of 33 messages disappeared$/m);
  assert.deepEqual(await hashes(mail), whole);
  const listed = await run(["ls", "mail", "--at", "before:alarm-1", "--json"]);
  assert.equal(listed.exitCode, 0, listed.messages);
  for (const [argv, exitCode] of [
    [["rewind", "mail"], 2],
    [["rewind", "--before", "-2h"], 2],
    [["rewind", "mail", "--before", "alarm-9", "--dry-run"], 22],
    [["ls", "mail", "--at", "before:alarm-9"], 22],
    [["ls", "mail", "--at", "before:drill-1"], 2],
  ] as const)
    assert.equal((await run(argv)).exitCode, exitCode, argv.join(" "));
});

test("rewind finds the line of business that an alarm's tag stands for", async () => {
  const mail = join(folder, "mail");
  const config = join(folder, "config.yaml");
  await writeFile(
    config,
    [
      "version: 1",
      `servers: {mx1: {type: maildir, path: ${mail}, data_source: live application}}`,
      `copies: {here: {layer: operational, path: ${join(folder, "copy")}, key: env:RESTANTE_PASSWORD}}`,
      "tiers: {gold: {operational: {method: backup to disk, copy: here, every: 1 hour, lose_at_most: 1 hour, back_within: 1 hour, keep: [one per year forever]}}}",
      'lines_of_business: {everyone else: {mailboxes: ["*"], tier: gold}}',
      "prove_it: {alarm_if: more than 20% disappears}",
      "",
    ].join("\n"),
  );
  const here = ["--config", config] as const;
  const captured = await run(["capture", "mx1", "--workers", "0", ...here]);
  assert.equal(captured.exitCode, 0, captured.messages);
  const atNs = BigInt(Date.now()) * 1_000_000n;
  await alarmsIn(join(folder, "state", "restante")).add({
    kind: "mass-removal",
    paths: [""],
    journal: "j1",
    count: 32,
    of: 33,
    group: "mx1/everyone_else",
    before: { sequence: 7, atNs },
    atNs: atNs + 5n,
    unit: "messages",
    message: "32 of 33 messages disappeared",
  });
  const preview = await run(["rewind", "--before", "alarm-2", "--dry-run", ...here]);
  assert.equal(preview.exitCode, 0, preview.messages);
  assert.match(preview.messages, /^mx1\/everyone else as of /m);
});
