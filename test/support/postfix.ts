/**
 * Debian's Postfix, unpacked by `.ci/mtas`, with queue and configuration in one folder. It listens on
 * no port; mail comes in by its own sendmail, and nothing goes anywhere but where `lines` say.
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
  utimesSync,
  watch,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import {
  type Attempt,
  GrowingLog,
  type Mta,
  mtaPrograms,
  type MtaSettings,
  type OutgoingMail,
} from "./mta.ts";

const programs = join(mtaPrograms, "usr/lib/postfix/sbin");
const libraries = join(mtaPrograms, "usr/lib/postfix");
const environment = { ...process.env, LD_LIBRARY_PATH: libraries };

/** Users that every Debian has: Postfix wants one that is nobody else's, and a group that is not that user's. */
const [mailUser, dropGroup] = [8, 10];
export const postfixGroup = 8;

/** Why tests with a real Postfix are skipped; false where it can run. */
export const withoutPostfix: string | false = whatIsMissing();

function whatIsMissing(): string | false {
  if (!existsSync(join(programs, "master"))) return `Postfix is not unpacked in ${mtaPrograms}`;
  if (process.getuid?.() !== 0) return "Postfix's master wants root";
  const { stdout } = spawnSync("ldd", [join(programs, "lmtp"), join(programs, "cleanup")], {
    env: environment,
  });
  const missing = [...stdout.toString().matchAll(/(\S+) => not found/g)].map(([, name]) => name);
  return missing.length === 0 ? false : `Postfix lacks ${[...new Set(missing)].join(", ")}`;
}

/** Its queue below `folder`, made as its package does. */
export function preparePostfixQueue(folder: string): string {
  const queue = join(folder, "queue");
  const make = (name: string, mode: number, [user, group]: readonly [number, number]): void => {
    mkdirSync(join(queue, name), { recursive: true });
    chownSync(join(queue, name), user, group);
    chmodSync(join(queue, name), mode);
  };
  const own = "active bounce corrupt defer deferred flush hold incoming private saved trace".split(
    " ",
  );
  for (const name of own) make(name, 0o700, [mailUser, 0]);
  make("pid", 0o755, [0, 0]);
  make("maildrop", 0o730, [mailUser, dropGroup]);
  make("public", 0o710, [mailUser, dropGroup]);
  return queue;
}

export class Postfix implements Mta {
  readonly #folder: string;
  readonly #log: GrowingLog;
  readonly #master: ChildProcess;

