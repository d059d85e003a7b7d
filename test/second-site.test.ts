/**
 * The second site over a real sshd, with the real program: filled, killed in the middle, filled again, and
 * then all that is left of the mail.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { noSshd, startSshd } from "../src/hosts/sshd.fixture.ts";
import { contentsOfFolder, deliver, makeMaildir } from "./support/mail-store.ts";
import { builtRestante } from "./support/built-program.ts";
import { password, weakenKeys, withoutRestic } from "./support/recovery-site.ts";
import { restic } from "./support/restic.ts";

const { path: program, environment: compiled } = await builtRestante();
const peerCommand = `${process.execPath} ${program} peer`;
/** Nothing here takes a tenth of it; what still runs then hangs. */
const limitMs = 100_000;

type Ran = { readonly status: number | null; readonly output: string; readonly messages: string };
type Running = { readonly child: ChildProcess; readonly ended: Promise<Ran> };
type Environment = Readonly<Record<string, string>>;

describe("a second site over SSH", { skip: noSshd ?? false }, async () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "restante-second-site-")));
  const at = (name: string): string => join(folder, name);
  await using stack = new AsyncDisposableStack();
  const sshd = noSshd === undefined ? stack.use(await startSshd()) : undefined;
  const held = stack.move();
  after(async () => {
    await held.disposeAsync();
    rmSync(folder, { recursive: true, force: true });
  });
  const words = sshd?.sshCommand ?? [];
  const port = words.find((word) => word.startsWith("Port="))?.slice("Port=".length) ?? "";
  // The first port that ssh is told wins: here it is the location's.
  const ssh = words.filter((word, index) => !`${word} ${words[index + 1]}`.includes("Port="));
  const near = at("recovery");
  const far = at("vault/recovery");
  const copy = `ssh://${sshd?.destination}:${port}${far}`;
  const mail = at("mail");
  /** Of the second repository alone, for runs that have lost the first site. */
  const there = { RESTANTE_PASSWORD: password, RESTANTE_TO_PASSWORD: "" };

  function start(argv: readonly string[], environment: Environment = {}): Running {
    const child = spawn(process.execPath, [program, ...argv], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...compiled,
        PATH: process.env["PATH"],
        HOME: folder,
        TZ: "UTC",
        XDG_STATE_HOME: at("state"),
        RESTANTE_SSH_COMMAND: ssh.join(" "),
        RESTANTE_PEER_COMMAND: peerCommand,
        RESTANTE_PASSWORD: password,
        RESTANTE_TO_PASSWORD: password,
        ...environment,
      },
      timeout: limitMs,
      killSignal: "SIGABRT",
    });
    let [output, messages] = ["", ""];
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (messages += text));
    const ended = once(child, "close").then(([status, signal]): Ran => {
      assert.notEqual(signal, "SIGABRT", `${argv.join(" ")} hangs: ${messages}`);
      return { status: status as number | null, output, messages };
    });
    return { child, ended };
  }

  async function run(argv: readonly string[], environment: Environment = {}): Promise<Ran> {
    return await start(argv, environment).ended;
  }

  async function succeed(argv: readonly string[], environment: Environment = {}): Promise<string> {
    const { status, output, messages } = await run(argv, environment);
    assert.equal(status, 0, `${argv.join(" ")}: ${messages}`);
    return output;
  }

  /** An ssh of our own: what a shell does around the real one, which is its arguments. */
  function sshScript(name: string, text: string): string {
    writeFileSync(at(name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    return [at(name), ...ssh].join(" ");
  }

  /** Without names that a lock or a part of a file has for a while. */
  const filesIn = (name: string): readonly string[] =>
    readdirSync(join(far, name), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /^[0-9a-f]{64}$/.test(entry.name))
      .map((entry) => entry.name);

  let expected = new Map<string, string>();
  const duplicate = ["duplicate", "--copy", near, "--to", copy];

  test("both repositories are made, and moments are taken here", async () => {
    makeMaildir(mail, 300);
    await Promise.all([
      succeed(["init", "--copy", near]),
      succeed(["init", "--copy", copy], there),
    ]);
    // Each run would spend half a second on the password.
    for (const repository of [near, far]) weakenKeys(repository);
    await succeed(["capture", mail, "--copy", near]);
    deliver(mail, 1000);
    await succeed(["capture", mail, "--copy", near]);
    expected = contentsOfFolder(mail);
  });

  // Most of their time is waiting.
  describe("while it is filled", { concurrency: true }, () => {
    test("what stands in the way is said, with what can be recovered all the same", async () => {
      mkdirSync(at("elsewhere"));
      const cases: readonly (readonly [string, RegExp, Environment?])[] = [
        [`ssh://${sshd?.destination}:1${far}`, /127\.0\.0\.1.*Connection refused[^]*its sshd runs/],
        [
          copy,
          /"restante-that-is-not-there" is not there[^]*Install Restante there/,
          { RESTANTE_PEER_COMMAND: "restante-that-is-not-there peer" },
        ],
        [
          copy,
          /outside the folders that this peer may touch[^]*`--root`s/,
          { RESTANTE_PEER_COMMAND: `${peerCommand} --root ${at("elsewhere")}` },
        ],
        [`${copy}-none`, /there is none[^]*restante init --copy ssh:/],
      ];
      const refusals = cases.map(async ([to, message, environment]) => {
        const ran = await run(["duplicate", "--copy", near, "--to", to], environment);
        assert.equal(ran.status, to.endsWith("-none") ? 10 : 1, ran.messages);
        assert.match(ran.messages, message);
        assert.match(ran.messages, /nothing was sent; 2 moments can be recovered from \S+recovery/);
      });
      await Promise.all(refusals);
    });

    test("a run whose link is lost for good in the middle ends, and says what is the matter", async () => {
      const lost = `[ -e ${at("lost")} ] && exit 255; touch ${at("lost")}; stdbuf -o0 head -c 600000 | "$@"`;
      const { status, messages } = await run(duplicate, {
        RESTANTE_SSH_COMMAND: sshScript("dying-ssh", lost),
      });
      assert.equal(status, 1, messages);
      assert.match(
        messages,
        /not everything was sent; 2 moments can be recovered from \S+recovery/,
      );
      assert.match(messages, /Cannot reach host .*: ssh ended[^]*that its sshd runs/);
    });

    test("it is filled although a run is killed in the middle", async () => {
      const kill = `{ stdbuf -o0 head -c 600000; kill -9 $PPID; } | "$@"`;
      const killed = start(duplicate, { RESTANTE_SSH_COMMAND: sshScript("killing-ssh", kill) });
      await killed.ended;
      assert.equal(killed.child.signalCode, "SIGKILL");
      assert.deepEqual(filesIn("snapshots"), []);
      assert.match(await succeed(duplicate), /^2 moments sent to ssh:/m);
      assert.equal(filesIn("snapshots").length, 2);
    });
  });

  test("without the first site and the mail store, it brings every byte back", async () => {
    for (const gone of [near, mail, at("state"), at(".cache")]) rmSync(gone, { recursive: true });
    const moments = await succeed(["moments", "--copy", copy, "--json"], there);
    const listed = await succeed(["ls", mail, "--copy", copy], there);
    await succeed(["restore", mail, "--copy", copy, "--to", at("restored")], there);
    const verified = await succeed(["verify", "--copy", copy, "--read-data"], there);
    assert.equal(moments.match(/"sequence":[12]\b/g)?.length, 2, moments);
    assert.match(listed, /INBOX +\d+ /);
    assert.match(verified, /whole.* \(2 moments, .* read and hashed\)/);
    assert.deepEqual(contentsOfFolder(at("restored")), expected);
  });

  test("any restic finds the far folder whole", { skip: withoutRestic }, () => {
    const env = { RESTIC_PASSWORD: password };
    // The killed run's lock: restic sees that its holder is dead.
    restic(far, ["unlock"], { env });
    const { stdout } = restic(far, ["check", "--read-data"], { env });
    assert.match(String(stdout), /no errors were found/);
  });

  test("on the second site itself the same commands work on the folder", async () => {
    await succeed(["restore", mail, "--copy", far, "--yes"], there);
    assert.deepEqual(contentsOfFolder(mail), expected);
  });

  test("doctor looks at it, captures go on into it, and what expired is freed over there", async () => {
    const { output } = await run(["doctor", mail, "--copy", copy], there);
    assert.match(output, /ok {4}the copy in ssh:\S+ opens with the password; 2 moments/);
    assert.match(output, /free for the copy/);
    assert.doesNotMatch(output, /FAIL/);
    const capture = ["capture", mail, "--copy", copy];
    await succeed(capture, there);
    // Nothing new is stored, and what the scan before saw is not read again.
    assert.match(await succeed(capture, there), / 0 new, .* 305 unmodified/);
    const expiry = await succeed(["expire", "--copy", copy, "--keep", "last 1", "--yes"], there);
    assert.ok(expiry.includes(`\`restante prune --copy ${copy}\``), expiry);
    assert.match(
      await succeed(["prune", "--copy", copy, "--max-unused", "0%"], there),
      /freed: \d+ packs? removed whole/,
    );
    assert.match(await succeed(["verify", "--copy", copy, "--read-data"], there), /^whole/);
    assert.equal(filesIn("snapshots").length, 1);
    // Those of the killed run too, where its process is known to be dead.
    assert.deepEqual(filesIn("locks"), []);
  });

  test("a host that takes the connection and says nothing does not keep whoever wants to end", async () => {
    const sockets = new Set<{ destroy(): void }>();
    const server = createServer((socket) => void sockets.add(socket)).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    assert.ok(address !== null && typeof address === "object");
    const silent = `ssh://root@127.0.0.1:${address.port}/srv/recovery`;
    const running = start(["moments", "--copy", silent], there);
    await once(server, "connection");
    running.child.kill("SIGTERM");
    assert.equal((await running.ended).status, 130);
    for (const socket of sockets) socket.destroy();
    server.close();
  });
});
