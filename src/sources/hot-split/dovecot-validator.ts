import { lstatSync, readdirSync, unlinkSync } from "node:fs";
import { chmod, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemErrorCode } from "#errors";
import {
  displayPath,
  isImageError,
  joinRawPath,
  type RawName,
  type RawPath,
  rawPathToBytes,
  type Validation,
} from "#image";
import { SourceError } from "../source-error.ts";
import { compareListings, fetchReader, type Served, statusReader } from "./dovecot-listing.ts";
import { Findings } from "./findings.ts";
import { countsOf, type ListedMailbox, listMaildirs } from "./maildir-listing.ts";
import { runUtility } from "./run-utility.ts";
import type { ValidationRequest, Validator } from "./validator.ts";

export type DovecotValidatorOptions = {
  /** Defaults "doveadm" and "dovecot" (which alone tells the version), from the usual folders of programs. */
  readonly doveadm?: string;
  readonly dovecot?: string;
  /** Default ten minutes for each call. */
  readonly timeoutMs?: number;
};

const validatorName = "doveadm";
const defaultTimeoutMs = 600_000;

/**
 * Validates a store of Maildirs with Dovecot's own utility, on a writable copy, since it writes:
 * `doveadm force-resync` exits with 0 even when it dropped messages, so that valid means that our
 * reader's listing before equals the server's listing after. It needs neither the server's
 * configuration nor its users: each account is opened by its folder, as its owner.
 */
export function dovecotValidator(options: DovecotValidatorOptions = {}): Validator {
  return { name: validatorName, validate: (request) => validate(request, options) };
}

async function validate(
  request: ValidationRequest,
  options: DovecotValidatorOptions,
): Promise<Validation> {
  const { image, clock, signal } = request;
  const { doveadm = "doveadm", dovecot = "dovecot", timeoutMs = defaultTimeoutMs } = options;
  const version = await readVersion(dovecot, { timeoutMs, signal });
  const findings = new Findings();
  const listed: ListedMailbox[] = [];
  try {
    listed.push(...(await listMaildirs(image, { findings, signal })));
  } catch (error) {
    if (!isImageError(error) || error.code === "image.closed") throw error;
    findings.add(`${error.message}.`);
  }
  if (findings.isEmpty) {
    await using layer = await request.writableCopy({ forOtherUsers: true });
    await using desk = await openDesk();
    const byAccount = Map.groupBy(listed, ({ account }) => account);
    for (const [account, mailboxes] of byAccount) {
      const root = account === "" ? layer.path : joinRawPath(layer.path, account);
      const served = await askServer(root, {
        doveadm,
        timeoutMs,
        signal,
        desk,
        mailboxes,
        findings,
      });
      if (served !== undefined) compareListings(mailboxes, served, findings);
    }
  }
  return {
    validator: validatorName,
    version,
    atNs: clock(),
    valid: findings.isEmpty,
    ...countsOf(listed),
    findings: findings.all(),
  };
}

async function readVersion(
  dovecot: string,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
): Promise<string> {
  const lines: string[] = [];
  const onLine = (line: string): void => void lines.push(line);
  const wrong = await runUtility([dovecot, "--version"], { ...options, onLine, environment: {} });
  const version = lines[0] ?? "";
  if (wrong === undefined && version.startsWith("2.3.")) return version;
  throw new SourceError(
    "source.validator-failed",
    `Cannot validate the frozen image with Dovecot: ${wrong ?? `its version is ${displayPath(version as RawPath)}`}`,
    { hint: "This validator knows Dovecot 2.3. Leave it out, and let our own reader look." },
  );
}

type Desk = AsyncDisposable & { readonly folder: string; count: number };

