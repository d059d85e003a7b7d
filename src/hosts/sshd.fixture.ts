/** A real sshd of this machine on a high port of loopback, with keys and files of its own. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const programs = ["/usr/sbin/sshd", "/usr/bin/ssh", "/usr/bin/ssh-keygen"];
/** Why there is none here; undefined where there is. */
export const noSshd: string | undefined = programs.every((program) => existsSync(program))
  ? undefined
  : "openssh-server and openssh-client are not installed";

export type Sshd = AsyncDisposable & {
  readonly destination: string;
  /** ssh with a configuration and a key of this server, and nothing of the user's. */
  readonly sshCommand: readonly string[];
  readonly folder: string;
  /** What is put before the key in authorized_keys, as `command="…"`. */
  restrictKey(options: string): void;
  /** The processes that serve its connections now, or what those started, the newest last. */
  sessions(of?: "sshd" | "command"): readonly number[];
  /** Nobody answers any more, and those who are connected are cut off. */
  leave(): Promise<void>;
  /** On the same port, with the same keys. */
  comeBack(): Promise<void>;
};

/** `path`: the folder in which what is run there is searched for first. */
export async function startSshd({ path }: { readonly path?: string } = {}): Promise<Sshd> {
  const folder = mkdtempSync(join(tmpdir(), "restante-sshd-"));
  const port = await freePort();
  const file = (name: string): string => join(folder, name);
  for (const key of ["host", "user"]) {
    spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file(key)], {
      stdio: "ignore",
    });
  }
  const publicKey = readFileSync(file("user.pub"), "utf8");
  const restrictKey = (options: string): void =>
    writeFileSync(file("authorized_keys"), `${options} ${publicKey}`, { mode: 0o600 });
  restrictKey("");
  const hostKey = readFileSync(file("host.pub"), "utf8");
  writeFileSync(file("known_hosts"), `[127.0.0.1]:${port} ${hostKey}`);
  writeFileSync(file("sshd_config"), serverConfiguration(port, { file, path }));
  // sshd's privilege separation wants it, and only a service manager makes it.
  if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true });
  let server = await listen(port, file("sshd_config"));
  const leave = async (): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const cutOff = childrenOf(server.pid);
    server.kill("SIGTERM");
    await once(server, "exit");
    for (const pid of cutOff) killNow(pid);
  };
  return {
    folder,
    destination: `${userInfo().username}@127.0.0.1`,
    sshCommand: clientCommand(port, file),
    restrictKey,
    sessions(of = "sshd") {
      const served = childrenOf(server.pid);
      return of === "sshd" ? served : served.flatMap(childrenOf);
    },
    leave,
    comeBack: async () => void (server = await listen(port, file("sshd_config"))),
    async [Symbol.asyncDispose]() {
      await leave();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function listen(port: number, configuration: string): Promise<ChildProcess> {
  const server = spawn("/usr/sbin/sshd", ["-D", "-e", "-f", configuration], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  server.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  await untilItListens(port, server, () => said);
  return server;
}

/** As the system tells it: sshd names nobody whom it serves. */
function childrenOf(pid: number | undefined): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => parentOf(name) === pid)
    .map(Number);
}

function parentOf(pid: string): number | undefined {
  try {
    // After the name, which may hold anything: state, parent (proc(5)).
    const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1)?.split(" ");
    return Number(fields?.[1]);
  } catch {
    return undefined;
  }
}

export function killNow(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}

function serverConfiguration(
  port: number,
  { file, path }: { readonly file: (name: string) => string; readonly path: string | undefined },
): string {
  return [
    `Port ${port}`,
    "ListenAddress 127.0.0.1",
    `HostKey ${file("host")}`,
    `AuthorizedKeysFile ${file("authorized_keys")}`,
    `PidFile ${file("sshd.pid")}`,
    "StrictModes no",
    "UsePAM no",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "PermitRootLogin prohibit-password",
    "PrintMotd no",
    "MaxStartups 100",
    "LogLevel ERROR",
    ...(path === undefined ? [] : [`SetEnv PATH=${path}:/usr/bin:/bin`]),
    "",
  ].join("\n");
}

function clientCommand(port: number, file: (name: string) => string): readonly string[] {
  const options = [
    "BatchMode=yes",
    `Port=${port}`,
    `IdentityFile=${file("user")}`,
    "IdentitiesOnly=yes",
    `UserKnownHostsFile=${file("known_hosts")}`,
    "GlobalKnownHostsFile=/dev/null",
    "StrictHostKeyChecking=yes",
  ];
  return ["ssh", "-F", "/dev/null", ...options.flatMap((option) => ["-o", option])];
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** Nothing tells when a server listens but that it does. */
async function untilItListens(
  port: number,
  server: ChildProcess,
  said: () => string,
): Promise<void> {
  for (;;) {
    if (server.exitCode !== null) throw new Error(`sshd ended with ${server.exitCode}: ${said()}`);
    const socket = connect(port, "127.0.0.1");
    try {
      await once(socket, "connect");
      return;
    } catch {
      await pause(20);
    } finally {
      socket.destroy();
    }
  }
}
