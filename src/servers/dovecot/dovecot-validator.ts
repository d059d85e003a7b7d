import { existsSync, lstatSync, readdirSync, unlinkSync } from "node:fs";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemErrorCode } from "#errors";
import type { MailLayout } from "#mail";
import {
  displayPath,
  joinRawPath,
  type RawName,
  type RawPath,
  rawPathToBytes,
  type Validation,
} from "#image";
import { ServerError } from "../server-error.ts";
import { Findings } from "../validate/findings.ts";
import { givenFolder, runUtility, type UtilityOptions } from "../validate/run-utility.ts";
import { countsOf, type ListedMailbox } from "../validate/store-listing.ts";
import { readStore } from "../validate/store-validator.ts";
import type { ValidationRequest, Validator } from "../validate/validator.ts";
import { ServedContent } from "./served-content.ts";
import {
  compareContents,
  compareListings,
  fetchReader,
  type Served,
  statusReader,
} from "./served-listing.ts";

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
 * Validates a store of Maildirs, sdbox or mdbox with Dovecot's own utility, on a writable copy, since
 * it writes: `doveadm force-resync` exits with 0 even when it dropped messages, so that valid means
 * that our reader's listing before equals the server's listing after, and that both give each message
 * with the same bytes. It needs neither the server's configuration nor its users: each account is
 * opened by its folder, as its owner.
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
  const digests = new Map<ListedMailbox, Map<string, string>>();
  const listed = await readStore(image, {
    findings,
    signal,
    onDigest: (mailbox, { key }, digest) => {
      const known = digests.get(mailbox);
      if (known === undefined) digests.set(mailbox, new Map([[key, digest]]));
      else known.set(key, digest);
    },
  });
  refuseOthers(listed);
  if (findings.isEmpty) {
    await using layer = await request.writableCopy({ forOtherUsers: true });
    await using desk = await openDesk();
    for (const [account, mailboxes] of Map.groupBy(listed, (mailbox) => mailbox.account)) {
      const root = account === "" ? layer.path : joinRawPath(layer.path, account);
      const asked = { doveadm, timeoutMs, signal, desk, mailboxes, findings };
      const served = await askServer(root, asked);
      if (served === undefined) continue;
      compareListings(mailboxes, served, findings);
      compareContents(mailboxes, { served, digests, findings });
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

const knownLayouts: ReadonlySet<MailLayout> = new Set(["maildir", "sdbox", "mdbox"]);

function refuseOthers(listed: readonly ListedMailbox[]): void {
  const other = listed.find(({ reader }) => !knownLayouts.has(reader.layout));
  if (other === undefined) return;
  throw new ServerError(
    "server.validator-failed",
    `Cannot validate the frozen image with Dovecot: "${displayPath(other.account)}" is of layout ${other.reader.layout}`,
    {
      hint: "This validator knows Maildir, sdbox and mdbox. Leave it out, and let our own reader look.",
    },
  );
}

async function readVersion(
  dovecot: string,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
): Promise<string> {
  const lines: string[] = [];
  const output = { onLine: (line: string): void => void lines.push(line) };
  const wrong = await runUtility([dovecot, "--version"], { ...options, output, environment: {} });
  const version = lines[0] ?? "";
  if (wrong === undefined && version.startsWith("2.3.")) return version;
  throw new ServerError(
    "server.validator-failed",
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
  const file = join(desk.folder, `dovecot-${number}.conf`);
  const owner = lstatSync(rawPathToBytes(root));
  if (owner.uid === 0) throw ownedByRoot(root);
  await writeFile(file, configuration(desk.folder, { mailboxes, owner }), { mode: 0o644 });
  const served: Served = new Map();
  const call = async (
    words: readonly string[],
    output: UtilityOptions["output"],
    format: "tab" | "pager" = "tab",
  ): Promise<boolean> => {
    const wrong = await runUtility([doveadm, "-c", file, "-f", format, ...words], {
      owner: process.geteuid?.() === 0 ? owner : undefined,
      // Its name may hold what means something in a mail location, and the folders above it may let nobody pass.
      folder: root,
      environment: { HOME: desk.folder, USER: "restante" },
      output,
      timeoutMs,
      signal,
    });
    if (wrong !== undefined) findings.add(`The server's utility failed: ${wrong}.`);
    return wrong === undefined;
  };
  const content = new ServedContent(served);
  const columns = "messages uidvalidity uidnext";
  const all = ["mailbox", "*", "all"];
  const done =
    (await call(["force-resync", "*"], { onLine: () => undefined })) &&
    (await call(["mailbox", "status", columns, "*"], { onLine: statusReader(served) })) &&
    (await call(["fetch", "mailbox uid size.physical guid flags", ...all], {
      onLine: fetchReader(served),
    })) &&
    (await call(
      ["fetch", "mailbox uid size.physical text", ...all],
      { onBytes: (bytes) => content.add(bytes) },
      "pager",
    ));
  if (done && content.broken !== undefined) findings.add(content.broken);
  return done ? served : undefined;
}

function ownedByRoot(root: RawPath): ServerError {
  return new ServerError(
    "server.validator-failed",
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
    // A reader may name what says where a mailbox is, before there is a folder.
    if (!existsSync(rawPathToBytes(folder))) continue;
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

/** Plugins that change how mail is stored, by the file that shows that this Dovecot has it. */
const zlibPlugin = [
  "/usr/lib/dovecot/modules/lib20_zlib_plugin.so",
  "/usr/lib64/dovecot/lib20_zlib_plugin.so",
  "/usr/local/lib/dovecot/lib20_zlib_plugin.so",
];

/** No user is looked up and no server is asked: the utility opens the mail by itself. */
function configuration(
  home: string,
  {
    mailboxes,
    owner,
  }: {
    readonly mailboxes: readonly ListedMailbox[];
    readonly owner: { readonly uid: number; readonly gid: number };
  },
): string {
  const layout = mailboxes[0]?.reader.layout ?? "maildir";
  const isNested =
    layout === "maildir" &&
    mailboxes.some(({ account, path }) => {
      const within = account === "" ? path : path.slice(account.length + 1);
      return within !== "" && !within.startsWith(".");
    });
  const location = `${layout}:${givenFolder}`;
  return `base_dir = ${home}/run
state_dir = ${home}/state
protocols =
ssl = no
mail_uid = ${owner.uid}
mail_gid = ${owner.gid}
first_valid_uid = 1
first_valid_gid = 0
mail_location = ${location}${isNested ? ":LAYOUT=fs" : ""}
${zlibPlugin.some((file) => existsSync(file)) ? "mail_plugins = zlib\n" : ""}maildir_stat_dirs = yes
mail_fsync = never
stats_writer_socket_path =
namespace inbox {
  inbox = yes
  separator = /
}
`;
}
