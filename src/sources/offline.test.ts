import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { rawPathFromText, type RawPath, readAll, rootPath, writeMemoryNodes } from "#image";
import { loggingCommands } from "./offline-holder.fixture.ts";
import { type OfflineSourceOptions, offlineSource, recoverInterruptedOffline } from "./offline.ts";
import { sourceContract } from "./source.contract.ts";
import { SourceError } from "./source-error.ts";

const base = await realpath(await mkdtemp(join(tmpdir(), "restante-offline-")));
after(() => rm(base, { recursive: true, force: true }));

type Server = {
  readonly folder: string;
  readonly store: RawPath;
  readonly options: OfflineSourceOptions;
};

async function newServer(changes: Partial<OfflineSourceOptions> = {}): Promise<Server> {
  const folder = await mkdtemp(join(base, "server-"));
  const store = join(folder, "store");
  await mkdir(store);
  await writeFile(join(store, "mail"), "mail");
  return {
    folder,
    store: rawPathFromText(store),
    options: { ...loggingCommands(folder), ...changes },
  };
}

function logOf({ folder }: Server): string {
  const log = join(folder, "log");
  return existsSync(log) ? readFileSync(log, "utf8").trim().split("\n").join(" ") : "";
}

function notesOf({ options }: Server): readonly string[] {
  return existsSync(options.stateFolder) ? readdirSync(options.stateFolder) : [];
}

sourceContract("the offline source", async (nodes, { clock }) => {
  const server = await newServer({ clock });
  await rm(join(server.folder, "store", "mail"));
  await writeMemoryNodes(server.store, nodes);
  return { source: offlineSource(server.options), folder: server.store };
});

test("the server is stopped before the store is opened and started after it is closed", async () => {
  const server = await newServer();
  {
    await using image = await offlineSource(server.options).stableImage({ folder: server.store });
    assert.equal(logOf(server), "stop");
    assert.equal(notesOf(server).length, 1);
    assert.equal((await image.list(rootPath)).length, 1);
    assert.equal(image.consistency, "offline");
  }
  assert.equal(logOf(server), "stop start");
  assert.deepEqual(notesOf(server), []);
});

test("the server is started again when the capture fails", async () => {
  const server = await newServer();
  const capture = async () => {
    await using image = await offlineSource(server.options).stableImage({ folder: server.store });
    await readAll(image, "absent" as RawPath);
  };
  await assert.rejects(capture, { code: "image.not-found" });
  assert.equal(logOf(server), "stop start");
});

test("the server is started again when the store cannot be opened", async () => {
  const server = await newServer();
  const folder = rawPathFromText(join(server.folder, "absent"));
  await assert.rejects(offlineSource(server.options).stableImage({ folder }), {
    code: "image.not-found",
  });
  assert.equal(logOf(server), "stop start");
});

test("a stop command that fails is reported with exit code and words, and the server is started", async () => {
  const server = await newServer({
    stop: "echo first; printf 'no\\033[2J such unit\\n' >&2; exit 5",
  });
  await assert.rejects(offlineSource(server.options).stableImage({ folder: server.store }), {
    code: "source.stop-failed",
    message:
      'Cannot stop the mail server with "echo": it exited with 5 and said: first / no\\x1b[2J such unit',
  });
  assert.equal(logOf(server), "start");
  assert.deepEqual(notesOf(server), []);
});

test("a stop command that is not there or hangs is reported, and the server is started", async () => {
  for (const [stop, state] of [
    [["/absent/stop", "--password=secret"], "it could not be run (ENOENT)"],
    [["sleep", "60"], "it was not done after 0.05 s"],
    ["trap '' TERM; kill -9 $$", "it was ended by SIGKILL"],
  ] as const) {
    const server = await newServer({ stop, stopTimeoutMs: state.includes("0.05") ? 50 : 60_000 });
    await assert.rejects(
      offlineSource(server.options).stableImage({ folder: server.store }),
      (error) => {
        assert.ok(error instanceof SourceError && error.code === "source.stop-failed");
        assert.ok(error.message.endsWith(state), error.message);
        assert.ok(!error.message.includes("secret"));
        return true;
      },
    );
    assert.equal(logOf(server), "start");
  }
});

