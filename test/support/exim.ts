/**
 * Debian's Exim, unpacked by `.ci/mtas`, with spool and configuration in one folder, as whoever runs
 * the tests; root becomes nobody. No process of it stays: one takes a message and tries it, one goes
 * through the queue. It delivers by the one transport that it is given.
 */
import { spawn, spawnSync } from "node:child_process";
import { chownSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import {
  type Attempt,
  GrowingLog,
  type Mta,
  mtaLibraries,
  mtaPrograms,
  type MtaSettings,
  type OutgoingMail,
} from "./mta.ts";

const program = join(mtaPrograms, "usr/sbin/exim4");
const isRoot = process.getuid?.() === 0;
const nobody = 65_534;
const { uid, gid } = isRoot ? { uid: nobody, gid: nobody } : userInfo();
export const eximGroup: number = gid;

/** Why tests with a real Exim are skipped; false where it can run. */
export const withoutExim: string | false = whatIsMissing();

function whatIsMissing(): string | false {
  if (!existsSync(program)) return `Exim is not unpacked in ${mtaPrograms}`;
  const { stdout } = spawnSync("ldd", [program], {
    env: { ...process.env, LD_LIBRARY_PATH: mtaLibraries },
  });
  const missing = [...stdout.toString().matchAll(/(\S+) => not found/g)].map(([, name]) => name);
  return missing.length === 0 ? false : `Exim lacks ${[...new Set(missing)].join(", ")}`;
}

export class Exim implements Mta {
  readonly #folder: string;
  readonly #log: GrowingLog;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#log = new GrowingLog(join(folder, "log", "main"), attemptOf);
  }

  /** The folder's parents must let other users pass. */
  static async start(folder: string, settings: MtaSettings): Promise<Exim> {
    for (const name of ["spool", "log"]) {
      mkdirSync(join(folder, name), { recursive: true });
      chownSync(join(folder, name), uid, gid);
    }
    writeFileSync(join(folder, "exim.conf"), configuration(folder, settings));
    // The user that Debian built it for, without making one.
    writeFileSync(
      join(folder, "passwd"),
      `root:x:0:0::/:/bin/sh\nDebian-exim:x:${uid}:${gid}::/:/bin/sh\n`,
    );
    writeFileSync(join(folder, "group"), `root:x:0:\nDebian-exim:x:${gid}:\n`);
    return new Exim(folder);
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
    await this.#run(["-i", "-odf", ...words, "-f", sender, "--", ...recipients], message);
    return await this.#log.oneEach(recipients, before);
  }

  async runQueue(): Promise<readonly Attempt[]> {
    const before = this.#log.attempts.length;
    const waiting = await this.waiting();
    await this.#run(["-qff"]);
    return await this.#log.oneEach(waiting, before);
  }

  async waiting(): Promise<readonly string[]> {
    const { stdout } = spawnSync(program, this.#argv(["-bp"]), this.#options());
    // Below each message its recipients; D stands before those that have it.
    return [...stdout.toString().matchAll(/^ {8,}(?!D )(\S+@\S+)$/gm)].map(([, name = ""]) => name);
  }

  async until(isThere: (all: readonly Attempt[]) => boolean): Promise<readonly Attempt[]> {
    return await this.#log.until(isThere);
  }

  async #run(argv: readonly string[], input?: Buffer): Promise<void> {
    const child = spawn(program, this.#argv(argv), this.#options());
    child.stdin.end(input);
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    const [said, complained] = await Promise.all([text(child.stdout), text(child.stderr)]);
    const status = await ended;
    if (status !== 0) throw new Error(`Exim ${argv.join(" ")}: ${status} ${said} ${complained}`);
  }

  #argv(argv: readonly string[]): string[] {
    return ["-C", join(this.#folder, "exim.conf"), ...argv];
  }

  #options(): { env: NodeJS.ProcessEnv; uid?: number; gid?: number } {
    const env = {
      ...process.env,
      LD_LIBRARY_PATH: mtaLibraries,
      LD_PRELOAD: join(mtaLibraries, "libnss_wrapper.so"),
      NSS_WRAPPER_PASSWD: join(this.#folder, "passwd"),
      NSS_WRAPPER_GROUP: join(this.#folder, "group"),
    };
    return isRoot ? { env, uid, gid } : { env };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing runs between two calls.
  }
}

function attemptOf(line: string): Attempt | undefined {
  const [, mark = "", inBrackets, plain, said = ""] =
    /^\S+ \S+ \S+ (=>|->|==|\*\*) (?:\S+ <([^>]+)>|(\S+)) (.*)$/.exec(line) ?? [];
  const recipient = inBrackets ?? plain;
  const end = ends[mark as keyof typeof ends];
  return recipient === undefined || end === undefined ? undefined : { recipient, end, text: said };
}

const ends = { "=>": "sent", "->": "sent", "==": "deferred", "**": "bounced" } as const;

function configuration(folder: string, { lines, further = [] }: MtaSettings): string {
  return `exim_path = ${program}
spool_directory = ${folder}/spool
log_file_path = ${folder}/log/%s
primary_hostname = mta.example.test
qualify_domain = example.test
deliver_drop_privilege
prod_requires_admin = false
queue_list_requires_admin = false
untrusted_set_sender = *
local_from_check = false
keep_environment = LD_PRELOAD : LD_LIBRARY_PATH : ^NSS_WRAPPER
disable_ipv6
local_interfaces = <; 127.0.0.1
${further.filter((line) => !line.startsWith(" ")).join("\n")}
begin routers
mailboxes:
  driver = accept
  domains = example.test
  transport = restante
begin transports
${lines}${further.filter((line) => line.startsWith(" ")).join("\n")}
begin retry
* * F,1h,1s
`;
}
