import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmodSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { extendedAttributeSupport, type RawPath } from "#image";
import { imageContract } from "../image/image.contract.ts";
import { bytesOf, handleOf, namesOf, storageContract } from "../storage/storage.contract.ts";
import { hostContract } from "./host.contract.ts";
import type { Host } from "./host.ts";
import { ScratchFolder, scratchFixture } from "./scratch-folder.fixture.ts";
import { sshHost, type SshHostOptions } from "./ssh-host.ts";
import { sshError } from "./ssh-wire.ts";
import { noSshd, startSshd } from "./sshd.fixture.ts";

const project = dirname(dirname(import.meta.dirname));
/** This checkout's own program, run by the Node that runs the test. */
const peerCommand = [process.execPath, join(project, "bin", "restante.js"), "peer"];

const sshd = noSshd === undefined ? await startSshd() : undefined;
const scratch = new ScratchFolder();

function open(options: Partial<SshHostOptions> = {}): Host {
  const { destination = "localhost", sshCommand = ["ssh"] } = sshd ?? {};
  return sshHost({ destination, sshCommand, peerCommand, name: "mx1", ...options });
}

/** Contracts that open a host in each test do with one connection what needs no other. */
const shared = open();
after(async () => {
  await shared[Symbol.asyncDispose]();
  await sshd?.[Symbol.asyncDispose]();
  scratch[Symbol.dispose]();
});

if (sshd === undefined) {
  test("the contracts over a real sshd", { skip: noSshd ?? false }, () => undefined);
} else {
  hostContract("host over ssh", async () => {
    const host = open();
    return scratchFixture(host, async () => await host[Symbol.asyncDispose]());
  });
  storageContract("a storage over ssh", async () => {
    const storage = await shared.openStorage(scratch.fresh());
    return { storage, [Symbol.asyncDispose]: async () => await storage[Symbol.asyncDispose]() };
  });
  imageContract(
    "an image over ssh",
    async (nodes) => await shared.openFolder(await scratch.withNodes(nodes)),
    { extendedAttributes: extendedAttributeSupport() === "ffi" },
  );
}

const overSsh = (title: string, work: () => Promise<void>): void => {
  test(`over a real sshd: ${title}`, { skip: noSshd ?? false }, work);
};

/** An ssh of which the first `times` connections are lost after so many bytes were sent. */
function cuttingSsh(sentBytes: number, times: number): readonly string[] {
  const script = join(scratch.path, `cutting-ssh-${sentBytes}-${times}`);
  const count = `${script}.count`;
  const lines = [
    "#!/bin/sh",
    `n=$(cat ${count} 2>/dev/null || echo 0)`,
    `echo $((n + 1)) > ${count}`,
    `[ "$n" -ge ${times} ] && exec "$@"`,
    // Without a buffer: what came must go on at once.
    `stdbuf -o0 head -c ${sentBytes} | "$@"`,
    "",
  ];
  writeFileSync(script, lines.join("\n"));
  chmodSync(script, 0o755);
  return [script, ...(sshd?.sshCommand ?? [])];
}

const largeBytes = Buffer.alloc(6_000_001, "0123456789abcdefghijk");
const largeFile = {
  type: "data",
  name: createHash("sha256").update(largeBytes).digest("hex"),
} as const;

overSsh("a file arrives although the connection is lost again and again", async () => {
  const path = scratch.fresh();
  const sshCommand = cuttingSsh(1_500_000, 3);
  await using host = open({ sshCommand, attempts: 3, backOffMs: 1 });
  const storage = await host.openStorage(path);
  await storage.create();
  await storage.save(largeFile, [largeBytes]);
  assert.deepEqual(Buffer.from(await storage.load(largeFile)), largeBytes);
  assert.deepEqual(await namesOf(storage, "data"), [largeFile.name]);
  assert.deepEqual(readdirSync(`${path}/.transfers`), []);
  assert.equal(readFileSync(sshCommand[0] + ".count", "utf8").trim(), "4");
});

overSsh("a peer of a key that is restricted to a folder serves only that", async () => {
  const inside = await scratch.withNodes({ "cur/1:2,S": "mail" });
  const outside = await scratch.withNodes({ secret: "secret" });
  const words = [...peerCommand, "--root", inside].join(" ");
  sshd?.restrictKey(`restrict,command="${words}"`);
  try {
    await using host = open();
    await using image = await host.openFolder(inside);
    assert.deepEqual((await image.list("cur" as RawPath)).names, ["1:2,S"]);
    await assert.rejects(host.openFolder(outside), { code: "host.denied" });
    await assert.rejects(host.run(["true"], { timeoutMs: 60_000 }), { code: "host.denied" });
  } finally {
    sshd?.restrictKey("");
  }
});