test("a start command that fails is an alarm, and the note of it stays", async () => {
  const server = await newServer();
  const options = { ...server.options, start: "exit 1" };
  const capture = async () => {
    await using _ = await offlineSource(options).stableImage({ folder: server.store });
  };
  await assert.rejects(capture, {
    code: "source.start-failed",
    message: /THE MAIL SERVER IS DOWN/,
  });
  assert.equal(notesOf(server).length, 1);
});

test("a server that could not be started is started by the next run", async () => {
  const server = await newServer();
  const { child, ended } = await runHolder(server, "hold");
  child.kill("SIGKILL");
  await ended;
  await rm(join(server.folder, "log"));
  await mkdir(join(server.folder, "log"));
  await assert.rejects(recoverInterruptedOffline(server.options.stateFolder), {
    code: "source.start-failed",
  });
  assert.equal(notesOf(server).length, 1);
  await rm(join(server.folder, "log"), { recursive: true });
  assert.equal((await recoverInterruptedOffline(server.options.stateFolder)).length, 1);
  assert.equal(logOf(server), "start");
});

test("when both commands fail, the server that is down comes first, with the stop as its cause", async () => {
  const server = await newServer({ stop: "exit 1", start: "exit 2" });
  await assert.rejects(
    offlineSource(server.options).stableImage({ folder: server.store }),
    (error) => {
      assert.ok(error instanceof SourceError && error.code === "source.start-failed");
      assert.ok(error.cause instanceof SourceError && error.cause.code === "source.stop-failed");
      return true;
    },
  );
});

test("telling it to stop while the stop command runs starts the server", async () => {
  const server = await newServer();
  const controller = new AbortController();
  const stop = `echo stop >> '${server.folder}/log'; kill -WINCH ${process.pid}; sleep 60`;
  process.once("SIGWINCH", () => controller.abort());
  const { signal } = controller;
  const opened = offlineSource({ ...server.options, stop }).stableImage({
    folder: server.store,
    signal,
  });
  await assert.rejects(opened, { name: "AbortError" });
  assert.equal(logOf(server), "stop start");
});

test("a server that the start command leaves in the background is not waited for", async () => {
  const server = await newServer();
  const start = `sleep 60 & echo $! > '${server.folder}/pid'`;
  {
    await using _ = await offlineSource({ ...server.options, start }).stableImage({
      folder: server.store,
    });
  }
  const background = Number(readFileSync(join(server.folder, "pid"), "utf8"));
  assert.ok(process.kill(background, 0));
  process.kill(background);
});

test("a second capture of a server that is held stopped is refused", async () => {
  const server = await newServer();
  const source = offlineSource(server.options);
  await using _ = await source.stableImage({ folder: server.store });
  await assert.rejects(source.stableImage({ folder: server.store }), {
    code: "source.already-offline",
  });
  assert.deepEqual(await recoverInterruptedOffline(server.options.stateFolder), []);
  assert.equal(logOf(server), "stop");
});

async function runHolder(
  server: Server,
  end: "hold" | "exit",
): Promise<{ child: ChildProcess; ended: Promise<unknown[]> }> {
  const program = join(import.meta.dirname, "offline-holder.fixture.ts");
  const child = spawn(process.execPath, [program, server.folder, end], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  await once(child.stdout, "data");
  return { child, ended };
}

for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  test(`${name} starts the server before the process ends by it`, async () => {
    const server = await newServer();
    const { child, ended } = await runHolder(server, "hold");
    assert.equal(logOf(server), "stop");
    child.kill(name);
    assert.deepEqual(await ended, [null, name]);
    assert.equal(logOf(server), "stop start");
    assert.deepEqual(notesOf(server), []);
  });
}

