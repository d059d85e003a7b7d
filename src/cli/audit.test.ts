import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { RecoveryError } from "#errors";
import { audited, type AuditedChange } from "./audit.ts";
import { checkAudit } from "./audit-file.ts";
import type { CommandContext } from "./command.ts";

const folders: string[] = [];
after(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

async function scene(): Promise<{
  readonly state: string;
  readonly warnings: readonly string[];
  readonly change: Pick<AuditedChange<string>, "context" | "verb" | "repository">;
  readonly lines: () => Promise<readonly Record<string, unknown>[]>;
}> {
  const folder = await mkdtemp(join(tmpdir(), "restante-audited-"));
  folders.push(folder);
  const warnings: string[] = [];
  const context = {
    surroundings: {
      environment: { XDG_STATE_HOME: folder, SUDO_USER: "ada" },
      now: () => 1_800_000_000_000_000_000n,
    },
    output: { warning: (text: string) => void warnings.push(text) },
  } as unknown as CommandContext;
  const state = join(folder, "restante");
  return {
    state,
    warnings,
    change: { context, verb: "prune", repository: { id: "5f", location: "/srv/recovery" } },
    lines: async () =>
      (await readFile(join(state, "audit.jsonl"), "utf8"))
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

test("audited() records who did what where, before it returns, and returns the line's hash", async () => {
  const { state, change, lines } = await scene();
  const facts = (count: string): { removed: string } => ({ removed: count });
  const done = await audited({ ...change, planned: { packs: 3 }, facts }, async () => "7");
  assert.equal(done.result, "7");
  const [line] = await lines();
  assert.deepEqual(line, {
    at: "2027-01-15T08:00:00Z",
    verb: "prune",
    repository: "5f",
    location: "/srv/recovery",
    user: line?.["user"],
    uid: process.getuid?.() ?? 0,
    host: hostname(),
    pid: process.pid,
    sudoUser: "ada",
    outcome: "done",
    what: { packs: 3, removed: "7" },
    previous: "0".repeat(64),
  });
  assert.equal((await checkAudit(state)).lastHash, done.audit);
});

test("audited() records what failed and what was interrupted, and throws that", async () => {
  const { change, lines, warnings } = await scene();
  const failure = new RecoveryError("storage.full", "full");
  for (const error of [failure, new DOMException("end", "AbortError"), new RangeError("bug")])
    await assert.rejects(
      audited(change, async () => await Promise.reject(error)),
      (thrown) => thrown === error,
    );
  assert.deepEqual(
    (await lines()).map(({ outcome, error }) => [outcome, error]),
    [
      ["failed", "storage.full"],
      ["interrupted", undefined],
      ["failed", "bug"],
    ],
  );
  assert.deepEqual(warnings, []);
});

test("audited() that cannot record throws what failed first, or says that the change was done", async () => {
  const { state, change, warnings } = await scene();
  await mkdir(join(state, "audit.jsonl"), { recursive: true });
  const failure = new RecoveryError("storage.full", "full");
  await assert.rejects(
    audited(change, async () => await Promise.reject(failure)),
    failure,
  );
  assert.match(warnings.join(), /not recorded in audit\.jsonl: EISDIR/);
  await assert.rejects(
    audited({ ...change, planned: { packs: 3 } }, async () => "7"),
    {
      code: "cli.not-audited",
      message: /that prune was done in "\/srv\/recovery": EISDIR; it is done all the same$/,
      hint: /note by hand: \{"packs":3\}$/,
    },
  );
});
