import assert from "node:assert/strict";
import { test } from "node:test";
import { type MemoryNodes, type RawName, type RawPath, readAll } from "#image";
import type { Host } from "./host.ts";
import { isHostError } from "./host-error.ts";

/** What a host under test can run; each adapter says how. */
export type HostCommands = {
  /** Copies its input to its output. */
  readonly copy: readonly string[];
  /** Writes "out" and "err" to its outputs and exits with 3. */
  readonly fail: readonly string[];
  /** Is ended by SIGKILL. */
  readonly killed: readonly string[];
  readonly endless: readonly string[];
  /** Writes 3,000,000 bytes. */
  readonly talkative: readonly string[];
  /** A program that is not there. */
  readonly missing: readonly string[];
};

export type HostFixture = AsyncDisposable & {
  readonly host: Host;
  readonly commands: HostCommands;
  /** An absolute path on the host at which these nodes are. */
  makeFolder(nodes: MemoryNodes): Promise<RawPath>;
  /** An absolute path on the host at which a repository can be made. */
  freshPath(): Promise<RawPath>;
};

/** Of any Debian. */
export const shellCommands: HostCommands = {
  copy: ["cat"],
  fail: ["sh", "-c", "printf out; printf err >&2; exit 3"],
  killed: ["sh", "-c", "kill -9 $$"],
  endless: ["sleep", "1000000"],
  talkative: ["head", "-c", "3000000", "/dev/zero"],
  missing: ["restante-program-that-is-not-there"],
};

const patientMs = 60_000;

/** What every Host does. */
export function hostContract(name: string, open: () => Promise<HostFixture>): void {
  const contract = (title: string, work: (fixture: HostFixture) => Promise<void>): void => {
    test(`${name}: ${title}`, async () => {
      await using fixture = await open();
      await work(fixture);
    });
  };
  running(contract);
  opening(contract);
}

type Contract = (title: string, work: (fixture: HostFixture) => Promise<void>) => void;

function running(contract: Contract): void {
  contract(
    "run() gives a command its input and takes its output, byte for byte",
    async (fixture) => {
      const { host, commands } = fixture;
      const input = Uint8Array.from({ length: 300_000 }, (_, index) => index * 7);
      const result = await host.run(commands.copy, { timeoutMs: patientMs, input });
      assert.ok("exitCode" in result);
      assert.equal(result.exitCode, 0);
      assert.deepEqual(Buffer.from(result.stdout), Buffer.from(input));
      assert.equal(result.stderr.length, 0);
      assert.equal(result.isCut, false);
      const without = await host.run(commands.copy, { timeoutMs: patientMs });
      assert.equal(without.stdout.length, 0);
    },
  );

  contract("run() tells how a command ended, and keeps its outputs apart", async (fixture) => {
    const { host, commands } = fixture;
    const failed = await host.run(commands.fail, { timeoutMs: patientMs });
    assert.equal("exitCode" in failed && failed.exitCode, 3);
    assert.equal(Buffer.from(failed.stdout).toString(), "out");
    assert.equal(Buffer.from(failed.stderr).toString(), "err");
    const killed = await host.run(commands.killed, { timeoutMs: patientMs });
    assert.equal("signal" in killed && killed.signal, "SIGKILL");
  });

  contract(
    "run() passes arguments on as they are: no shell reads them",
    async ({ host, commands }) => {
      const odd = ["$(touch /tmp/x)", "a b", "'", '"', "*", "\n", "", "Grüße ✉", "--", "\\"];
      const [program = "", ...rest] =
        commands.fail.at(0) === "sh" ? ["printf", "%s|"] : commands.copy;
      const result = await host.run([program, ...rest, ...odd], { timeoutMs: patientMs });
      if (program === "printf")
        assert.equal(Buffer.from(result.stdout).toString(), odd.map((word) => `${word}|`).join(""));
    },
  );

  contract(
    "run() keeps the beginning of what is more than the limit, and says so",
    async (fixture) => {
      const { host, commands } = fixture;
      const limitBytes = 1000;
      const result = await host.run(commands.talkative, { timeoutMs: patientMs, limitBytes });
      assert.equal(result.stdout.length, limitBytes);
      assert.equal(result.isCut, true);
      const whole = await host.run(commands.talkative, {
        timeoutMs: patientMs,
        limitBytes: 3_000_000,
      });
      assert.equal(whole.stdout.length, 3_000_000);
      assert.equal(whole.isCut, false);
    },
  );

  contract("run() ends a command that is not done in time", async ({ host, commands }) => {
    await rejects("host.command-timeout", () => host.run(commands.endless, { timeoutMs: 50 }));
  });

  contract("run() ends a command that is not wanted any more", async ({ host, commands }) => {
    const controller = new AbortController();
    const { signal } = controller;
    const running = host.run(commands.endless, { timeoutMs: patientMs, signal });
    controller.abort(new Error("enough"));
    await assert.rejects(running, /enough/);
    await assert.rejects(host.run(commands.copy, { timeoutMs: patientMs, signal }), /enough/);
  });

  contract("run() says that a program is not there", async ({ host, commands }) => {
    await rejects("host.command-not-run", () =>
      host.run(commands.missing, { timeoutMs: patientMs }),
    );
    await rejects("host.command-not-run", () => host.run([], { timeoutMs: patientMs }));
    await rejects("host.command-not-run", () => host.run(["a\0b"], { timeoutMs: patientMs }));
  });

  contract("run() refuses more input or output than a host takes", async ({ host, commands }) => {
    const timeoutMs = patientMs;
    await rejects("host.too-large", () =>
      host.run(commands.copy, { timeoutMs, input: new Uint8Array(4 * 1024 * 1024 + 1) }),
    );
    await rejects("host.too-large", () =>
      host.run(commands.copy, { timeoutMs, limitBytes: 2 ** 40 }),
    );
  });
}