test("a process that exits without closing the image starts the server", async () => {
  const server = await newServer();
  const { ended } = await runHolder(server, "exit");
  assert.deepEqual(await ended, [3, null]);
  assert.equal(logOf(server), "stop start");
});

test("after kill -9 the next run starts the server, once, before anything else", async () => {
  const server = await newServer();
  const { child, ended } = await runHolder(server, "hold");
  child.kill("SIGKILL");
  await ended;
  assert.equal(logOf(server), "stop");
  const [recovered, ...others] = await recoverInterruptedOffline(server.options.stateFolder);
  assert.equal(recovered?.folder, join(server.folder, "store"));
  assert.deepEqual(others, []);
  assert.equal(logOf(server), "stop start");
  assert.deepEqual(await recoverInterruptedOffline(server.options.stateFolder), []);
  assert.equal(logOf(server), "stop start");
});

test("after kill -9 the next capture starts the server before it stops it", async () => {
  const server = await newServer();
  const { child, ended } = await runHolder(server, "hold");
  child.kill("SIGKILL");
  await ended;
  {
    await using _ = await offlineSource(server.options).stableImage({ folder: server.store });
  }
  assert.equal(logOf(server), "stop start stop start");
});

test("an image is void once a signal has started the server, when somebody else decides on the end", async () => {
  const server = await newServer();
  let heard = 0;
  const listener = () => heard++;
  process.on("SIGTERM", listener);
  try {
    await using image = await offlineSource(server.options).stableImage({ folder: server.store });
    process.emit("SIGTERM", "SIGTERM");
    await assert.rejects(image.list(rootPath), { code: "source.interrupted" });
    await assert.rejects(readAll(image, "mail" as RawPath), { code: "source.interrupted" });
  } finally {
    process.off("SIGTERM", listener);
  }
  assert.equal(heard, 1);
  assert.equal(logOf(server), "stop start");
});

test("SIGHUP, which restic unlock sends, ends no hold where the program survives it", async () => {
  const server = await newServer();
  const survive = (): void => undefined;
  process.on("SIGHUP", survive);
  try {
    await using image = await offlineSource(server.options).stableImage({ folder: server.store });
    process.emit("SIGHUP", "SIGHUP");
    assert.ok((await image.list(rootPath)).length > 0);
    assert.equal(logOf(server), "stop");
  } finally {
    process.off("SIGHUP", survive);
  }
  assert.equal(logOf(server), "stop start");
});

test("a note that others may write, or that is damaged, is not obeyed", async () => {
  const server = await newServer();
  const { child, ended } = await runHolder(server, "hold");
  child.kill("SIGKILL");
  await ended;
  const note = join(server.options.stateFolder, notesOf(server)[0] as string);
  await chmod(note, 0o666);
  await assert.rejects(recoverInterruptedOffline(server.options.stateFolder), {
    code: "source.state-untrusted",
  });
  await chmod(note, 0o600);
  const whole = JSON.parse(readFileSync(note, "utf8")) as object;
  for (const start of [[], ""]) {
    await writeFile(note, JSON.stringify({ ...whole, start }));
    await assert.rejects(recoverInterruptedOffline(server.options.stateFolder), {
      code: "source.state-untrusted",
    });
  }
  await writeFile(note, '{"version":1}');
  await assert.rejects(recoverInterruptedOffline(server.options.stateFolder), {
    code: "source.state-untrusted",
  });
  assert.equal(logOf(server), "stop");
});

test("no server is stopped when the note cannot be written", async () => {
  const server = await newServer();
  const stateFolder = join(server.folder, "file", "state");
  await writeFile(join(server.folder, "file"), "");
  const opened = offlineSource({ ...server.options, stateFolder }).stableImage({
    folder: server.store,
  });
  await assert.rejects(opened, { code: "source.state-failed" });
  assert.equal(logOf(server), "");
});
