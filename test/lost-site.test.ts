/**
 * Continuous data protection with a mirror at a second site, by the real program over a real sshd: what is
 * said of its lag, how it goes on when the line or the other site was away, what it refuses; then the first
 * site is gone, and the second one alone has a moment seconds before. One story, told in order.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, describe, test } from "node:test";
import { type GroupStatus, readDaemonStatus } from "#daemon";
import { killNow, noSshd } from "../src/hosts/sshd.fixture.ts";
import { builtRestante } from "./support/built-program.ts";
import { contentsOfFolder, deliver, makeMaildir } from "./support/mail-store.ts";
import { password, weakenKeys } from "./support/recovery-site.ts";
import { startVault } from "./support/vault.ts";

/** Nothing here takes a tenth of it; what still waits then hangs. */
const limitMs = 120_000;
const program = await builtRestante();

type Ran = { readonly status: number | null; readonly output: string; readonly messages: string };
type Daemon = { readonly child: ChildProcess; readonly ended: Promise<Ran> };
type Mirror = NonNullable<GroupStatus["mirror"]>;

const hasEverything = ({ state, lagSequences, lagBytes }: Mirror): boolean =>
  state === "following" && lagSequences === 0 && lagBytes === 0;

describe("a mirror at a second site", { skip: noSshd ?? false }, async () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "restante-lost-site-")));
  const at = (name: string): string => join(folder, name);
  await using stack = new AsyncDisposableStack();
  const vault = noSshd === undefined ? stack.use(await startVault(folder)) : undefined;
  const held = stack.move();
  const daemons: Daemon[] = [];
  after(async () => {
    for (const { child } of daemons) killNow(child.pid);
    await held.disposeAsync();
    rmSync(folder, { recursive: true, force: true });
  });

  function start(site: string, argv: readonly string[]): Daemon {
    const child = spawn(process.execPath, [program.path, ...argv], {
      // Its configuration is there.
      cwd: at(site),
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...program.environment,
        PATH: process.env["PATH"],
        HOME: at(site),
        TZ: "UTC",
        XDG_STATE_HOME: at(`${site}/state`),
        RESTANTE_SSH_COMMAND: vault?.sshCommand,
        HERE: password,
        THERE: `${password} of the second site`,
        // As a service manager does: the daemon says then how it is ten times a second.
        WATCHDOG_USEC: "300000",
      },
      timeout: 5 * limitMs,
      killSignal: "SIGKILL",
    });
    const said = Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
    const ended = said.then(([output, messages, [status]]): Ran => ({
      status: status as number | null,
      output,
      messages,
    }));
    return { child, ended };
  }

  async function run(site: string, ...argv: readonly string[]): Promise<Ran> {
    const ran = await start(site, argv).ended;
    assert.notEqual(ran.status, null, `${argv.join(" ")} hangs: ${ran.messages}`);
    return ran;
  }

  async function succeed(site: string, ...argv: readonly string[]): Promise<Ran> {
    const ran = await run(site, ...argv);
    assert.equal(ran.status, 0, `${argv.join(" ")}: ${ran.messages}`);
    return ran;
  }

  /** What the daemon of a site says of its mirror, as soon as it is so. */
  async function mirrorOnce(site: string, isSo: (mirror: Mirror) => boolean): Promise<Mirror> {
    for (const startedMs = performance.now(); ;) {
      const status = await readDaemonStatus(at(`${site}/state/restante`));
      const { phase, mirror } = status?.groups[0] ?? {};
      if (mirror !== undefined && phase === "following" && isSo(mirror)) return mirror;
      const late = performance.now() - startedMs > limitMs;
      assert.ok(!late, `${phase}: ${JSON.stringify(mirror)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  let number = 1000;
  /** Each is two events: its bytes, and its file. */
  const receive = (site: string, messages: number): number => {
    for (const end = number + messages; number < end; number++) deliver(at(`${site}/mail`), number);
    return 2 * messages;
  };

  type Places = Readonly<Record<"mail" | "here" | "vault" | "journal", string>>;
  function configure(site: string, places: Places): void {
    mkdirSync(at(site), { recursive: true });
    const lines = `version: 1
servers:
  mx1: { type: maildir, path: ${places.mail} }
copies:
  here: { layer: operational, path: ${places.here}, key: env:HERE }
  vault: { layer: disaster, ${places.vault}, key: env:THERE }
tiers:
  platinum:
    operational: { method: continuous data protection, copy: here, journal: { ${places.journal} } }
    disaster: { method: duplicate backup copies offsite, copy: vault, from: here, every: 1 day }
lines_of_business:
  everyone: { mailboxes: ["*"], tier: platinum }
`;
    writeFileSync(at(`${site}/restante.yaml`), lines);
  }

  function firstSite(site: string): Places {
    return {
      mail: at(`${site}/mail`),
      here: at(`${site}/recovery`),
      vault: `url: ${vault?.location}/recovery`,
      journal: `path: ${at(`${site}/journals`)}, mirror: ${vault?.location}/journals`,
    };
  }

  async function follow(site: string): Promise<void> {
    configure(site, firstSite(site));
    makeMaildir(at(`${site}/mail`));
    await succeed(site, "init");
    weakenKeys(at(`${site}/recovery`));
    daemons.push(start(site, ["daemon"]));
  }

  test("a mirror has everything seconds after it is begun, with the key that the documentation restricts", async () => {
    await follow("one");
    await mirrorOnce("one", hasEverything);
    await succeed("one", "init", "--copy", "vault");
    assert.match((await succeed("one", "duplicate")).output, /1 moment sent to vault/);
  });

  test("a connection that is killed is made again by itself", async () => {
    for (const victim of ["sshd", "command"] as const) {
      const { sequence } = await mirrorOnce("one", hasEverything);
      const found = vault?.sshd.sessions(victim) ?? [];
      assert.notEqual(found.length, 0);
      for (const pid of found) killNow(pid);
      const last = sequence + receive("one", 3);
      await mirrorOnce("one", (mirror) => mirror.sequence >= last && hasEverything(mirror));
    }
  });

  test("while the other site is away `status` shows how far behind it is; then it catches up", async () => {
    const { sequence } = await mirrorOnce("one", hasEverything);
    await vault?.sshd.leave();
    const events = receive("one", 5);
    const behind = await mirrorOnce("one", ({ lagSequences }) => lagSequences >= events);
    assert.equal(behind.sequence, sequence);
    const { output } = await succeed("one", "status", "--copy", "here");
    assert.match(output, /^ {2}mirror ssh:.*: .*behind by \d+ events, [\d.]+ [kM]?B, [\d.]+ m?s/m);
    await vault?.sshd.comeBack();
    const { sequence: caughtUp } = await mirrorOnce("one", hasEverything);
    assert.ok(caughtUp >= sequence + events, `${sequence}, then ${caughtUp}`);
  });

  test("another journal's mirror is refused, and not touched", async () => {
    const name = "vault/journals/mx1%2feveryone";
    // As the first left it: it goes on meanwhile.
    const before = contentsOfFolder(at(name));
    await follow("other");
    const { note } = await mirrorOnce("other", ({ state }) => state === "refused");
    assert.match(`${note}`, /it is the mirror of another journal.* Move that folder aside/);
    const { output } = await succeed("other", "status", "--copy", "here");
    assert.match(output, /refused.*behind by \d+ events.*the mirror of another journal/);
    assert.deepEqual(contentsOfFolder(at(name)), before);
    killNow(daemons.pop()?.child.pid);
  });

  test("the first site is gone: the second one has what came seconds before", async () => {
    const { sequence } = await mirrorOnce("one", hasEverything);
    const last = sequence + receive("one", 4);
    await mirrorOnce("one", (mirror) => mirror.sequence >= last && hasEverything(mirror));
    const [daemon] = daemons;
    killNow(daemon?.child.pid);
    await daemon?.ended;
    cpSync(at("one/mail"), at("expected"), { recursive: true });
    rmSync(at("one"), { recursive: true });
    await vault?.sshd.leave();
    configure("two", {
      mail: at("two/mail"),
      here: at("two/recovery"),
      vault: `path: ${at("vault/recovery")}`,
      journal: `path: ${at("vault/journals")}`,
    });
    mkdirSync(at("two/mail"));
    const { messages, status } = await run(
      "two",
      "restore",
      at("one/mail"),
      "--to",
      at("two/back"),
      "--yes",
    );
    assert.equal(status, 0, messages);
    assert.match(messages, /from copy “journal” \(continuous data protection\).* crash/);
    assert.match(messages, /replayed on [0-9a-f]{8} of “vault” \(duplicate backup copy\)/);
    assert.deepEqual(contentsOfFolder(at("two/back")), contentsOfFolder(at("expected")));
  });
});