/** A folder for configurations, which the owners of mail may enter. */
async function openDesk(): Promise<Desk> {
  const folder = await mkdtemp(join(tmpdir(), "restante-dovecot-"));
  await chmod(folder, 0o711);
  return {
    folder,
    count: 0,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

type AskOptions = {
  readonly doveadm: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly desk: Desk;
  readonly mailboxes: readonly ListedMailbox[];
  readonly findings: Findings;
};

/** What Dovecot finds in one account; undefined after a finding that ends it. */
async function askServer(root: RawPath, options: AskOptions): Promise<Served | undefined> {
  const { doveadm, timeoutMs, signal, desk, mailboxes, findings } = options;
  removeLocks(root, mailboxes);
  const number = desk.count++;
  // A folder's name may hold what means something in a mail location; that of a link does not.
  const link = join(desk.folder, `mail-${number}`);
  await symlink(rawPathToBytes(root), link);
  const file = join(desk.folder, `dovecot-${number}.conf`);
  const owner = lstatSync(rawPathToBytes(root));
  if (owner.uid === 0) throw ownedByRoot(root);
  await writeFile(file, configuration(desk.folder, { link, mailboxes, owner }), { mode: 0o644 });
  const served: Served = new Map();
  const call = async (
    words: readonly string[],
    onLine: (line: string) => void,
  ): Promise<boolean> => {
    const wrong = await runUtility([doveadm, "-c", file, "-f", "tab", ...words], {
      owner: process.geteuid?.() === 0 ? owner : undefined,
      environment: { HOME: desk.folder, USER: "restante" },
      onLine,
      timeoutMs,
      signal,
    });
    if (wrong !== undefined) findings.add(`The server's utility failed: ${wrong}.`);
    return wrong === undefined;
  };
  const columns = "messages uidvalidity uidnext";
  const done =
    (await call(["force-resync", "*"], () => undefined)) &&
    (await call(["mailbox", "status", columns, "*"], statusReader(served))) &&
    (await call(
      ["fetch", "mailbox uid size.physical guid", "mailbox", "*", "all"],
      fetchReader(served),
    ));
  return done ? served : undefined;
}

function ownedByRoot(root: RawPath): SourceError {
  return new SourceError(
    "source.validator-failed",
    `Cannot validate the frozen image with Dovecot: the account in "${displayPath(root)}" belongs to root, and Dovecot opens no mail of root's`,
    { hint: "Give the mail to the user that the server runs as, or leave that validator out." },
  );
}

/**
 * Locks of files that were held at the moment of the split: their holder lives, with the store that
 * the image was taken of, and the utility would wait for it. After a power cut it would not.
 */
function removeLocks(root: RawPath, mailboxes: readonly ListedMailbox[]): void {
  const top = root.slice(0, root.length - (mailboxes[0]?.account.length ?? 0));
  const folders = new Set([root, ...mailboxes.map(({ path }) => `${trimmed(top)}/${path}`)]);
  for (const folder of folders as Set<RawPath>) {
    const names = readdirSync(rawPathToBytes(folder), { encoding: "latin1" });
    for (const name of names as RawName[]) {
      if (!/^(?:dovecot.*|subscriptions)\.lock$/s.test(name)) continue;
      try {
        unlinkSync(rawPathToBytes(joinRawPath(folder, name)));
      } catch (error) {
        if (systemErrorCode(error) === undefined) throw error;
      }
    }
  }
}

function trimmed(path: string): string {
  return path.replace(/\/+$/, "");
}

/** No user is looked up and no server is asked: the utility opens the mail by itself. */
function configuration(
  home: string,
  {
    link,
    mailboxes,
    owner,
  }: {
    readonly link: string;
    readonly mailboxes: readonly ListedMailbox[];
    readonly owner: { readonly uid: number; readonly gid: number };
  },
): string {
  const isNested = mailboxes.some(({ account, path }) => {
    const within = account === "" ? path : path.slice(account.length + 1);
    return within !== "" && !within.startsWith(".");
  });
  return `base_dir = ${home}/run
state_dir = ${home}/state
protocols =
ssl = no
mail_uid = ${owner.uid}
mail_gid = ${owner.gid}
first_valid_uid = 1
first_valid_gid = 0
mail_location = maildir:${link}${isNested ? ":LAYOUT=fs" : ""}
maildir_stat_dirs = yes
mail_fsync = never
stats_writer_socket_path =
namespace inbox {
  inbox = yes
  separator = /
}
`;
}
