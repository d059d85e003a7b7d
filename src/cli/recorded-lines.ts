import { constants } from "node:fs";
import { type FileHandle, open, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { systemErrorCode } from "#errors";
import { writeDurably } from "#files";
import { CliError } from "./cli-error.ts";
import { safeText } from "./text.ts";

/** What one file of the state folder holds: one record a line, the newest last. */
export type RecordKind<One> = {
  readonly fileName: string;
  /** Of several, for messages: "measurements". */
  readonly plural: string;
  /** A record as a line, with its end. */
  readonly write: (one: One) => string;
  /** A line as the record that it holds, or what is wrong with it. */
  readonly read: (line: string) => One | string;
  /** What the newest of stays when older lines are dropped. */
  readonly subject: (one: One) => string;
};

export type RecordsRead<One> = {
  /** In the order in which they were recorded. */
  readonly records: readonly One[];
  /** One sentence each: what was skipped and why. */
  readonly problems: readonly string[];
};

export type AddRecordsOptions<One> = {
  readonly kind: RecordKind<One>;
  /** Above this size older lines are dropped. Default 1 MiB. */
  readonly largestBytes?: number | undefined;
};

const largestBytes = 1024 ** 2;
/** Never more is read, whoever wrote the file. */
const mostReadBytes = 16 * largestBytes;
/** Of the newest lines, beside the newest of each subject, which stay when older ones are dropped. */
const keptLines = 1000;
const shownProblems = 20;
/** How often a line is added again because the file was written anew meanwhile. */
const attempts = 5;
/** A run that was killed while it dropped lines left its mark; after this long it is taken away. */
const staleMarkMs = 10 * 60_000;

/**
 * All records of the folder's file. Never throws for what the file holds: a torn or foreign line is
 * skipped and told, and a file that cannot be read has no records and a problem.
 */
export async function readRecords<One>(
  folder: string,
  kind: RecordKind<One>,
): Promise<RecordsRead<One>> {
  const path = join(folder, kind.fileName);
  try {
    const file = await openPlainFile(path, constants.O_RDONLY);
    try {
      return parseLines((await readFrom(file, 0)).bytes.toString("utf8"), kind);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return { records: [], problems: [] };
    return { records: [], problems: [`${safeText(path)} was not read: ${reasonOf(error)}.`] };
  }
}

/**
 * Adds lines at the end, on stable storage when this returns; other processes may do the same at the same
 * time. Throws `cli.not-recorded` when that is not possible.
 */
export async function addRecords<One>(
  folder: string,
  list: readonly One[],
  { kind, largestBytes: mostBytes = largestBytes }: AddRecordsOptions<One>,
): Promise<void> {
  if (list.length === 0) return;
  const path = join(folder, kind.fileName);
  const bytes = Buffer.from(list.map(kind.write).join(""));
  try {
    const sizeBytes = await append(path, bytes);
    if (sizeBytes > mostBytes) await dropOldLines(path, { kind, mostBytes });
  } catch (cause) {
    throw new CliError(
      "cli.not-recorded",
      `Cannot record ${kind.plural} in "${safeText(path)}": ${reasonOf(cause)}`,
      { hint: "Make the state folder writable, with some space; nothing else is affected.", cause },
    );
  }
}

const { O_APPEND, O_CREAT, O_RDWR } = constants;

/** One write(2) at the end of the file, which the system does not mix with others'. Returns the file's size. */
async function append(path: string, bytes: Buffer): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const file = await openPlainFile(path, O_RDWR | O_APPEND | O_CREAT);
    try {
      // What a killed run or a full disk left torn must not tear this line too.
      const text = (await endsTorn(file)) ? Buffer.concat([Buffer.from("\n"), bytes]) : bytes;
      const { bytesWritten } = await file.write(text);
      if (bytesWritten < text.length) throw new Error("only a part of it could be written");
      await file.sync();
      // Somebody dropped old lines meanwhile and may not have seen this one: once more, in the new file.
      const { ino, size } = await file.stat({ bigint: true });
      const now = await stat(path, { bigint: true }).catch(() => undefined);
      if (now?.ino === ino || attempt === attempts) return Number(size);
    } finally {
      await file.close();
    }
  }
}