  private constructor(folder: string, log: GrowingLog, master: ChildProcess) {
    this.#folder = folder;
    this.#log = log;
    this.#master = master;
    process.once("exit", this.#stop);
  }

  readonly #stop = (): void => void this.#master.kill("SIGTERM");

  /** The folder's parents must let other users pass. */
  static async start(folder: string, settings: MtaSettings): Promise<Postfix> {
    const configuration = join(folder, "configuration");
    for (const name of [configuration, join(folder, "data"), join(folder, "log")])
      mkdirSync(name, { recursive: true });
    chownSync(join(folder, "data"), mailUser, postfixGroup);
    const queue = preparePostfixQueue(folder);
    for (const [name, lines] of [
      ["main.cf", mainConfiguration(folder, settings)],
      ["master.cf", services],
    ] as const) {
      writeFileSync(join(configuration, name), lines);
      // It waits for seconds until a file that was just written has stopped changing.
      utimesSync(join(configuration, name), 0, 0);
    }
    const watcher = watch(join(queue, "public"));
    const master = spawn(join(programs, "master"), ["-c", configuration, "-d"], {
      stdio: "ignore",
      env: environment,
      // When it ends it ends its whole process group, which must not be ours.
      detached: true,
    });
    const ended = once(master, "exit");
    const log = join(folder, "log", "mail.log");
    while (!existsSync(join(queue, "public", "postlog")) && master.exitCode === null)
      await Promise.race([once(watcher, "change"), ended]);
    watcher.close();
    if (master.exitCode === null)
      return new Postfix(folder, new GrowingLog(log, attemptOf), master);
    throw new Error(`Postfix: ${existsSync(log) ? readFileSync(log, "utf8") : master.exitCode}`);
  }

  get log(): string {
    return this.#log.text;
  }

  async send({
    sender,
    recipients,
    message,
    words = [],
  }: OutgoingMail): Promise<readonly Attempt[]> {
    const before = this.#log.attempts.length;
    const argv = ["-i", "-B8BITMIME", ...words, "-f", sender, "--", ...recipients];
    const sendmail = this.#program("sendmail", argv, message);
    if (sendmail.status !== 0) throw new Error(sendmail.stderr.toString());
    return await this.#log.oneEach(recipients, before);
  }

  async runQueue(): Promise<readonly Attempt[]> {
    const before = this.#log.attempts.length;
    const waiting = await this.waiting();
    const { status, stderr } = this.#program("postqueue", ["-f"]);
    if (status !== 0) throw new Error(stderr.toString());
    return await this.#log.oneEach(waiting, before);
  }

  /** The log has an attempt before its message is gone, or back among those that a queue run looks at. */
  async #allDeferred(): Promise<void> {
    const active = join(this.#folder, "queue", "active");
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = (): void => {
      if (readdirSync(active).length === 0) resolve();
    };
    const watcher = watch(active, look);
    look();
    await promise;
    watcher.close();
  }

  async waiting(): Promise<readonly string[]> {
    await this.#allDeferred();
    const { stdout } = this.#program("postqueue", ["-j"]);
    const lines = stdout.toString().split("\n").filter(Boolean);
    type Queued = { readonly recipients: readonly { readonly address: string }[] };
    return lines.flatMap((line) =>
      (JSON.parse(line) as Queued).recipients.map(({ address }) => address),
    );
  }

  async until(isThere: (all: readonly Attempt[]) => boolean): Promise<readonly Attempt[]> {
    return await this.#log.until(isThere);
  }

  #program(name: string, argv: readonly string[], input?: Buffer): ReturnType<typeof spawnSync> {
    const configuration = ["-c", join(this.#folder, "configuration")];
    const words =
      name === "sendmail" ? [`-C${configuration[1]}`, ...argv] : [...configuration, ...argv];
    return spawnSync(join(mtaPrograms, "usr/sbin", name), words, {
      env: environment,
      ...(input === undefined ? {} : { input }),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.removeListener("exit", this.#stop);
    if (this.#master.exitCode !== null) return;
    const ended = once(this.#master, "exit");
    this.#stop();
    await ended;
  }
}

function attemptOf(line: string): Attempt | undefined {
  const [, recipient, end, text] =
    /: [0-9A-F]+: to=<([^>]*)>, .*?status=(sent|deferred|bounced) \((.*)\)$/.exec(line) ?? [];
  if (recipient === undefined || text === undefined) return undefined;
  return { recipient, end: end as Attempt["end"], text };
}

function mainConfiguration(folder: string, { lines, further = [] }: MtaSettings): string {
  return `compatibility_level = 3.6
queue_directory = ${folder}/queue
data_directory = ${folder}/data
maillog_file = ${folder}/log/mail.log
maillog_file_prefixes = ${folder}/log
daemon_directory = ${programs}
command_directory = ${mtaPrograms}/usr/sbin
meta_directory = ${mtaPrograms}/etc/postfix
shlib_directory = ${libraries}
import_environment = MAIL_CONFIG MAIL_LOGTAG POSTLOG_SERVICE POSTLOG_HOSTNAME LANG=C LD_LIBRARY_PATH=${libraries}
export_environment = MAIL_CONFIG LD_LIBRARY_PATH=${libraries}
mail_owner = mail
setgid_group = uucp
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mta.example.test
mydestination =
alias_maps =
alias_database =
virtual_mailbox_domains = example.test
virtual_mailbox_maps = static:present
default_transport = error:nothing leaves this machine
relay_transport = error:nothing leaves this machine
${further.join("\n")}
${lines}`;
}

/** Those of its own that mail from here to here needs; delivery in a chroot, as Debian has it. No port. */
const services = `pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
local unix - n n - - local
lmtp unix - - y - - lmtp
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`;
