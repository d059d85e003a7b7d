/**
 * Debian's Dovecot with a user "mb" whose mail is mboxes, a spool and a mail folder, and a user "md" who
 * has no mail yet and keeps it in a Maildir. Root becomes nobody.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  watch,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { dovecotConfiguration } from "./dovecot.ts";
import { ImapSession } from "./imap-session.ts";

const isRoot = process.getuid?.() === 0;
const environment = { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` };

export class MboxDovecot implements AsyncDisposable {
  /** What a copy holds: `var/mail/mb` and `home/mb/mail`. */
  readonly store: string;
  readonly spool: string;
  readonly mail: string;
  /** Where a Maildir may be put, with its files given to the server by `own`. */
  readonly maildir: string;
  readonly #folder: string;
  readonly #server: ChildProcess;

  private constructor(folder: string, server: ChildProcess) {
    this.#folder = folder;
    this.#server = server;
    this.store = join(folder, "store");
    this.spool = join(this.store, "var", "mail", "mb");
    this.mail = join(this.store, "home", "mb", "mail");
    this.maildir = join(folder, "md", "Maildir");
  }

  static async start(folder: string): Promise<MboxDovecot> {
    const owned = ["store/var/mail", "store/home/mb/mail", "md"].map((name) => join(folder, name));
    for (const path of [join(folder, "run"), join(folder, "state"), ...owned])
      mkdirSync(path, { recursive: true });
    writeFileSync(
      join(folder, "users"),
      `mb:::::${folder}/store/home/mb::userdb_mail=mbox:~/mail:INBOX=${folder}/store/var/mail/mb\nmd:::::${folder}/md::userdb_mail=maildir:~/Maildir\n`,
    );
    writeFileSync(join(folder, "dovecot.conf"), dovecotConfiguration(folder));
    if (isRoot)
      for (const path of [...owned, join(folder, "store/home/mb")]) chownSync(path, 65_534, 65_534);
    // mkdtemp keeps its folder to root, and the server gives root up.
    if (isRoot) for (const path of [dirname(folder), folder]) chmodSync(path, 0o755);
    const watcher = watch(join(folder, "run"));
    const server = spawn("dovecot", ["-F", "-c", join(folder, "dovecot.conf")], {
      stdio: "ignore",
      env: environment,
    });
    const ended = once(server, "exit");
    while (!existsSync(join(folder, "run", "auth-userdb"))) {
      if (server.exitCode !== null) break;
      await Promise.race([once(watcher, "change"), ended]);
    }
    watcher.close();
    if (server.exitCode === null) return new MboxDovecot(folder, server);
    throw new Error(`Dovecot: ${readFileSync(join(folder, "dovecot.log"), "utf8")}`);
  }

  async session(user: "mb" | "md" = "mb"): Promise<ImapSession> {
    return await ImapSession.open(join(this.#folder, "dovecot.conf"), user);
  }

  /** Gives a file or folder to the server's user. */
  own(path: string): void {
    if (!isRoot) return;
    const below = statSync(path).isDirectory()
      ? readdirSync(path, { recursive: true, encoding: "utf8" })
      : [];
    for (const name of ["", ...below]) chownSync(join(path, name), 65_534, 65_534);
  }

  /** As an MTA hands mail to Dovecot's local delivery agent. */
  deliver(message: Buffer): void {
    const { status, stderr } = spawnSync(
      "/usr/lib/dovecot/dovecot-lda",
      ["-c", join(this.#folder, "dovecot.conf"), "-d", "mb", "-f", "sender@example.test"],
      { input: message, env: environment },
    );
    if (status !== 0) throw new Error(`dovecot-lda: ${stderr.toString()}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.exitCode !== null) return;
    const ended = once(this.#server, "exit");
    this.#server.kill("SIGTERM");
    await ended;
  }
}
