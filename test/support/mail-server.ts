/** Dovecot on a whole store, started and stopped by the commands that an administrator types. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dovecotConfiguration } from "./dovecot.ts";

/** Dovecot for the mailboxes of `mail`, started and stopped by the page's own commands. */
export class MailServer {
  readonly #folder: string;
  readonly #mail: string;

  constructor(folder: string, mail: string) {
    this.#folder = folder;
    this.#mail = mail;
  }

  get #configuration(): string {
    return join(this.#folder, "dovecot.conf");
  }

  /** `doveadm` and `systemctl` that mean this server and no other. */
  install(program: (name: string, line: string) => void): void {
    for (const name of ["run", "state"]) mkdirSync(join(this.#folder, name), { recursive: true });
    const users = ["support", "sales"].map(
      (name) => `${name}:::::${this.#mail}/example.org/${name}::userdb_mail=maildir:~/Maildir\n`,
    );
    writeFileSync(join(this.#folder, "users"), users.join(""));
    writeFileSync(this.#configuration, dovecotConfiguration(this.#folder));
    const path = "PATH=/usr/bin:/usr/sbin:/bin:/sbin";
    program("doveadm", `${path} exec doveadm -c '${this.#configuration}' "$@"`);
    program(
      "systemctl",
      `case "$*" in "stop dovecot") ${path} exec doveadm -c '${this.#configuration}' stop;;
"start dovecot") ${path} exec dovecot -c '${this.#configuration}' </dev/null >/dev/null 2>&1;; esac
exit 1`,
    );
  }

  start(): void {
    execFileSync("dovecot", ["-c", this.#configuration], {
      env: this.#environment,
      stdio: "ignore",
    });
  }

  stop(): void {
    if (existsSync(join(this.#folder, "run/master.pid"))) this.#doveadm("stop");
  }

  /** `Folder uidvalidity=… uid=… <message-id>` of every message, as a client is told. */
  uidsOf(name: string): readonly string[] {
    const folders = this.#doveadm("mailbox", "status", "-u", name, "uidvalidity", "*")
      .trim()
      .split("\n");
    return folders.flatMap((line) => {
      const [, folder = "", uidValidity = ""] = /^(.*) (uidvalidity=\d+)$/.exec(line) ?? [];
      const fields = ["fetch", "-u", name, "uid hdr.message-id", "mailbox", folder];
      const records = this.#doveadm(...fields).matchAll(/^uid: (\d+)\nhdr.message-id: (.*)$/gm);
      return [...records].map(([, uid, id]) => `${folder} ${uidValidity} uid=${uid} ${id}`);
    });
  }

  get #environment(): NodeJS.ProcessEnv {
    return { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` };
  }

  #doveadm(...argv: readonly string[]): string {
    const whole = ["-c", this.#configuration, ...argv];
    return execFileSync("doveadm", whole, { encoding: "utf8", env: this.#environment });
  }
}
