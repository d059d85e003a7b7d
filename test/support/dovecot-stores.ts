/** Debian's Dovecot with users of every layout, LMTP and IMAP, in a folder; root becomes nobody. */
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
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { dovecotConfiguration } from "./dovecot.ts";
import { RawImap } from "./raw-imap.ts";
import { LmtpConnection } from "./lmtp-dovecot.ts";

const isRoot = process.getuid?.() === 0;

/** User → what `mail_location` and settings of plugins they have. `%h` is the home. */
export type StoreUsers = Readonly<Record<string, string>>;

export class DovecotStores implements AsyncDisposable {
  readonly #folder: string;
  readonly #server: ChildProcess;

  private constructor(folder: string, server: ChildProcess) {
    this.#folder = folder;
    this.#server = server;
  }

  /** The folder's parents must let other users pass; the folder itself is made so. */
  static async start(folder: string, users: StoreUsers): Promise<DovecotStores> {
    const run = join(folder, "run");
    const homes = Object.keys(users).map((user) => join(folder, "home", user));
    for (const path of [run, join(folder, "state"), ...homes]) mkdirSync(path, { recursive: true });
    const lines = Object.entries(users).map(([user, fields]) => {
      const home = join(folder, "home", user);
      return `${user}:::::${home}::${fields.replaceAll("%h", home)}\n`;
    });
    writeFileSync(join(folder, "users"), lines.join(""));
    writeFileSync(join(folder, "dovecot.conf"), configuration(folder));
    if (isRoot) {
      for (const path of [join(folder, "home"), ...homes]) chownSync(path, 65_534, 65_534);
      for (const path of [dirname(folder), folder, join(folder, "home")]) chmodSync(path, 0o755);
    }
    const watcher = watch(run);
    const server = spawn("dovecot", ["-F", "-c", join(folder, "dovecot.conf")], {
      stdio: "ignore",
      env: withSystemFolders(),
    });
    const ended = once(server, "exit");
    while (!existsSync(join(run, "lmtp")) || !existsSync(join(run, "auth-userdb"))) {
      if (server.exitCode !== null) break;
      await Promise.race([once(watcher, "change"), ended]);
    }
    watcher.close();
    if (server.exitCode === null) return new DovecotStores(folder, server);
    throw new Error(`Dovecot: ${readFileSync(join(folder, "dovecot.log"), "utf8")}`);
  }

  home(user: string): string {
    return join(this.#folder, "home", user);
  }

  async imap(user: string): Promise<RawImap> {
    return await RawImap.open(join(this.#folder, "dovecot.conf"), user);
  }

  async lmtp(): Promise<LmtpConnection> {
    const connection = new LmtpConnection(connect(join(this.#folder, "run", "lmtp")));
    await connection.greet();
    return connection;
  }

  doveadm(...argv: readonly string[]): string {
    const { status, stdout, stderr } = spawnSync(
      "doveadm",
      ["-c", join(this.#folder, "dovecot.conf"), ...argv],
      { env: withSystemFolders(), maxBuffer: 64 * 1024 * 1024 },
    );
    if (status !== 0) throw new Error(`doveadm ${argv.join(" ")}: ${stderr.toString()}`);
    return stdout.toString();
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

/** Small files and early rotation, so that a test of seconds makes what years make elsewhere. */
function configuration(folder: string): string {
  return `${dovecotConfiguration(folder).replace("protocols =\n", "protocols = lmtp imap\n")}
mail_plugins = zlib
mdbox_rotate_size = 300k
mail_attachment_min_size = 2k
protocol lmtp {
  postmaster_address = postmaster@example.test
}
service imap-login {
  inet_listener imap {
    port = 0
  }
  inet_listener imaps {
    port = 0
  }
  chroot =
}
service lmtp {
  unix_listener lmtp {
    mode = 0666
  }
}
`;
}
