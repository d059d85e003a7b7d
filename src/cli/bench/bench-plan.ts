import { access, constants, realpath, stat, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, resolve } from "node:path";
import { systemErrorCode } from "#errors";
import { displayPath, rawPathFromText, sameDevice, volumeIdentity } from "#image";
import { formatBytes, parseBytes, parseDuration } from "#time";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { copyPlace } from "../copy-access.ts";
import type { Site } from "../site.ts";
import { isElsewhere } from "../local-folder.ts";
import { safeText } from "../text.ts";

/** What `restante bench` was asked for, checked. */
export type BenchPlan = {
  /** The mail store, absolute. Only read. */
  readonly store: string;
  readonly sampleBytes: number;
  readonly totalMs: number;
  readonly runs: number;
  /** The folder that a fresh work folder is made in. */
  readonly workParent: string;
  /** Of the file that the disk, and the target, are measured with. */
  readonly fileBytes: number;
  /** A folder that lies on another machine, as far as its device tells. */
  readonly target?: BenchTarget;
  readonly isRecorded: boolean;
};

export type BenchTarget = {
  readonly folder: string;
  /** It lies in memory, or on the device of the mail or of the work folder: no network is on the way. */
  readonly isHere: boolean;
};

const defaultSample = "256 MB";
const defaultTime = "2 minutes";
const defaultRuns = 3;
const mostRuns = 20;
const mostTimeMs = 24 * 3_600_000;
const mostSampleBytes = 1e12;
const largestFileBytes = 128 * 1024 ** 2;
const leastFileBytes = 8 * 1024 ** 2;
/** The sample, the copy of it, and what is restored. */
const roomFactor = 3;

export async function planBench(context: CommandContext, site: Site): Promise<BenchPlan> {
  const { arguments: typed } = context;
  const store = storeFolder(context, site);
  const sampleBytes = parseBytes(typed.text("sample") ?? defaultSample);
  const totalMs = parseDuration(typed.text("time") ?? defaultTime);
  if (sampleBytes <= 0 || sampleBytes > mostSampleBytes)
    throw outOfRange("--sample", `from 1 byte to ${formatBytes(mostSampleBytes)}`);
  if (totalMs <= 0 || totalMs > mostTimeMs) throw outOfRange("--time", "up to 24 hours");
  const targetTyped = typed.text("target");
  const target = targetTyped === undefined ? undefined : await targetFolder(targetTyped, context);
  const workParent = await workPlace(context, site);
  const fileBytes = Math.min(largestFileBytes, Math.max(leastFileBytes, sampleBytes));
  for (const folder of target === undefined ? [workParent] : [workParent, target])
    await refuseWithinStore(folder, store);
  if (target !== undefined) await requireRoom(target, fileBytes);
  return {
    store,
    sampleBytes,
    totalMs,
    runs: typed.number("runs", { least: 1, most: mostRuns }) ?? defaultRuns,
    workParent,
    fileBytes,
    ...(target === undefined
      ? {}
      : { target: { folder: target, isHere: await isHere(target, [workParent, store]) } }),
    isRecorded: !typed.has("no-record"),
  };
}

/** Before anything is written: what the work folder will hold at most. */
export async function requireRoomForSample(
  { workParent, fileBytes }: BenchPlan,
  sampleBytes: number,
): Promise<void> {
  await requireRoom(workParent, Math.max(fileBytes, roomFactor * sampleBytes));
}

function storeFolder({ arguments: typed, surroundings }: CommandContext, site: Site): string {
  const [named] = typed.positionals;
  const servers = site.config?.servers ?? [];
  if (named !== undefined) {
    const server = servers.find(({ name }) => name === named);
    return server?.path ?? resolve(surroundings.workingFolder, named);
  }
  const [only, ...others] = servers;
  if (only !== undefined && others.length === 0) return only.path;
  throw new CliError(
    "cli.usage",
    only === undefined
      ? "Cannot measure: no folder was named"
      : `Cannot choose a server: there are ${servers.map(({ name }) => safeText(name)).join(", ")}`,
    { hint: "Name the mail store: restante bench FOLDER." },
  );
}

