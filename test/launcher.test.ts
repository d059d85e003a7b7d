/** bin/restante.js: finds a Node that is new enough, and is otherwise not noticed. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmod, cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { projectRoot } from "./support/source-tree.ts";

const top = await realpath(await mkdtemp(join(tmpdir(), "restante-launcher-")));
after(() => rm(top, { recursive: true, force: true }));

/** A command line that does what its first argument says. */
const commandLine = `
import { getCompileCacheDir } from "node:module";
export async function main(argv: readonly string[]): Promise<number> {
  const [verb] = argv;
  if (verb === "cache") console.log(getCompileCacheDir() ?? "none");
  if (verb === "die") process.kill(process.pid, "SIGKILL");
  if (verb === "warn") {
    process.emitWarning("FFI is an experimental feature", "ExperimentalWarning");
    process.emitWarning("SQLite is an experimental feature", { type: "ExperimentalWarning" });
    process.emitWarning("Gears is an experimental feature", "ExperimentalWarning");
    process.emitWarning("SQLite is slow today");
  }
  if (verb === "wait") {
    const alive = setInterval(() => undefined, 1000);
    const signal = await new Promise((resolve) => {
      for (const name of ["SIGTERM", "SIGINT", "SIGHUP"]) process.once(name, resolve);
      console.log("ready");
    });
    clearInterval(alive);
    console.log(signal);
  }
  console.log(argv.join(" "));
  return 3;
}
`;

/** Makes the Node that loads it say that it is an old one; not the one that takes over. */
const pretendOld = `
if (process.env.PRETEND_OLD === "1") {
  delete process.env.PRETEND_OLD;
  const versions = { ...process.versions, node: "20.1.0" };
  Object.defineProperty(process, "versions", { value: versions });
}
`;

type Beside = { readonly nodeVersion?: string };

async function install({ nodeVersion }: Beside = {}): Promise<string> {
  const folder = await mkdtemp(join(top, "install-"));
  await cp(join(projectRoot, "bin"), join(folder, "bin"), { recursive: true });
  await writeFile(join(folder, "package.json"), '{"type":"module"}');
  await writeFile(join(folder, "pretend-old.cjs"), pretendOld);
  await mkdir(join(folder, "src", "cli"), { recursive: true });
  await writeFile(join(folder, "src", "cli", "index.ts"), commandLine);
  if (nodeVersion !== undefined) {
    const beside = join(folder, "node_modules", "node");
    await mkdir(join(beside, "bin"), { recursive: true });
    await writeFile(join(beside, "package.json"), JSON.stringify({ version: nodeVersion }));
    await symlink(process.execPath, join(beside, "bin", "node"));
  }
  return folder;
}

type Ended = { code: number | null; signal: string | null; stdout: string; stderr: string };
type Start = {
  readonly isOld?: boolean;
  readonly environment?: Record<string, string>;
  readonly signalWhenReady?: NodeJS.Signals;
};

async function start(folder: string, argv: readonly string[], options: Start = {}): Promise<Ended> {
  const script = [join(folder, "bin", "restante.js"), ...argv];
  const child = spawn(process.execPath, ["-r", join(folder, "pretend-old.cjs"), ...script], {
    env: {
      ...process.env,
      NODE_OPTIONS: "",
      NODE_COMPILE_CACHE: "",
      XDG_CACHE_HOME: join(folder, "cache"),
      ...(options.isOld === true ? { PRETEND_OLD: "1" } : {}),
      ...options.environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended: Ended = { code: null, signal: null, stdout: "", stderr: "" };
  child.stderr.on("data", (data: Buffer) => (ended.stderr += data.toString()));
  child.stdout.on("data", (data: Buffer) => {
    const wasReady = ended.stdout.includes("ready");
    ended.stdout += data.toString();
    const isReady = !wasReady && ended.stdout.includes("ready");
    if (isReady && options.signalWhenReady !== undefined) child.kill(options.signalWhenReady);
  });
  await new Promise((resolve) => child.on("close", resolve));
  return { ...ended, code: child.exitCode, signal: child.signalCode };
}

test("a Node that is new enough runs the command line itself", async () => {
  const ended = await start(await install(), ["a", "b c"]);
  assert.deepEqual(ended, { code: 3, signal: null, stdout: "a b c\n", stderr: "" });
});

test("an old Node hands over to the one beside, arguments and exit code included", async () => {
  const folder = await install({ nodeVersion: "26.0.0" });
  const ended = await start(folder, ["a", "b c"], { isOld: true });
  assert.deepEqual(ended, { code: 3, signal: null, stdout: "a b c\n", stderr: "" });
});

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
  test(`an old Node passes ${signal} on and waits for the end`, async () => {
    const folder = await install({ nodeVersion: "26.0.0" });
    const ended = await start(folder, ["wait"], { isOld: true, signalWhenReady: signal });
    assert.equal(ended.stdout, `ready\n${signal}\nwait\n`);
    assert.equal(ended.code, 3);
  });
}

test("an old Node ends by the signal that ended the one beside", async () => {
  const folder = await install({ nodeVersion: "26.0.0" });
  const ended = await start(folder, ["die"], { isOld: true });
  assert.deepEqual({ code: ended.code, signal: ended.signal }, { code: null, signal: "SIGKILL" });
});

test("an old Node with none beside, or only an old one, says once what is needed", async () => {
  for (const beside of [{}, { nodeVersion: "18.0.0" }]) {
    const ended = await start(await install(beside), ["a"], { isOld: true });
    assert.equal(ended.code, 2);
    assert.equal(ended.stdout, "");
    assert.match(ended.stderr, /^Cannot start restante: it needs Node 24 or newer, .*\n {2}.+\n$/);
  }
});

test("only the notices on FFI, SQLite and type stripping are hidden", async () => {
  const { stderr } = await start(await install(), ["warn"]);
  assert.doesNotMatch(stderr, /experimental feature.*FFI|FFI is|SQLite is an/);
  assert.match(stderr, /ExperimentalWarning: Gears/);
  assert.match(stderr, /Warning: SQLite is slow today/);
});

test("compiled code is kept where only its owner can write, and nowhere else", async () => {
  const folder = await install();
  const safe = await start(folder, ["cache"]);
  assert.match(safe.stdout, new RegExp(`^${join(folder, "cache", "restante", "code")}/`));

  const shared = join(folder, "shared");
  await mkdir(shared);
  await chmod(shared, 0o777);
  const unsafe = await start(folder, ["cache"], { environment: { XDG_CACHE_HOME: shared } });
  assert.equal(unsafe.stdout, "none\ncache\n");
});