overSsh("what stands in the way of the first word is said, each in its own way", async () => {
  const refused = async (code: string, message: RegExp, options: Partial<SshHostOptions>) => {
    await using host = open({ attempts: 1, ...options });
    await assert.rejects(host.freeSpace("/" as RawPath), { code, message });
  };
  await refused("host.no-peer", /"restante-that-is-not-there" is not there/, {
    peerCommand: ["restante-that-is-not-there", "peer"],
  });
  await refused("host.no-peer", /"false" ended with 1/, { peerCommand: ["false"] });
  await refused("host.chatty-shell", /the text "PING/, {
    peerCommand: ["echo", "PING", "localhost"],
  });
  await refused("host.refused", /"no-ssh-here" could not be started \(ENOENT\)/, {
    sshCommand: ["no-ssh-here"],
  });
  await refused("host.refused", /Permission denied/, {
    sshCommand: [
      ...(sshd?.sshCommand ?? []),
      "-o",
      "IdentityFile=/dev/null",
      "-o",
      "PubkeyAuthentication=no",
    ],
  });
  await refused("host.refused", /Host key verification failed/, {
    sshCommand: [
      ...(sshd?.sshCommand.slice(0, 3) ?? []),
      "-o",
      "UserKnownHostsFile=/dev/null",
      ...(sshd?.sshCommand.slice(3) ?? []),
    ],
  });
  await refused("host.unreachable", /Connection refused/, {
    sshCommand: ["ssh", "-F", "/dev/null", "-o", "BatchMode=yes", "-o", "Port=1"],
  });
});

overSsh("a peer whose process is killed is replaced at the next request", async () => {
  const path = scratch.fresh();
  await using host = open();
  const storage = await host.openStorage(path);
  await storage.create();
  const parent = await host.run(["sh", "-c", "echo $PPID"], { timeoutMs: 60_000 });
  process.kill(Number(Buffer.from(parent.stdout).toString()), "SIGKILL");
  await storage.save(handleOf("a"), [bytesOf("a")]);
  assert.deepEqual(await namesOf(storage, "data"), [handleOf("a").name]);
});

test("nothing that a shell or ssh could take for something else becomes part of the command", () => {
  for (const destination of ["", "-oProxyCommand=touch /tmp/x", "a b", "a\nb"]) {
    assert.throws(() => sshHost({ destination }), { code: "host.bad-destination" });
  }
  for (const word of ["", "$(reboot)", "a b", "it's", "a;b", "*", "~root", "a\nb", "Grüße"]) {
    assert.throws(() => sshHost({ destination: "mx1", peerCommand: ["restante", word] }), {
      code: "host.bad-destination",
    });
  }
  assert.throws(() => sshHost({ destination: "mx1", peerCommand: [] }), {
    code: "host.bad-destination",
  });
  assert.equal(sshHost({ destination: "ssh://root@mx1:22" }).name, "ssh://root@mx1:22");
});

overSsh("what an ssh left running keeps open is not waited for", async () => {
  const script = join(scratch.path, "ssh-with-master");
  // As a master of shared connections: it holds standard error for as long as it lives.
  writeFileSync(
    script,
    '#!/bin/sh\nsleep 1000000 >/dev/null </dev/null &\necho $! > "$0.pid"\nexec "$@"\n',
  );
  chmodSync(script, 0o755);
  const host = open({ sshCommand: [script, ...(sshd?.sshCommand ?? [])] });
  await host.freeSpace("/" as RawPath);
  await host[Symbol.asyncDispose]();
  process.kill(Number(readFileSync(`${script}.pid`, "utf8")), "SIGKILL");
});

test("why ssh ended says whether it may pass by itself", () => {
  const wire = { destination: "mx1", sshCommand: ["ssh"], peerCommand: ["restante", "peer"] };
  const of = (exitCode: number, said: string) => {
    const error = sshError({ kind: "exit", exitCode }, wire, said);
    return [error?.code, error?.retryable];
  };
  assert.deepEqual(of(0, ""), [undefined, undefined]);
  assert.deepEqual(of(255, "ssh: connect to host mx1 port 22: Connection timed out"), [
    "host.unreachable",
    true,
  ]);
  assert.deepEqual(of(255, "root@mx1: Permission denied (publickey)."), ["host.refused", false]);
  assert.deepEqual(of(255, "ssh: Could not resolve hostname mx1: Name or service not known"), [
    "host.refused",
    false,
  ]);
  assert.deepEqual(
    of(255, "ssh: Could not resolve hostname mx1: Temporary failure in name resolution"),
    ["host.unreachable", true],
  );
  assert.deepEqual(of(127, "bash: restante: command not found"), ["host.no-peer", false]);
  const killed = sshError({ kind: "signal", signal: "SIGKILL" }, wire, "");
  assert.deepEqual([killed?.code, killed?.retryable], ["host.disconnected", true]);
});
