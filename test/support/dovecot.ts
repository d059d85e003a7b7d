/** Debian's Dovecot with one Maildir user, as whoever runs the tests; root becomes nobody. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  watch,
  writeFileSync,
} from "node:fs";
import { userInfo } from "node:os";
import { dirname, join } from "node:path";

const isRoot = process.getuid?.() === 0;

/** Why tests with a real server are skipped; false where it is installed. */
export const withoutDovecot: string | false =
  spawnSync("doveadm", ["help"], { env: withSystemFolders() }).error === undefined &&
  spawnSync("dovecot", ["--version"], { env: withSystemFolders() })
    .stdout?.toString()
    .startsWith("2.3")
    ? false
    : "Dovecot 2.3 is not installed";

export class Dovecot implements AsyncDisposable {
  readonly store: string;
  readonly #folder: string;
  readonly #server: ChildProcess;

  private constructor(folder: string, server: ChildProcess) {
    this.#folder = folder;
    this.store = join(folder, "home", "md", "Maildir");
    this.#server = server;
  }

  static async start(folder: string): Promise<Dovecot> {
    const run = join(folder, "run");
    for (const path of [run, join(folder, "state"), join(folder, "home", "md")])
      mkdirSync(path, { recursive: true });
    writeFileSync(
      join(folder, "users"),
      `md:::::${folder}/home/md::userdb_mail=maildir:~/Maildir\n`,
    );
    writeFileSync(join(folder, "dovecot.conf"), dovecotConfiguration(folder));
    if (isRoot)
      for (const path of [join(folder, "home"), join(folder, "home", "md")])
        chownSync(path, 65_534, 65_534);
    // mkdtemp keeps its folder to root, and the server gives root up.
    if (isRoot)
      for (const path of [dirname(folder), folder, join(folder, "home")]) chmodSync(path, 0o755);
    const watcher = watch(run);
    const server = spawn("dovecot", ["-F", "-c", join(folder, "dovecot.conf")], {
      stdio: "ignore",
      env: withSystemFolders(),
    });
    const socket = join(run, "auth-userdb");
    const ended = once(server, "exit");
    while (!existsSync(socket)) {
      if (server.exitCode !== null) break;
      await Promise.race([once(watcher, "change"), ended]);
    }
    watcher.close();
    if (server.exitCode !== null)
      throw new Error(
        `Dovecot did not start: ${readFileSync(join(folder, "dovecot.log"), "utf8")}`,
      );
    return new Dovecot(folder, server);
  }

  /** A message as an MTA delivers it. The server moves what it owns by hard links, and anything else by copying. */
  deliver(name: string, message: string): void {
    const path = join(this.store, "new", name);
    writeFileSync(path, message);
    if (isRoot) chownSync(path, 65_534, 65_534);
  }

  doveadm(...argv: readonly string[]): string {
    const { status, stdout, stderr } = spawnSync(
      "doveadm",
      ["-c", join(this.#folder, "dovecot.conf"), ...argv],
      { env: withSystemFolders() },
    );
    if (status !== 0) throw new Error(`doveadm ${argv.join(" ")}: ${stderr.toString()}`);
    return stdout.toString();
  }

  /** A program of `sh` in which `d` is doveadm. */
  script(lines: readonly string[]): ChildProcess {
    const define = `d() { doveadm -c '${join(this.#folder, "dovecot.conf")}' "$@" >/dev/null 2>&1; }`;
    return spawn("sh", ["-c", [define, "echo started", ...lines].join("\n")], {
      stdio: ["ignore", "pipe", "ignore"],
      env: withSystemFolders(),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.exitCode !== null) return;
    const ended = once(this.#server, "exit");
    this.#server.kill("SIGTERM");
    await ended;
  }
}

function withSystemFolders(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` };
}

/** Of a server that keeps everything in `folder`, with the users of its file `users`, and no network. */
export function dovecotConfiguration(folder: string): string {
  const user = isRoot ? "nobody" : userInfo().username;
  const ownGroup = spawnSync("id", ["-gn"]).stdout.toString().trim();
  const mailUser = isRoot ? ["nobody", "nogroup"] : [user, ownGroup];
  return `base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = ${folder}/dovecot.log
protocols =
ssl = no
default_internal_user = ${user}
default_login_user = ${user}
default_internal_group = ${mailUser[1]}
mail_uid = ${mailUser[0]}
mail_gid = ${mailUser[1]}
first_valid_uid = 1
first_valid_gid = 1
passdb {
  driver = static
  args = password=pw nopassword=n
}
userdb {
  driver = passwd-file
  args = username_format=%n ${folder}/users
}
namespace inbox {
  inbox = yes
  separator = /
}
service anvil {
  chroot =
}
service stats {
  chroot =
}
`;
}
