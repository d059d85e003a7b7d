/** Locks between programs: who waits for whom, what a kill leaves, and what is taken away. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { documents } from "../src/cli/story.fixture.ts";
import { runForTest, type TestRun } from "../src/cli/surroundings.fixture.ts";
import { coreOfRepository } from "../src/repository/duplicate.fixture.ts";
import { saveUnpacked } from "../src/repository/unpacked-file.ts";
import { builtRestante } from "./support/built-program.ts";
import { makeMaildir } from "./support/mail-store.ts";
import { filesIn, password, Site, withoutRestic } from "./support/recovery-site.ts";

async function newSite(messages = 300): Promise<Site> {
  const site = new Site();
  makeMaildir(site.store, messages);
  await site.init();
  return site;
}

function environmentOf(site: Site): Record<string, string> {
  return {
    RESTANTE_PASSWORD: password,
    XDG_CACHE_HOME: site.cache,
    XDG_STATE_HOME: join(site.folder, "state"),
  };
}

async function restante(
  site: Site,
  argv: readonly string[],
  given: { readonly now?: () => bigint; readonly answers?: readonly string[] } = {},
): Promise<TestRun> {
  return await runForTest([...argv, "--no-config", "--copy", site.repository], {
    environment: environmentOf(site),
    workingFolder: site.folder,
    ...given,
  });
}

const program = await builtRestante();

/** The program as a process of its own. */
function startRestante(site: Site, argv: readonly string[]): ChildProcess {
  const words = [program.path, ...argv, "--no-config", "--copy", site.repository];
  return spawn(process.execPath, words, {
    cwd: site.folder,
    env: {
      ...program.environment,
      PATH: process.env["PATH"],
      HOME: site.folder,
      ...environmentOf(site),
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Until it holds a lock that `isMeant`; then it is stopped, so that it holds it for as long as a test needs. */
async function frozenWithLock(site: Site, child: ChildProcess): Promise<string> {
  const before = new Set(filesIn(site, "locks"));
  for (;;) {
    const [name] = filesIn(site, "locks").filter((one) => !before.has(one));
    if (name !== undefined) {
      child.kill("SIGSTOP");
      while (!/^\d+ \(.*\) T/.test(readFileSync(`/proc/${child.pid}/stat`, "latin1")))
        await setImmediate();
      // It may have been giving it back just then.
      if (filesIn(site, "locks").includes(name)) return name;
      child.kill("SIGCONT");
    }
    assert.equal(child.exitCode, null, "it ended before it was stopped");
    await setImmediate();
  }
}

const messagesOf = (child: ChildProcess): { text: string } => {
  const heard = { text: "" };
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (heard.text += text));
  return heard;
};

test(
  "a running capture survives the SIGHUP of `restic unlock`, and keeps its lock",
  { skip: withoutRestic },
  async () => {
    using site = await newSite();
    const child = startRestante(site, ["capture", site.store, "--workers", "0"]);
    const messages = messagesOf(child);
    const ended = once(child, "exit");
    const lock = await frozenWithLock(site, child);
    const unlock = site.restic("unlock");
    assert.equal(unlock.status, 0, unlock.output);
    assert.deepEqual(filesIn(site, "locks"), [lock]);
    assert.ok(isSignalPending(child, 1), "restic sent no SIGHUP: this test shows nothing");
    child.kill("SIGCONT");
    assert.deepEqual(await ended, [0, null], messages.text);
    assert.deepEqual(filesIn(site, "locks"), []);
    const check = site.restic("check");
    assert.equal(check.status, 0, check.output);
  },
);

/** proc(5), status: SigPnd of the thread, ShdPnd of the process. */
function isSignalPending({ pid }: ChildProcess, signal: number): boolean {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const masks = [...status.matchAll(/^(?:SigPnd|ShdPnd):\s+([0-9a-f]+)$/gm)];
  return masks.some(([, mask = "0"]) => (BigInt(`0x${mask}`) & (1n << BigInt(signal - 1))) !== 0n);
}

test("what a killed capture leaves is told as dead and taken away; a living one's lock stays", async () => {
  using site = await newSite();
  const killed = startRestante(site, ["capture", site.store, "--workers", "0"]);
  const killedEnd = once(killed, "exit");
  const dead = await frozenWithLock(site, killed);
  killed.kill("SIGKILL");
  await killedEnd;
  const child = startRestante(site, ["capture", site.store, "--workers", "0"]);
  const ended = once(child, "exit");
  const living = await frozenWithLock(site, child);
  const unlocked = await restante(site, ["unlock", "--json"]);
  const [document] = documents(unlocked);
  assert.deepEqual(document?.["removed"], [dead], unlocked.output);
  const [left, ...others] = document["left"] as readonly Record<string, unknown>[];
  assert.deepEqual([left?.["id"], left?.["holder"], others], [living, "alive", []]);
  assert.match(String(left?.["why"]), /^Process \d+ is at work on this machine\./);
  const shown = await restante(site, ["unlock"]);
  assert.match(shown.output, /^left {4}[0-9a-f]{8} {2}shared {2}.*, process \d+, user .*, since /);
  child.kill("SIGCONT");
  assert.deepEqual(await ended, [0, null]);
  assert.equal((await restante(site, ["unlock"])).output, "There is no lock.\n");
  const recorded = readFileSync(join(site.folder, "state/restante/audit.jsonl"), "utf8");
  assert.match(recorded, new RegExp(`"verb":"unlock".*"removed":\\["${dead}"\\]`));
});

test(
  "a lock of restic's is explained, left until it is stale, or removed when a person insists",
  { skip: withoutRestic },
  async () => {
    using site = await newSite();
    await site.capture();
    const check = site.startRestic("check", "--read-data");
    const ended = once(check, "exit");
    const lock = await frozenWithLock(site, check);
    check.kill("SIGKILL");
    await ended;
    const left = await restante(site, ["unlock"]);
    assert.match(left.output, /^left .*exclusive.*\n {2}It is another program's, such as restic's/);
    assert.match(left.output, /there is no process \d+ here; but so may be a container\./);
    const refused = await restante(site, ["unlock", "--remove-all"]);
    assert.equal(refused.exitCode, 23);
    assert.match(refused.messages, /together with a prune that may cost data/);
    const declined = await restante(site, ["unlock", "--remove-all"], { answers: ["n"] });
    assert.equal(declined.exitCode, 23);
    assert.deepEqual(filesIn(site, "locks"), [lock]);
    // Half an hour later nobody believes in it any more.
    const later = (): bigint => BigInt(Date.now() + 31 * 60_000) * 1_000_000n;
    const stale = await restante(site, ["unlock", "--json"], { now: later });
    assert.deepEqual(documents(stale)[0]?.["removed"], [lock]);
    assert.equal(site.restic("list", "locks", "--no-lock").output.trim(), "");
  },
);

test("--remove-all --yes removes what is held too, and its holder gives up before it writes a moment", async () => {
  using site = await newSite();
  const child = startRestante(site, ["capture", site.store, "--workers", "0"]);
  const messages = messagesOf(child);
  const ended = once(child, "exit");
  await frozenWithLock(site, child);
  const removed = await restante(site, ["unlock", "--remove-all", "--yes"]);
  assert.equal(removed.exitCode, 0, removed.messages);
  assert.deepEqual(filesIn(site, "locks"), []);
  child.kill("SIGCONT");
  assert.deepEqual(await ended, [1, null]);
  assert.match(messages.text, /the lock on the repository was lost: somebody removed it/);
  assert.deepEqual(filesIn(site, "snapshots"), []);
});

test("--retry-lock waits for its turn before the mail server is stopped", async () => {
  using site = await newSite();
  const [exclusive, stopped] = [await exclusiveLock(site), join(site.folder, "stopped")];
  const busy = await restante(site, ["capture", site.store]);
  assert.equal(busy.exitCode, 11);
  const argv = ["--stop", `touch ${stopped}`, "--start", "true", "--retry-lock", "1 hour"];
  const child = startRestante(site, ["capture", site.store, "--workers", "0", ...argv]);
  const messages = messagesOf(child);
  const ended = once(child, "exit");
  while (!messages.text.includes("waiting up to")) {
    await Promise.race([once(child.stderr as NodeJS.EventEmitter, "data"), ended]);
    assert.equal(child.exitCode, null, messages.text);
  }
  assert.match(messages.text, /waiting up to 1 h: host .* has held an exclusive lock since/);
  assert.equal(existsSync(stopped), false);
  unlinkSync(join(site.repository, "locks", exclusive));
  assert.deepEqual(await ended, [0, null], messages.text);
  assert.equal(existsSync(stopped), true);
});

/** As a prune of restic's on another machine would hold it. */
async function exclusiveLock(site: Site): Promise<string> {
  await using repository = await site.open();
  const { context } = coreOfRepository(repository);
  const lock = { time: new Date().toISOString(), exclusive: true, hostname: "mx2", pid: 7 };
  return await saveUnpacked(context, "lock", { json: Buffer.from(JSON.stringify(lock)) });
}
