/** Debian's Dovecot with LMTP, in a folder of any filesystem; root becomes nobody. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  watch,
  writeFileSync,
} from "node:fs";
import { connect, type Socket } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { withoutDovecot } from "./dovecot.ts";

const isRoot = process.getuid?.() === 0;

/** Why tests with LMTP are skipped; false where it is installed. */
export const withoutLmtp: string | false =
  withoutDovecot !== false
    ? withoutDovecot
    : existsSync("/usr/lib/dovecot/lmtp")
      ? false
      : "dovecot-lmtpd is not installed";

/** Maildir users by name, each with further fields of its line in Dovecot's passwd-file. */
export type LmtpDovecotSettings = {
  readonly users?: Readonly<Record<string, string>>;
  /** Further lines of its configuration. */
  readonly lines?: readonly string[];
};

export class LmtpDovecot implements AsyncDisposable {
  readonly store: string;
  readonly #folder: string;
  readonly #server: ChildProcess;

  private constructor(folder: string, server: ChildProcess) {
    this.#folder = folder;
    this.store = join(folder, "home", "md", "Maildir");
    this.#server = server;
  }

  /** The folder's parents must let other users pass. */
  static async start(
    folder: string,
    { users = { md: "" }, lines = [] }: LmtpDovecotSettings = {},
  ): Promise<LmtpDovecot> {
    const run = join(folder, "run");
    const homes = Object.keys(users).map((name) => join(folder, "home", name));
    for (const path of [run, join(folder, "state"), ...homes]) mkdirSync(path, { recursive: true });
    const known = Object.entries(users).map(
      ([name, fields]) =>
        `${name}:::::${folder}/home/${name}::userdb_mail=maildir:~/Maildir ${fields}\n`,
    );
    writeFileSync(join(folder, "users"), known.join(""));
    writeFileSync(join(folder, "dovecot.conf"), `${configuration(folder)}${lines.join("\n")}\n`);
    if (isRoot)
      for (const path of [join(folder, "home"), ...homes]) chownSync(path, 65_534, 65_534);
    const watcher = watch(run);
    const server = spawn("dovecot", ["-F", "-c", join(folder, "dovecot.conf")], {
      stdio: "ignore",
      env: { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` },
    });
    const ended = once(server, "exit");
    while (!existsSync(join(run, "lmtp")) || !existsSync(join(run, "auth-userdb"))) {
      if (server.exitCode !== null) break;
      await Promise.race([once(watcher, "change"), ended]);
    }
    watcher.close();
    if (server.exitCode === null) return new LmtpDovecot(folder, server);
    throw new Error(`Dovecot: ${readFileSync(join(folder, "dovecot.log"), "utf8")}`);
  }

  get socket(): string {
    return join(this.#folder, "run", "lmtp");
  }

  /** What was delivered to a user, one character per byte, in no order. */
  messagesOf(name: string): readonly string[] {
    const arrived = join(this.#folder, "home", name, "Maildir", "new");
    if (!existsSync(arrived)) return [];
    return readdirSync(arrived).map((file) => readFileSync(join(arrived, file), "latin1"));
  }

  /** A connection that delivers one message after another. */
  async connect(): Promise<LmtpConnection> {
    const socket = connect(this.socket);
    const connection = new LmtpConnection(socket);
    await connection.greet();
    return connection;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.exitCode !== null) return;
    const ended = once(this.#server, "exit");
    this.#server.kill("SIGTERM");
    await ended;
  }
}

export class LmtpConnection implements Disposable {
  readonly #socket: Socket;
  readonly #lines: AsyncIterator<string>;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  }

  async greet(): Promise<void> {
    await this.#reply("220");
    await this.#say("LHLO test", "250");
  }

  /** Resolves when the server has acknowledged the message: from now on it is answerable for it. */
  async deliver(message: string, user = "md"): Promise<void> {
    await this.#say("MAIL FROM:<a@example.test>", "250");
    await this.#say(`RCPT TO:<${user}>`, "250");
    await this.#say("DATA", "354");
    await this.#say(`${message}\r\n.`, "250");
  }

  async #say(text: string, code: string): Promise<void> {
    this.#socket.write(`${text}\r\n`);
    await this.#reply(code);
  }

  async #reply(code: string): Promise<void> {
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done === true) throw new Error("the server closed the connection");
      if (!value.startsWith(code)) throw new Error(`the server says: ${value}`);
      if (value[3] !== "-") return;
    }
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

function configuration(folder: string): string {
  const user = isRoot ? "nobody" : userInfo().username;
  const ownGroup = spawnSync("id", ["-gn"]).stdout.toString().trim();
  const group = isRoot ? "nogroup" : ownGroup;
  return `base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = ${folder}/dovecot.log
protocols = lmtp
ssl = no
default_internal_user = ${user}
default_login_user = ${user}
default_internal_group = ${group}
mail_uid = ${user}
mail_gid = ${group}
first_valid_uid = 1
first_valid_gid = 1
protocol lmtp {
  postmaster_address = postmaster@example.test
}
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
service lmtp {
  user = ${user}
  unix_listener lmtp {
    mode = 0666
  }
}
service anvil {
  chroot =
}
service stats {
  chroot =
}
`;
}