/** Beside the copy, where its disk most likely is; the system's folder for temporary files where no copy is known. */
async function workPlace(context: CommandContext, site: Site): Promise<string> {
  const { arguments: typed, surroundings, output } = context;
  const named = typed.text("work");
  if (named !== undefined) {
    const folder = resolve(surroundings.workingFolder, named);
    await requireFolder(folder, "--work");
    return folder;
  }
  const copy = copyFolder(context, site);
  if (copy === undefined || isElsewhere(copy)) return tmpdir();
  const beside = dirname(copy);
  if (await isWritable(beside)) return beside;
  output.note(`nothing can be written beside the copy: measuring in ${safeText(tmpdir())}`);
  return tmpdir();
}

function copyFolder(context: CommandContext, site: Site): string | undefined {
  try {
    return copyPlace(context, site).folder;
  } catch (error) {
    if (context.arguments.has("copy") || !(error instanceof CliError)) throw error;
    return undefined;
  }
}

async function targetFolder(named: string, { surroundings }: CommandContext): Promise<string> {
  if (/^[a-z][a-z0-9+.-]*:/i.test(named) || /^[^/]+:/.test(named))
    throw new CliError(
      "cli.no-target",
      `Cannot measure "${safeText(withoutUser(named))}": what is measured is a folder, and this names no folder of this machine`,
      { hint: "Mount it (NFS, SSHFS, a bucket) and name the folder: --target FOLDER." },
    );
  const folder = resolve(surroundings.workingFolder, named);
  await requireFolder(folder, "--target");
  return folder;
}

/** A URL may hold a user and a password. */
function withoutUser(location: string): string {
  return location.replace(/^([^/]*:\/\/)?.*@/, "$1");
}

async function requireFolder(folder: string, option: string): Promise<void> {
  const is = await stat(folder).catch((error: unknown) => systemErrorCode(error) ?? "unknown");
  const why =
    typeof is === "string"
      ? is === "ENOENT"
        ? "there is no such folder"
        : `it cannot be looked at (${is})`
      : is.isDirectory()
        ? (await isWritable(folder))
          ? undefined
          : "nothing may be written to it"
        : "it is no folder";
  if (why === undefined) return;
  throw new CliError("cli.no-target", `Cannot measure in "${safeText(folder)}": ${why}`, {
    hint: `Name a folder that is there and may be written to with ${option}.`,
  });
}

async function isWritable(folder: string): Promise<boolean> {
  return await access(folder, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** Nothing is ever written into the mail. */
async function refuseWithinStore(folder: string, store: string): Promise<void> {
  const real = await realpath(folder);
  // A store that is not there is told later, by whoever lists it.
  const realStore = await realpath(store).catch(() => store);
  if (real !== realStore && !real.startsWith(realStore === "/" ? "/" : `${realStore}/`)) return;
  throw new CliError(
    "cli.no-target",
    `Cannot measure in ${displayPath(rawPathFromText(folder))}: it lies within the mail store`,
    { hint: "Name a folder outside of it with --work, best on the copy's disk." },
  );
}

async function isHere(target: string, here: readonly string[]): Promise<boolean> {
  const volume = await volumeIdentity(rawPathFromText(target));
  if (/^(?:tmpfs|ramfs):/.test(volume)) return true;
  for (const folder of here) {
    // A store that is not there is told later, by whoever lists it.
    const isThere = await stat(folder).catch(() => undefined);
    if (isThere === undefined) continue;
    if (await sameDevice(rawPathFromText(target), rawPathFromText(folder))) return true;
  }
  return false;
}

async function requireRoom(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= bytes) return;
  throw new CliError(
    "cli.no-room",
    `Cannot measure in ${displayPath(rawPathFromText(folder))}: ${formatBytes(bytes)} are needed, ${formatBytes(bavail * bsize)} are free`,
    { hint: "Choose a smaller --sample, or another folder with --work." },
  );
}

function outOfRange(option: string, range: string): CliError {
  return new CliError("cli.usage", `Cannot take ${option}: it must be ${range}`, {
    hint: "See `restante help bench`.",
  });
}
