import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { initRepository } from "#repository";
import { directoryStorage } from "#storage";
import "../repository/cheap-keys.fixture.ts";

/* What only a process of its own can show: exit codes, signals, pipes that close, terminals, what children inherit. */
const door = new URL("./index.ts", import.meta.url).href;
const program = `import { main } from ${JSON.stringify(door)}; process.exitCode = await main(process.argv.slice(1));`;
const argv = (...words: string[]): string[] => [
  "--input-type=module",
  "-e",
  program,
  "--",
  ...words,
];

let folder = "";
const environment = (): NodeJS.ProcessEnv => ({
  PATH: process.env["PATH"],
  HOME: folder,
  NODE_COMPILE_CACHE: join(folder, "compiled"),
  TZ: "UTC",
  RESTANTE_PASSWORD: "s3cret",
  RESTANTE_REPOSITORY: join(folder, "copy"),
});
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "restante-process-"));
  await mkdir(join(folder, "mail/cur"), { recursive: true });
  await mkdir(join(folder, "mail/new"));
  await writeFile(join(folder, "mail/cur/1.M1.mx1:2,"), "Subject: one\n\none\n");
  await initRepository(directoryStorage(join(folder, "copy")), { password: "s3cret" });
});
after(async () => {
  await rm(folder, { recursive: true, force: true });
});
const run = (...words: string[]): ReturnType<typeof spawnSync> =>
  spawnSync(process.execPath, argv(...words), { cwd: folder, env: environment() });
const start = (...words: string[]): ChildProcessWithoutNullStreams =>
  spawn(process.execPath, argv(...words), { cwd: folder, env: environment() });
/** A stop command that says that it runs and then waits to be told that it may end. */
const waiting = (): string =>
  `touch ${join(folder, "stopping")}; while [ ! -e ${join(folder, "go")} ]; do sleep 0.05; done`;
const appears = async (path: string): Promise<void> => {
  while (!existsSync(path)) await new Promise((resolve) => setImmediate(resolve));
};

test("the process ends with the verb's exit code", () => {
  assert.equal(run("help").status, 0);
  assert.equal(run("captrue").status, 2);
  assert.equal(run("moments", "--copy", "nothing").status, 10);
});

test("commands that stop and start the server inherit no password", async () => {
  const captured = run(
    "capture",
    "mail",
    "--workers",
    "0",
    "--stop",
    `env > ${join(folder, "stop-environment")}`,
    "--start",
    `env > ${join(folder, "start-environment")}`,
  );
  assert.equal(captured.status, 0, String(captured.stderr));
  for (const name of ["stop-environment", "start-environment"]) {
    const inherited = await readFile(join(folder, name), "utf8");
    assert.match(inherited, /^PATH=/m);
    assert.doesNotMatch(inherited, /s3cret/);
  }
});

test("a reader that goes away is no error", async () => {
  const child = start("help");
  child.stdout.destroy();
  let messages = "";
  child.stderr.on("data", (bytes: Buffer) => (messages += bytes.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  assert.equal(messages, "");
  assert.equal(code, 0);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`${signal} ends a capture in order, starts the server again and is exit code 130`, async () => {
    await rm(join(folder, "go"), { force: true });
    await rm(join(folder, "stopping"), { force: true });
    await rm(join(folder, "started"), { force: true });
    const child = start(
      "capture",
      "mail",
      "--stop",
      waiting(),
      "--start",
      `touch ${join(folder, "started")}`,
    );
    const closed = once(child, "close");
    await appears(join(folder, "stopping"));
    child.kill(signal);
    const [code] = (await closed) as [number | null];
    assert.equal(code, 130);
    assert.ok(existsSync(join(folder, "started")));
  });
}

test(
  "SIGHUP, which restic unlock sends, ends nothing",
  { skip: spawnSync("mkfifo", ["--version"]).status === 0 ? false : "mkfifo is not installed" },
  async () => {
    // The run waits at its password file, a pipe, until it has been sent the signal.
    const pipe = join(folder, "password-pipe");
    assert.equal(spawnSync("mkfifo", [pipe]).status, 0);
    const { RESTANTE_PASSWORD: password = "", ...rest } = environment();
    const child = spawn(process.execPath, argv("moments"), {
      cwd: folder,
      env: { ...rest, RESTANTE_PASSWORD_FILE: pipe },
    });
    const closed = once(child, "close");
    const writer = await open(pipe, "w");
    child.kill("SIGHUP");
    await writer.writeFile(password);
    await writer.close();
    const [code, signal] = (await closed) as [number | null, string | null];
    assert.deepEqual([code, signal], [0, null]);
  },
);

const python = spawnSync("python3", ["-c", "import pty"]).status === 0;
test(
  "a password is asked for on a terminal and never echoed",
  { skip: python ? false : "python3 with pty is not installed" },
  () => {
    const script = `
import os, pty, select, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
seen = b""
answered = False
while True:
    try:
        data = os.read(fd, 4096)
    except OSError:
        break
    if not data:
        break
    seen += data
    if not answered and b"Password of" in seen:
        os.write(fd, b"s3crex\\x7ft\\r")
        answered = True
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(status))
`;
    const { RESTANTE_PASSWORD: _password, ...without } = environment();
    const asked = spawnSync("python3", ["-c", script, process.execPath, ...argv("moments")], {
      cwd: folder,
      env: without,
    });
    const seen = asked.stdout.toString();
    assert.equal(asked.status, 0, seen);
    assert.match(seen, /Password of .*copy: \r?\n/);
    assert.doesNotMatch(seen, /s3cre/);
  },
);
