/** Debian's Cyrus IMAP, unpacked by `.ci/cyrus`, with everything in one folder; root becomes nobody. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, existsSync, mkdirSync, watch, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { dirname, join } from "node:path";

const isRoot = process.getuid?.() === 0;
const nobody = 65_534;

const programs = process.env["RESTANTE_TEST_CYRUS"] ?? "/var/tmp/restante-cyrus";
const libraries = join(programs, "usr/lib/x86_64-linux-gnu");

/** The folder of its programs, and what they need to run from there. */
export const cyrusPrograms: string = join(programs, "usr/lib/cyrus/bin");
export const cyrusEnvironment: Readonly<Record<string, string>> = {
  CYRUS_USER: isRoot ? "nobody" : userInfo().username,
  LD_LIBRARY_PATH: libraries,
};

/** Why tests with a real server are skipped; false where it is there and can run. */
export const withoutCyrus: string | false = whatIsMissing();

function whatIsMissing(): string | false {
  if (!existsSync(program("master"))) return `Cyrus is not unpacked in ${programs}`;
  const { stdout } = spawnSync("ldd", [program("imapd"), program("lmtpd"), program("cyr_dbtool")], {
    env: environment(),
  });
  const missing = [...stdout.toString().matchAll(/(\S+) => not found/g)].map(([, name]) => name);
  return missing.length === 0 ? false : `Cyrus lacks ${[...new Set(missing)].join(", ")}`;
}

export type CyrusSettings = {
  /** Further lines of imapd.conf. FOLDER stands for the server's folder. */
  readonly lines?: readonly string[];
  /** Answers IMAP on this port of 127.0.0.1 too. */
  readonly port?: number;
};

export class Cyrus implements AsyncDisposable {
  /** Holds `config`, `spool` and what else the settings put there. */
  readonly store: string;
  readonly #folder: string;
  readonly #master: ChildProcess;
  readonly #stop = (): void => void this.#master.kill("SIGTERM");

  private constructor(folder: string, master: ChildProcess) {
    this.#folder = folder;
    this.store = join(folder, "store");
    this.#master = master;
    process.once("exit", this.#stop);
  }

  /** The folder's parents must let other users pass. */
  static async start(folder: string, settings: CyrusSettings = {}): Promise<Cyrus> {
    const own = ["socket", "proc", "store", "store/config", "store/spool"].map((name) =>
      join(folder, name),
    );
    for (const path of own) mkdirSync(path, { recursive: true });
    writeFileSync(join(folder, "imapd.conf"), configuration(folder, settings));
    writeFileSync(join(folder, "cyrus.conf"), services(folder, settings));
    if (isRoot) {
      for (const path of [dirname(folder), folder]) chmodSync(path, 0o755);
      for (const path of own) chownSync(path, nobody, nobody);
    }
    const sockets = join(folder, "socket");
    const watcher = watch(sockets);
    const files = ["-C", join(folder, "imapd.conf"), "-M", join(folder, "cyrus.conf")];
    const master = spawn(program("master"), [...files, "-p", join(sockets, "pid"), "-D"], {
      stdio: "ignore",
      env: environment(),
      // When it ends it ends its whole process group, which must not be ours.
      detached: true,
      ...(isRoot ? { uid: nobody, gid: nobody } : {}),
    });
    const ended = once(master, "exit");
    while (!existsSync(join(sockets, "imap")) || !existsSync(join(sockets, "lmtp"))) {
      if (hasEnded(master)) break;
      await Promise.race([once(watcher, "change"), ended]);
    }
    watcher.close();
    if (hasEnded(master))
      throw new Error(`Cyrus did not start: ${master.exitCode ?? master.signalCode}`);
    return new Cyrus(folder, master);
  }

  get imapSocket(): string {
    return join(this.#folder, "socket", "imap");
  }

  get lmtpSocket(): string {
    return join(this.#folder, "socket", "lmtp");
  }

  /** One of its own programs, with its configuration; what it prints, one character per byte. */
  run(name: string, ...argv: readonly string[]): string {
    const { status, stdout, stderr } = spawnSync(
      program(name),
      ["-C", join(this.#folder, "imapd.conf"), ...argv],
      { env: environment(), ...(isRoot ? { uid: nobody, gid: nobody } : {}) },
    );
    if (status !== 0) throw new Error(`${name} ${argv.join(" ")}: ${stderr.toString()}`);
    return stdout.toString("latin1");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.removeListener("exit", this.#stop);
    if (hasEnded(this.#master)) return;
    const ended = once(this.#master, "exit");
    this.#stop();
    await ended;
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function program(name: string): string {
  return join(programs, "usr/lib/cyrus/bin", name);
}

function environment(): NodeJS.ProcessEnv {
  const user = isRoot ? "nobody" : userInfo().username;
  return { ...process.env, CYRUS_USER: user, LD_LIBRARY_PATH: libraries };
}

function configuration(folder: string, { lines = [] }: CyrusSettings): string {
  return `configdirectory: ${folder}/store/config
partition-default: ${folder}/store/spool
defaultpartition: default
admins: admin
sasl_pwcheck_method: alwaystrue
sasl_mech_list: PLAIN
allowplaintext: yes
virtdomains: userid
defaultdomain: example.test
proc_path: ${folder}/proc
lmtpsocket: ${folder}/socket/lmtp
idlesocket: ${folder}/socket/idle
notifysocket: ${folder}/socket/notify
${lines.map((line) => `${line.replaceAll("FOLDER", folder)}\n`).join("")}`;
}

/** Its own sockets, no ports. Services are told the configuration one by one. */
function services(folder: string, { port }: CyrusSettings): string {
  const line = (name: string, socket: string, argv: string): string =>
    `  ${name} cmd="${program(name.replace(/^tcp/, ""))} -C ${folder}/imapd.conf${argv}" listen="${socket}" prefork=0\n`;
  const tcp = port === undefined ? "" : line("tcpimapd", `127.0.0.1:${port}`, "");
  return `START {
  recover cmd="${program("ctl_cyrusdb")} -C ${folder}/imapd.conf -r"
}
SERVICES {
${line("imapd", `${folder}/socket/imap`, "")}${line("lmtpd", `${folder}/socket/lmtp`, " -a")}${tcp}}
EVENTS {
}
`;
}
