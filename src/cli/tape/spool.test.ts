import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { writeSmallStore } from "../story.fixture.ts";
import { runForTest, type TestRun } from "../surroundings.fixture.ts";

test("disk to disk to tape: a moment of a repository is written to tape, verified, and listed there", async () => {
  const folder = await mkdtemp(join(tmpdir(), "restante-spool-"));
  const run = async (...argv: readonly string[]): Promise<TestRun> =>
    await runForTest(argv, {
      workingFolder: folder,
      environment: { HOME: folder, RESTANTE_PASSWORD: "secret", RESTANTE_REPOSITORY: "copy" },
    });
  try {
    await writeSmallStore(join(folder, "mail"));
    assert.equal((await run("init")).exitCode, 0);
    assert.equal((await run("capture", "mail", "--workers", "0")).exitCode, 0);
    assert.equal((await run("tape", "label", "RST001", "--new", "--library", "tapes")).exitCode, 0);
    const spooled = await run("tape", "spool", "mail", "--library", "tapes", "--json");
    assert.equal(spooled.exitCode, 0, spooled.messages);
    const { filesTotal } = JSON.parse(spooled.output) as { readonly filesTotal: number };
    assert.equal(filesTotal, 33);
    const verified = await run("tape", "verify", "--library", "tapes");
    assert.equal(verified.exitCode, 0, verified.messages);
    assert.match(verified.output, /1 moment whole/);
    const early = await run("tape", "spool", "--library", "tapes", "--at", "2020-01-01T00:00:00Z");
    assert.equal(early.exitCode, 22);
  } finally {
    await rm(folder, { recursive: true });
  }
});
