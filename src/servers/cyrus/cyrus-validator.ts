import { existsSync, lstatSync } from "node:fs";
import { mkdtemp, rm, writeFile, chmod } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  displayPath,
  type Image,
  joinRawPath,
  rawBaseName,
  rawParent,
  type RawName,
  type RawPath,
  rawPathToBytes,
  rootPath,
  type Validation,
  walkImage,
} from "#image";
import { ServerError } from "../server-error.ts";
import { Findings } from "../validate/findings.ts";
import { givenFolder, runUtility } from "../validate/run-utility.ts";
import { countsOf, type ListedMailbox } from "../validate/store-listing.ts";
import { readStore } from "../validate/store-validator.ts";
import type { ValidationRequest, Validator } from "../validate/validator.ts";

export type CyrusValidatorOptions = {
  /** The folder of `reconstruct` and `cyr_dbtool`. Default: where packages put them. */
  readonly programs?: string;
  /** Name of a partition → its folder within the Image. Default: the one partition is "default". */
  readonly partitions?: ReadonlyMap<string, RawPath>;
  /** For programs that are not installed where they were built for. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Default ten minutes for each call. */
  readonly timeoutMs?: number;
};

const validatorName = "reconstruct";
const defaultTimeoutMs = 600_000;
const usualPrograms = [
  "/usr/lib/cyrus/bin",
  "/usr/lib/cyrus-imapd",
  "/usr/libexec/cyrus-imapd",
  "/usr/cyrus/bin",
  "/usr/local/libexec",
];
const databaseName = "mailboxes.db" as RawName;
/** Folders that are looked through for the database, from the top. */
const mostFolders = 10_000;

/**
 * Validates a Cyrus store with the server's own utilities, on a copy, by a configuration that names
 * the copy's folders: `cyr_dbtool … consistent`, and `reconstruct -n -G`, which parses every message, reports what it would
 * mend and exits with 0 all the same, so that what it prints decides. Our reader looks too. Partitions
 * and the configuration folder must lie in the one Image.
 */
export function cyrusValidator(options: CyrusValidatorOptions = {}): Validator {
  return { name: validatorName, validate: (request) => validate(request, options) };
}

async function validate(
  request: ValidationRequest,
  options: CyrusValidatorOptions,
): Promise<Validation> {
  const { image, clock, signal } = request;
  const programs = options.programs ?? usualPrograms.find((folder) => existsSync(folder));
  const reconstruct = join(programs ?? "", "reconstruct");
  if (programs === undefined || !existsSync(reconstruct))
    throw new ServerError(
      "server.validator-failed",
      `Cannot validate the frozen image with Cyrus: there is no "reconstruct" in ${programs ?? usualPrograms.join(", ")}`,
      { hint: "Install Cyrus's utilities here, or let our own reader look." },
    );
  const findings = new Findings();
  const listed = await readStore(image, { findings, signal });
  if (findings.isEmpty) {
    const database = await findDatabase(image, signal);
    if (database === undefined) findings.add("There is no mailboxes.db in it.");
    else await askUtilities(request, { ...options, programs, database, listed, findings });
  }
  return {
    validator: validatorName,
    version: "",
    atNs: clock(),
    valid: findings.isEmpty,
    ...countsOf(listed),
    findings: findings.all(),
  };
}

async function findDatabase(
  image: Image,
  signal: AbortSignal | undefined,
): Promise<RawPath | undefined> {
  let folders = 0;
  for await (const { path, entry } of walkImage(
    image,
    rootPath,
    signal === undefined ? {} : { signal },
  )) {
    if (entry.type === "directory" && ++folders > mostFolders) return undefined;
    if (entry.type === "file" && rawBaseName(path) === databaseName) return path;
  }
  return undefined;
}

type AskOptions = CyrusValidatorOptions & {
  readonly programs: string;
  /** Within the Image. */
  readonly database: RawPath;
  readonly listed: readonly ListedMailbox[];
  readonly findings: Findings;
};

async function askUtilities(
  { writableCopy, signal }: ValidationRequest,
  { programs, database, listed, findings, ...options }: AskOptions,
): Promise<void> {
  const { environment = {}, timeoutMs = defaultTimeoutMs } = options;
  const spool = listed[0]?.account ?? rootPath;
  const { partitions = new Map([["default", spool]]) } = options;
  await using layer = await writableCopy({ forOtherUsers: true });
  const within = (path: RawPath): string => displayPath(joinRawPath(givenFolder as RawPath, path));
  const owner = lstatSync(rawPathToBytes(joinRawPath(layer.path, database)));
  const desk = await mkdtemp(join(tmpdir(), "restante-cyrus-"));
  try {
    await chmod(desk, 0o711);
    const configuration = join(desk, "imapd.conf");
    const lines = [
      `configdirectory: ${within(rawParent(database))}`,
      ...[...partitions].map(([name, path]) => `partition-${name}: ${within(path)}`),
      `defaultpartition: ${[...partitions.keys()][0] ?? "default"}`,
      "virtdomains: userid",
      "unixhierarchysep: yes",
    ];
    await writeFile(configuration, `${lines.join("\n")}\n`, { mode: 0o644 });
    const call = async (
      name: string,
      words: readonly string[],
      onLine: (line: string) => void,
    ): Promise<void> => {
      const wrong = await runUtility([join(programs, name), "-C", configuration, ...words], {
        owner: process.geteuid?.() === 0 ? owner : undefined,
        environment,
        folder: layer.path,
        output: { onLine },
        timeoutMs,
        signal,
      });
      if (wrong !== undefined) findings.add(`The server's utility failed: ${wrong}.`);
    };
    await call("cyr_dbtool", [within(database), "twoskip", "consistent"], (line) => {
      if (!/^Yes\b/.test(line) && line.trim() !== "")
        findings.add(`The list of mailboxes is not consistent: ${shown(line)}.`);
    });
    await call("reconstruct", ["-n", "-r", "-G", "*"], (line) => {
      if (isComplaint(line)) findings.add(`The server would mend: ${shown(line)}.`);
    });
  } finally {
    await rm(desk, { recursive: true, force: true });
  }
}

/** Else it is the name of a mailbox that it is done with: "user/cass/Sent". */
export function isComplaint(line: string): boolean {
  return /\suid \d+ |:\s|mismatch|not found|missing|failed|error|discovered|corrupt/i.test(line);
}

function shown(line: string): string {
  return displayPath(Buffer.from(line.slice(0, 200), "utf8").toString("latin1") as RawPath);
}
