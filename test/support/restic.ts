/** Debian's restic as the judge of what we write, and corpora to write. */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Image, readAll, type RawPath, walkImage } from "#image";
import { projectRoot } from "./source-tree.ts";

export const resticPassword = "geheim";
const corporaArchive = join(projectRoot, "../shared/corpora/corpora.tar.xz");

/** Why tests with restic cannot run here; false where they can. */
export const withoutRestic: string | false =
  spawnSync("restic", ["version"]).status === 0 ? false : "restic is not installed";

/** Why tests with the corpora cannot run here. */
export const withoutCorpora: string | false = existsSync(corporaArchive)
  ? false
  : "the corpora are not there";

/** A folder that is gone when the caller disposes of it. */
export function temporaryFolder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "restante-interop-"));
  return {
    path,
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** Unpacks a part of the corpora ("mail", "restic", …) into a folder. */
export function unpackCorpora(part: string, folder: string): string {
  mkdirSync(folder, { recursive: true });
  run("tar", ["-xJf", corporaArchive, "-C", folder, `./${part}`]);
  return join(folder, part);
}

export function unpackArchive(archive: string, folder: string): void {
  mkdirSync(folder, { recursive: true });
  run("tar", ["-xzf", archive, "-C", folder]);
}

export type Ran = { readonly status: number; readonly stdout: Buffer; readonly stderr: string };

export type ResticOptions = {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Do not throw where restic fails. */
  readonly mayFail?: boolean;
};

/** restic with a repository, a password file and no cache. */
export function restic(
  repository: string,
  args: readonly string[],
  options: ResticOptions = {},
): Ran {
  const result = spawnSync("restic", ["-r", repository, "--no-cache", ...args], {
    cwd: options.cwd,
    maxBuffer: 1 << 28,
    env: { ...process.env, RESTIC_PASSWORD: resticPassword, ...options.env },
  });
  const ran = { status: result.status ?? -1, stdout: result.stdout, stderr: String(result.stderr) };
  if (ran.status !== 0 && options.mayFail !== true) {
    throw new Error(
      `restic ${args.join(" ")}: ${ran.status}\n${String(ran.stdout)}\n${ran.stderr}`,
    );
  }
  return ran;
}

export function resticJson<T>(
  repository: string,
  args: readonly string[],
  options: ResticOptions = {},
): T {
  return JSON.parse(String(restic(repository, [...args, "--json"], options).stdout)) as T;
}

/** The last line of what `restic backup --json` prints. */
export function resticBackup(
  repository: string,
  args: readonly string[],
  options: ResticOptions = {},
): Readonly<Record<string, number>> {
  const { stdout } = restic(repository, ["backup", "--json", ...args], options);
  const lines = String(stdout).trim().split("\n");
  return JSON.parse(lines.at(-1) as string) as Record<string, number>;
}

/** restic as a process that goes on, and its exit. */
export function startRestic(
  repository: string,
  args: readonly string[],
): { readonly process: ChildProcessWithoutNullStreams; readonly exited: Promise<unknown[]> } {
  const started = spawn("restic", ["-r", repository, "--no-cache", ...args], {
    env: { ...process.env, RESTIC_PASSWORD: resticPassword },
  });
  return { process: started, exited: once(started, "exit") };
}

/** Until the process has printed the text; throws where it ends before. */
export async function hasPrinted(
  started: ChildProcessWithoutNullStreams,
  text: string,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let shown = "";
    const look = (chunk: unknown): void => {
      shown += String(chunk);
      if (shown.includes(text)) resolve();
    };
    started.stdout.on("data", look);
    started.stderr.on("data", look);
    started.on("exit", () => reject(new Error(`it ended with: ${shown}`)));
  });
}

/** Runs a program that must succeed. */
export function run(program: string, args: readonly string[], cwd?: string): void {
  const { status, stderr } = spawnSync(program, args, { cwd });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${String(stderr)}`);
}

/** Everything that must come back, one line an entry, so that a difference is readable. */
export async function describeImage(
  image: Image,
  options: { readonly attributes?: boolean } = {},
): Promise<string[]> {
  const lines: string[] = [];
  const inodes = new Map<string, string>();
  for await (const { path, entry } of walkImage(image, "" as RawPath)) {
    const facts = [
      JSON.stringify(path),
      entry.type,
      entry.type === "symlink" ? "" : entry.mode.toString(8),
      `${entry.uid}:${entry.gid}`,
      String(entry.mtimeNs),
    ];
    if (entry.linkTarget !== undefined) facts.push(JSON.stringify(entry.linkTarget));
    if (entry.type === "file") {
      const bytes = await readAll(image, path);
      facts.push(String(bytes.length), createHash("sha256").update(bytes).digest("hex"));
      if (entry.links > 1) {
        // Hard links: which earlier name it shares its inode with.
        const key = `${entry.deviceId}:${entry.inode}`;
        facts.push(`same as ${inodes.get(key) ?? "none before"}`);
        if (!inodes.has(key)) inodes.set(key, JSON.stringify(path));
      }
    }
    if (options.attributes !== false) {
      for (const { name, value } of await image.extendedAttributes(path)) {
        facts.push(`${name}=${Buffer.from(value).toString("hex")}`);
      }
    }
    lines.push(facts.join(" "));
  }
  return lines;
}

/** Bytes that a path is made of, for names that are not UTF-8. */
export function inFolder(folder: string, rawName: string): Buffer {
  return Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(rawName, "latin1")]);
}
