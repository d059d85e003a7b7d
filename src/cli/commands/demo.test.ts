import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { runForTest } from "../surroundings.fixture.ts";

test("demo loses a mailbox, brings all of it back, measures it, and leaves what is needed to go on", async () => {
  const folder = await mkdtemp(join(tmpdir(), "restante-demo-test-"));
  try {
    const { exitCode, output, messages } = await runForTest(
      ["demo", "--folder", folder, "--json"],
      { environment: { PATH: process.env["PATH"], HOME: folder } },
    );
    assert.equal(exitCode, 0, output + messages);
    const documents = output
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const of = (type: string): Record<string, unknown> =>
      documents.find((document) => document["type"] === type) ?? assert.fail(`no ${type}`);
    assert.equal(of("laid-out")["mailboxes"], 12);
    assert.ok(documents.filter(({ type }) => type === "captured").length > 1);
    const lost = of("lost")["messages"] as number;
    assert.ok(lost > 0);
    assert.equal((of("restored")["counts"] as Record<string, number>)["created"], lost);
    const { type: _type, version: _version, same, added, ...wrong } = of("compared");
    assert.deepEqual(wrong, {
      missing: 0,
      different: 0,
      lostMessages: 0,
      doubledMessages: 0,
      whole: true,
    });
    assert.ok((same as number) > lost);
    assert.equal(added, of("lost")["arrivedSince"]);
    const summary = of("summary");
    assert.ok((summary["rpoMs"] as number) >= 0 && (summary["rtoMs"] as number) > 0);
    const next = of("next-steps");
    assert.ok(existsSync(next["repository"] as string));
    assert.ok(
      (next["commands"] as string[]).some((line) => line.includes(next["password"] as string)),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("demo refuses a folder that has something in it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "restante-demo-test-"));
  try {
    await writeFile(join(folder, "mine"), "x");
    const { exitCode } = await runForTest(["demo", "--folder", folder, "--clean"]);
    assert.equal(exitCode, 2);
    assert.ok(existsSync(join(folder, "mine")));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
