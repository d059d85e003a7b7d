/** Debian's Dovecot with IMAP on a loopback port: users of any layout, a master user; root becomes nobody. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  watch,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { dovecotConfiguration, withoutDovecot } from "./dovecot.ts";

const isRoot = process.getuid?.() === 0;

/** Why tests with IMAP are skipped; false where it is installed. */
export const withoutImap: string | false =
  withoutDovecot !== false
    ? withoutDovecot
    : existsSync("/usr/lib/dovecot/imap")
      ? false
      : "dovecot-imapd is not installed";

export type ImapUser = {
  readonly name: string;
  readonly layout: "maildir" | "sdbox" | "mdbox";
};

export type DovecotImapOptions = {
  readonly users: readonly ImapUser[];
  /** Default: "/" and none. */
  readonly separator?: string;
  readonly prefix?: string;
  /** More of dovecot.conf. */
  readonly more?: string;
};

export const userPassword = "pw";
export const masterName = "admin";
export const masterPassword = "master-pw";

export class DovecotImap implements AsyncDisposable {
  /** Everything of this server. */
  readonly folder: string;
  readonly port: number;
  #server: ChildProcess;

  private constructor(folder: string, port: number, server: ChildProcess) {
    this.folder = folder;
    this.port = port;
    this.#server = server;
  }

  static async start(options: DovecotImapOptions): Promise<DovecotImap> {
    const folder = mkdtempSync(join(tmpdir(), "restante-imap-"));
    chmodSync(folder, 0o755);
    const { users, separator = "/", prefix = "", more = "" } = options;
    for (const path of ["run", "state", "home"]) mkdirSync(join(folder, path));
    const lines = users.map(({ name, layout }) => {
      mkdirSync(join(folder, "home", name));
      const place = layout === "maildir" ? "maildir:~/Maildir" : `${layout}:~/${layout}`;
      return `${name}:::::${folder}/home/${name}::userdb_mail=${place}\n`;
    });
    if (isRoot)
      for (const path of ["home", ...users.map(({ name }) => `home/${name}`)])
        chownSync(join(folder, path), 65_534, 65_534);
    writeFileSync(join(folder, "users"), lines.join(""));
    writeFileSync(join(folder, "masters"), `${masterName}:{PLAIN}${masterPassword}\n`);
    const port = await freePort();
    writeFileSync(
      join(folder, "dovecot.conf"),
      dovecotConfiguration(folder) + configuration(folder, { port, separator, prefix }) + more,
    );
    return new DovecotImap(folder, port, await startServer(folder));
  }

  /** The folder of a user's mail. */
  store({ name, layout }: ImapUser): string {
    return join(this.folder, "home", name, layout === "maildir" ? "Maildir" : layout);
  }

  doveadm(...argv: readonly string[]): string {
    const { status, stdout, stderr } = spawnSync(
      "doveadm",
      ["-c", join(this.folder, "dovecot.conf"), ...argv],
      { env: withSystemFolders(), maxBuffer: 1024 ** 3 },
    );
    if (status !== 0) throw new Error(`doveadm ${argv.join(" ")}: ${stderr.toString()}`);
    return stdout.toString();
  }

  /** Ends the connections of all users, as a restart of the server does. */
  kick(): void {
    spawnSync("doveadm", ["-c", join(this.folder, "dovecot.conf"), "kick", "*"], {
      env: withSystemFolders(),
    });
  }

  async stop(): Promise<void> {
    if (this.#server.exitCode !== null) return;
    const ended = once(this.#server, "exit");
    this.#server.kill("SIGTERM");
    await ended;
  }

  async startAgain(): Promise<void> {
    await this.stop();
    this.#server = await startServer(this.folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function startServer(folder: string): Promise<ChildProcess> {
  const run = join(folder, "run");
  const socket = join(run, "auth-userdb");
  rmSync(socket, { force: true });
  const watcher = watch(run);
  const server = spawn("dovecot", ["-F", "-c", join(folder, "dovecot.conf")], {
    stdio: "ignore",
    env: withSystemFolders(),
  });
  const ended = once(server, "exit");
  while (!existsSync(socket)) {
    if (server.exitCode !== null) break;
    await Promise.race([once(watcher, "change"), ended]);
  }
  watcher.close();
  if (server.exitCode === null) return server;
  throw new Error(`Dovecot did not start: ${readFileSync(join(folder, "dovecot.log"), "utf8")}`);
}

export async function freePort(): Promise<number> {
  const server: Server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

function withSystemFolders(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` };
}

function configuration(
  folder: string,
  {
    port,
    separator,
    prefix,
  }: { readonly port: number; readonly separator: string; readonly prefix: string },
): string {
  return `protocols = imap
listen = 127.0.0.1
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_master_user_separator = *
passdb {
  driver = passwd-file
  args = ${folder}/masters
  master = yes
  result_success = continue
}
namespace inbox {
  separator = ${separator}
  prefix = ${prefix}
}
service imap-login {
  chroot =
  inet_listener imap {
    port = ${port}
  }
  inet_listener imaps {
    port = 0
  }
}
service imap {
  user = ${isRoot ? "" : userInfo().username}
}
mail_fsync = never
mail_max_userip_connections = 100
`;
}
