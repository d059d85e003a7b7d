/*
 * audit.jsonl: one line of JSON for each change of a repository, and nothing is ever taken out. Each
 * carries, as "previous", the sha256 of the line before it, without its end:
 *
 *   line 1   {…,"previous":"0000…"}\n
 *   line 2   {…,"previous":sha256(line 1)}\n
 *
 * A line that was changed, removed or put in between shows, because the next no longer follows. Lines
 * that are cut off at the end do not: for that, the hash of the last is kept elsewhere.
 */
import { createHash } from "node:crypto";
import { constants, createReadStream } from "node:fs";
import { type FileHandle, open, readFile, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { systemErrorCode } from "#errors";
import { isSurelyDead, processMark, syncFolder } from "#files";
import { openPlainFile } from "./recorded-lines.ts";

export const auditFileName = "audit.jsonl";

/** What the first line follows. */
const beginning = "0".repeat(64);
const readAtOnceBytes = 64 * 1024;
/** Longer than a line of a hundred thousand moments; bounds a hostile file. */
const longestLineBytes = 16 * 1024 * 1024;
const shownFindings = 20;
const abandonedMs = 10 * 60_000;

export type AuditCheck = {
  readonly lines: number;
  /** Of the last line: kept elsewhere, it shows later that nothing was cut off at the end. */
  readonly lastHash: string;
  /** One sentence each. Empty where every line follows the one before. */
  readonly findings: readonly string[];
};

/**
 * Adds one line, on stable storage when this returns, and returns its hash. Runs at the same time wait
 * for each other. Throws the system's error, or an Error that says what is in the way; the file is as
 * it was then.
 */
export async function appendAudit(
  folder: string,
  record: Readonly<Record<string, unknown>>,
): Promise<string> {
  const path = join(folder, auditFileName);
  await using _mark = await takeMark(`${path}.writing`);
  const { O_RDWR, O_APPEND, O_CREAT } = constants;
  const file = await openPlainFile(path, O_RDWR | O_APPEND | O_CREAT);
  try {
    const { size } = await file.stat();
    const last = await lastLine(file, size);
    const line = Buffer.from(JSON.stringify({ ...record, previous: last.hash }));
    // What a killed run or a full disk left torn must not tear this line too.
    const text = Buffer.concat([Buffer.from(last.isTorn ? "\n" : ""), line, Buffer.from("\n")]);
    try {
      const { bytesWritten } = await file.write(text);
      if (bytesWritten < text.length) throw new Error("only a part of it could be written");
    } catch (error) {
      await file.truncate(size).catch(() => undefined);
      throw error;
    }
    await file.sync();
    if (size === 0) await syncFolder(dirname(path));
    return hashOf(line);
  } finally {
    await file.close();
  }
}

/** Reads the whole file and follows the chain. A file that is not there has no lines. */
export async function checkAudit(folder: string): Promise<AuditCheck> {
  let lines = 0;
  let lastHash = beginning;
  const findings: string[] = [];
  const look = (line: Buffer, isWhole: boolean): void => {
    lines++;
    const previous = isWhole ? previousOf(line) : undefined;
    if (previous === undefined)
      findings.push(`Line ${lines} is torn or no record: what it recorded is lost.`);
    else if (previous !== lastHash)
      findings.push(
        lines === 1
          ? "Line 1 is not the first that was written: lines before it were removed."
          : `Line ${lines} does not follow line ${lines - 1}: that one was changed, or one between them was removed or put there.`,
      );
    lastHash = hashOf(line);
  };
  const file = await openPlainFile(join(folder, auditFileName), constants.O_RDONLY).catch(
    (error: unknown) => {
      if (systemErrorCode(error) === "ENOENT") return undefined;
      throw error;
    },
  );
  if (file === undefined) return { lines, lastHash, findings };
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream("", { fd: file, highWaterMark: readAtOnceBytes })) {
    rest = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer]);
    for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a)) {
      look(rest.subarray(0, end), true);
      rest = rest.subarray(end + 1);
    }
    if (rest.length > longestLineBytes) throw new Error(`line ${lines + 1} is far too long`);
  }
  if (rest.length > 0) look(rest, false);
  const more = findings.length - shownFindings;
  const shown = findings.slice(0, shownFindings);
  return { lines, lastHash, findings: more > 0 ? [...shown, `And ${more} more.`] : shown };
}

function hashOf(line: Uint8Array): string {
  return createHash("sha256").update(line).digest("hex");
}

function previousOf(line: Buffer): string | undefined {
  try {
    const value: unknown = JSON.parse(line.toString("utf8"));
    const previous = (value as { readonly previous?: unknown } | null)?.previous;
    return typeof previous === "string" ? previous : undefined;
  } catch {
    return undefined;
  }
}

/** Read from the end: the file only ever grows. */
async function lastLine(
  file: FileHandle,
  sizeBytes: number,
): Promise<{ readonly hash: string; readonly isTorn: boolean }> {
  if (sizeBytes === 0) return { hash: beginning, isTorn: false };
  let tail = Buffer.alloc(0);
  for (let from = sizeBytes; from > 0;) {
    const length = Math.min(readAtOnceBytes, from);
    from -= length;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, from);
    if (bytesRead < length) throw new Error("it changed while it was read");
    tail = Buffer.concat([buffer, tail]);
    const line = tail.subarray(0, tail.at(-1) === 0x0a ? -1 : undefined);
    const begin = line.lastIndexOf(0x0a);
    if (begin >= 0 || from === 0)
      return { hash: hashOf(line.subarray(begin + 1)), isTorn: tail.at(-1) !== 0x0a };
    if (tail.length > longestLineBytes) throw new Error("its last line is far too long");
  }
  throw new Error("it is empty");
}

const pausesMs: readonly number[] = [5, 10, 20, 50, 100, 200, ...Array<number>(38).fill(250)];

/** One process at a time. The mark of one that was killed is taken away. */
async function takeMark(path: string): Promise<AsyncDisposable> {
  const mark = processMark();
  for (const pauseMs of pausesMs) {
    try {
      const file = await open(path, "wx", 0o600);
      try {
        await file.writeFile(mark);
      } finally {
        await file.close();
      }
      return { [Symbol.asyncDispose]: async () => await unlink(path).catch(() => undefined) };
    } catch (error) {
      if (systemErrorCode(error) !== "EEXIST") throw error;
    }
    if (await isAbandoned(path)) await unlink(path).catch(() => undefined);
    else await pause(pauseMs);
  }
  throw new Error(`another run has been writing to it for ten seconds (${path})`);
}

/** Its holder is dead; or, where that cannot be known, it is far older than writing a line takes. */
async function isAbandoned(path: string): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(path);
    return isSurelyDead(await readFile(path, "latin1")) || Date.now() - mtimeMs > abandonedMs;
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return false;
    throw error;
  }
}
