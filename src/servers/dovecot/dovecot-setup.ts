import type { HostLook } from "../look/host-look.ts";
import { findPrograms, type FoundTool, toolPath } from "../look/find-program.ts";
import { type FoundProcess, optionOf } from "../look/processes.ts";
import { readDovecotFiles } from "./settings-files.ts";
import { type DovecotSection, parseDoveconf } from "./settings-text.ts";

/** A Dovecot as it is set up on a host. */
export type DovecotSetup = {
  readonly root: DovecotSection;
  /** Absolute. */
  readonly configurationFile: string;
  /** For doveadm and doveconf: -c FILE where it is not the usual one. */
  readonly configurationOption: readonly string[];
  /** "2.3.19.1". */
  readonly version?: string;
  /** Undefined where processes could not be listed. */
  readonly isRunning: boolean | undefined;
  readonly doveadm?: string;
  readonly tools: readonly FoundTool[];
  readonly evidence: readonly string[];
};

const usualFiles = [
  "/etc/dovecot/dovecot.conf",
  "/usr/local/etc/dovecot/dovecot.conf",
  "/opt/dovecot/etc/dovecot/dovecot.conf",
] as const;

export type FindDovecotOptions = {
  readonly processes: readonly FoundProcess[] | undefined;
  /** A configuration that a person named. */
  readonly configurationFile?: string;
};

/** Undefined where there is none, or nothing of its configuration can be read. */
export async function findDovecotSetup(
  look: HostLook,
  { processes, configurationFile }: FindDovecotOptions,
): Promise<DovecotSetup | undefined> {
  const masters = (processes ?? []).filter(
    ({ program, words, user }) =>
      program === "dovecot" && words[0]?.includes("/") === true && user !== "dovecot",
  );
  const isNamed = (one: FoundProcess): boolean =>
    (optionOf(one, "-c") ?? usualFiles[0]) === configurationFile;
  const master = configurationFile === undefined ? masters[0] : masters.find(isNamed);
  if (masters.length > 1)
    look.addUnseen(
      `${masters.length - 1} more Dovecot of process ${masters
        .filter((one) => one !== master)
        .map(({ pid }) => pid)
        .slice(0, 3)
        .join(", ")}`,
      "One is looked at; the others have configurations of their own.",
    );
  const named = configurationFile ?? (master === undefined ? undefined : optionOf(master, "-c"));
  const file = named ?? (await look.firstThere(usualFiles));
  if (file === undefined) return undefined;
  const folder = master?.words[0]?.replace(/\/[^/]*$/, "");
  const tools = await findPrograms(
    look,
    ["doveadm", "doveconf", "dovecot"],
    folder === undefined ? [] : [folder, folder.replace(/sbin$/, "bin")],
  );
  const isUsual = usualFiles.some((usual) => usual === file);
  const configurationOption = isUsual ? [] : ["-c", file];
  const read = await readSettings(look, { file, configurationOption, tools });
  if (read === undefined) return undefined;
  const version = read.version ?? (await versionOf(look, tools));
  const isRunning = processes === undefined ? undefined : master !== undefined;
  const title = `dovecot${version === undefined ? "" : ` ${version}`}`;
  const doveadm = toolPath(tools, "doveadm");
  return {
    root: read.root,
    configurationFile: file,
    configurationOption,
    ...(version === undefined ? {} : { version }),
    isRunning,
    ...(doveadm === undefined ? {} : { doveadm }),
    tools,
    evidence: [
      ...(master === undefined ? [] : [`${title} runs as process ${master.pid} of ${master.user}`]),
      ...(isRunning === false ? [`${title} is installed and does not run`] : []),
      `configuration ${file}, read by ${read.by}`,
    ],
  };
}

type Settings = {
  readonly root: DovecotSection;
  readonly by: string;
  readonly version?: string | undefined;
};

/** From `doveconf`, which knows all defaults and never shows a password; else from the files. */
async function readSettings(
  look: HostLook,
  {
    file,
    configurationOption,
    tools,
  }: {
    readonly file: string;
    readonly configurationOption: readonly string[];
    readonly tools: readonly FoundTool[];
  },
): Promise<Settings | undefined> {
  const doveconf = toolPath(tools, "doveconf");
  if (doveconf !== undefined) {
    const answer = await look.run([doveconf, ...configurationOption, "-n"]);
    if (answer?.ok === true)
      return {
        root: parseDoveconf(answer.stdout),
        by: "doveconf",
        version: /^# (\d+(?:\.\d+)+)/m.exec(answer.stdout)?.[1],
      };
    if (answer !== undefined)
      look.addUnseen("doveconf", `It failed: ${answer.state} ${answer.complaint}`.trim());
  }
  const read = await readDovecotFiles(look, file);
  if (read === undefined) return undefined;
  const count = read.files.length;
  return {
    root: read.root,
    by: `our own parser from ${count === 1 ? "1 file" : `${count} files`}`,
  };
}

async function versionOf(look: HostLook, tools: readonly FoundTool[]): Promise<string | undefined> {
  const dovecot = toolPath(tools, "dovecot");
  if (dovecot === undefined) return undefined;
  const answer = await look.run([dovecot, "--version"]);
  return /(\d+(?:\.\d+)+)/.exec(answer?.stdout ?? "")?.[1];
}