function opening(contract: Contract): void {
  contract("openFolder() gives an Image with the moment that was asked for", async (fixture) => {
    const path = await fixture.makeFolder({ "cur/1:2,S": "one", "cur/\u00ff": "two" });
    const options = {
      group: "mx1/all",
      sequence: 7,
      generation: "g",
      consistency: "offline",
    } as const;
    await using image = await fixture.host.openFolder(path, options);
    const { group, sequence, generation } = image.at;
    assert.deepEqual([group, sequence, generation], ["mx1/all", 7, "g"]);
    assert.equal(image.consistency, "offline");
    assert.deepEqual((await image.list("cur" as RawPath)).names, ["1:2,S", "\u00ff"] as RawName[]);
    assert.equal(Buffer.from(await readAll(image, "cur/\u00ff" as RawPath)).toString(), "two");
    await using plain = await fixture.host.openFolder(path);
    assert.equal(plain.consistency, "crash");
  });

  contract("openFolder() of what is not there is an error and no empty Image", async (fixture) => {
    const path = `${await fixture.freshPath()}/absent` as RawPath;
    await assert.rejects(fixture.host.openFolder(path), { code: "image.not-found" });
  });

  contract("openStorage() opens the same repository twice", async (fixture) => {
    const { host } = fixture;
    const path = await fixture.freshPath();
    const file = { type: "key", name: "ab".repeat(32) } as const;
    await using first = await host.openStorage(path);
    await first.create();
    await first.save(file, [Buffer.from("key")]);
    await using second = await host.openStorage(path);
    assert.equal(Buffer.from(await second.load(file)).toString(), "key");
    assert.deepEqual(second.promises, first.promises);
  });

  contract("openLog() adds at the end of what is there, and never changes it", async (fixture) => {
    const log = fixture.host.openLog(`${await fixture.makeFolder({ a: "a" })}/log` as RawPath);
    const name = "0000000000000001.journal";
    const bytes = Buffer.from("frames, and more frames");
    assert.deepEqual(await log.list(), []);
    await rejects("host.not-found", () => log.read(name, { offset: 0, lengthBytes: 1 }));
    await log.write(name, { offset: 0, bytes: bytes.subarray(0, 7) });
    await log.write(name, { offset: 4, bytes: bytes.subarray(4) });
    await log.write(name, { offset: 0, bytes: bytes.subarray(0, 3) });
    await log.write(`keys/${"ab".repeat(32)}`, { offset: 0, bytes });
    for (const text of ["one", "two"]) await log.setPosition(Buffer.from(text));
    assert.deepEqual(await log.list(), [
      { name, sizeBytes: bytes.length },
      { name: `keys/${"ab".repeat(32)}`, sizeBytes: bytes.length },
      { name: "position", sizeBytes: 3 },
    ]);
    const read = await log.read(name, { offset: 8, lengthBytes: 1000 });
    assert.equal(Buffer.from(read).toString(), "and more frames");
    for (const piece of [
      { offset: 2, bytes: Buffer.from("x") },
      { offset: bytes.length + 1, bytes },
    ])
      await rejects("host.differs", () => log.write(name, piece));
    for (const other of ["../1", "position", "keys/a", `/${name}`, "config", `keys/../${name}`])
      await rejects("host.denied", () => log.write(other, { offset: 0, bytes }));
  });

  contract(
    "freeSpace() tells how much room there is, and that there is no such place",
    async (fixture) => {
      const path = await fixture.makeFolder({ a: "a" });
      const { freeBytes, totalBytes } = await fixture.host.freeSpace(path);
      assert.ok(freeBytes > 0 && freeBytes <= totalBytes, `${freeBytes} of ${totalBytes}`);
      await rejects("host.not-found", () => fixture.host.freeSpace(`${path}/absent` as RawPath));
    },
  );

  contract(
    "a path that is not absolute, or leads elsewhere than it says, is refused",
    async ({ host }) => {
      for (const text of ["", "srv", "./srv", "../srv", "/srv/../etc", "/srv/.", "/a\0b"]) {
        const path = text as RawPath;
        await rejects("host.bad-path", () => host.openFolder(path));
        await rejects("host.bad-path", () => host.openStorage(path));
        await rejects("host.bad-path", () => host.freeSpace(path));
      }
      await rejects("host.bad-path", () => host.openStorage("/srv/\u00ff" as RawPath));
    },
  );

  contract("nothing works on a host that was closed", async (fixture) => {
    const { host, commands } = fixture;
    const path = await fixture.freshPath();
    await host[Symbol.asyncDispose]();
    await host[Symbol.asyncDispose]();
    await rejects("host.closed", () => host.run(commands.copy, { timeoutMs: patientMs }));
    await rejects("host.closed", () => host.openFolder(path));
    await rejects("host.closed", () => host.openStorage(path));
    await rejects("host.closed", () => host.freeSpace(path));
  });
}

async function rejects(code: string, work: () => Promise<unknown>): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(isHostError(error), `a HostError, not ${String(error)}`);
    assert.equal(error.code, code, error.message);
    return true;
  });
}