async function endsTorn(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] !== 0x0a;
}

/** Writes the file anew without its oldest lines. One process at a time; lines that are added meanwhile are kept. */
async function dropOldLines<One>(
  path: string,
  { kind, mostBytes }: { readonly kind: RecordKind<One>; readonly mostBytes: number },
): Promise<void> {
  const mark = `${path}.rewriting`;
  if (!(await takeMark(mark))) return;
  try {
    const old = await openPlainFile(path, constants.O_RDONLY);
    try {
      const { bytes, endsAt } = await readFrom(old, 0);
      const { records } = parseLines(bytes.toString("utf8"), kind);
      const kept = newestOf(records, { kind, mostBytes: mostBytes / 2 });
      await writeDurably(path, Buffer.from(kept.map(kind.write).join("")));
      // Between reading and renaming others could still write to the old file.
      const late = await readFrom(old, endsAt);
      if (late.bytes.length > 0) await append(path, late.bytes);
    } finally {
      await old.close();
    }
  } finally {
    await unlink(mark).catch(() => undefined);
  }
}

async function takeMark(mark: string): Promise<boolean> {
  try {
    await (await open(mark, "wx", 0o600)).close();
    return true;
  } catch (error) {
    if (systemErrorCode(error) !== "EEXIST") throw error;
    const { mtimeMs } = (await stat(mark).catch(() => undefined)) ?? { mtimeMs: Infinity };
    if (Date.now() - mtimeMs > staleMarkMs) await unlink(mark).catch(() => undefined);
    return false;
  }
}

/** The newest of each subject, and of the last lines as many as half the file holds. Each once. */
function newestOf<One>(
  records: readonly One[],
  { kind, mostBytes }: { readonly kind: RecordKind<One>; readonly mostBytes: number },
): readonly One[] {
  const newest = new Map(records.map((one) => [kind.subject(one), one]));
  const kept = new Set<One>();
  let bytes = 0;
  for (const one of records.slice(-keptLines).toReversed()) {
    bytes += kind.write(one).length;
    if (bytes > mostBytes) break;
    kept.add(one);
  }
  const isNewest = new Set(newest.values());
  return records.filter((one) => kept.has(one) || isNewest.has(one));
}

function parseLines<One>(text: string, { read, fileName }: RecordKind<One>): RecordsRead<One> {
  const records: One[] = [];
  const problems: string[] = [];
  let skipped = 0;
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const one = read(line);
    if (typeof one !== "string") records.push(one);
    else if (++skipped <= shownProblems)
      problems.push(`Line ${index + 1} of ${fileName} was skipped: ${one}.`);
  }
  if (skipped > shownProblems)
    problems.push(`${skipped - shownProblems} more lines of ${fileName} were skipped.`);
  return { records, problems };
}

/** Never follows a link, never waits for a pipe's other end. */
export async function openPlainFile(path: string, flags: number): Promise<FileHandle> {
  const file = await open(path, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o600);
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new Error("it is not a plain file");
}

/** From a position to the end; of a file that is far too large the last part. */
async function readFrom(
  file: FileHandle,
  position: number,
): Promise<{ readonly bytes: Buffer; readonly endsAt: number }> {
  const { size } = await file.stat();
  const from = Math.max(position, size - mostReadBytes);
  const bytes = Buffer.alloc(Math.max(0, size - from));
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, from + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return { bytes: bytes.subarray(0, filled), endsAt: from + filled };
}

function reasonOf(error: unknown): string {
  return systemErrorCode(error) ?? (error instanceof Error ? error.message : String(error));
}
