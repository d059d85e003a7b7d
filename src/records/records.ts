/*
 * jobs/ID/journal.jsonl   one line of JSON for each thing that was going to be done, or was done; the
 *                         first is the job's head; a torn last line was never written
 * jobs/ID/kept/NAME       bytes that the job took away
 * locks/DIGEST            who works on a thing now (process mark)
 */
import { createHash } from "node:crypto";
import { link, mkdir, readdir, readFile, rename, rm, unlink } from "node:fs/promises";
import { join } from "node:path";
import { quoted, systemErrorCode } from "#errors";
import { isSurelyDead, processMark, syncFolder, writeDurably } from "#files";
import { Job, journalName, type JobLine, lastLineOf, linesOf } from "./job.ts";
import { RecordsError, writing } from "./records-error.ts";

const formatVersion = 1;
const jobIdForm = /^[0-9]{8}-[0-9]{6}-[0-9a-f]{4,16}$/;

/** What a job is, known when it begins. */
export type JobHead = {
  /** Which module writes and understands its lines: "messages", "files". */
  readonly kind: string;
  /** For people: what is restored, as of when, to where. */
  readonly about: string;
  /** Milliseconds since 1970 UTC. */
  readonly startedMs: number;
};

export type JobSummary = JobHead & {
  readonly id: string;
  /** A process is at work on it now. */
  readonly isRunning: boolean;
  /** The first line of its journal: what more it was begun with. */
  readonly head: JobLine;
  /** The last line of its journal: what a job ends with says whether it is done. */
  readonly last: JobLine;
};

/** The jobs of one state folder. */
export class Records {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Begins a job: its head is on stable storage when this returns. `unique` is 4 to 16 hexadecimal digits. */
  async begin(
    head: JobHead,
    { unique, more = {} }: { readonly unique: string; readonly more?: object },
  ): Promise<Job> {
    const time = new Date(head.startedMs).toISOString().replace(/[-:]|\..*$/g, "");
    const id = time.replace("T", "-") + `-${unique}`;
    const folder = this.#jobFolder(id);
    return await writing(folder, async () => {
      await mkdir(join(this.#folder, "jobs"), { recursive: true, mode: 0o700 });
      await mkdir(folder, { mode: 0o700 });
      await writeDurably(join(folder, "owner"), Buffer.from(processMark()));
      const first = { is: "head", format: formatVersion, ...head, ...more };
      await writeDurably(join(folder, journalName), Buffer.from(`${JSON.stringify(first)}\n`));
      await syncFolder(join(this.#folder, "jobs"));
      return await Job.open(id, folder);
    });
  }

  /** Oldest first. Folders that are no jobs, or whose head cannot be read, are left out. */
  async list(): Promise<readonly JobSummary[]> {
    const names = await readdir(join(this.#folder, "jobs")).catch((error: unknown) => {
      if (systemErrorCode(error) === "ENOENT") return [];
      throw error;
    });
    const found: JobSummary[] = [];
    for (const id of names.toSorted(byText)) {
      if (!jobIdForm.test(id)) continue;
      const folder = this.#jobFolder(id);
      const { value } = await linesOf(folder).next();
      const { kind, about, startedMs } = value ?? {};
      if (typeof kind !== "string" || typeof about !== "string" || typeof startedMs !== "number")
        continue;
      const head = value as JobLine;
      const last = (await lastLineOf(folder)) ?? head;
      found.push({ id, kind, about, startedMs, isRunning: await isOwned(folder), head, last });
    }
    return found;
  }

  /** Takes a job up to go on with it. Throws `records.not-found`, `records.busy` where a process is at work on it. */
  async take(id: string): Promise<Job> {
    const folder = this.#jobFolder(await this.find(id));
    if (await isOwned(folder)) {
      throw new RecordsError(
        "records.busy",
        `Cannot take up job ${quoted(id)}: another run is at work on it`,
        { hint: "Wait until that run has ended." },
      );
    }
    return await writing(folder, async () => {
      await writeDurably(join(folder, "owner"), Buffer.from(processMark()));
      return await Job.open(await this.find(id), folder);
    });
  }

  /** Reads a job's lines without taking it up. */
  async *read(id: string): AsyncGenerator<JobLine> {
    yield* linesOf(this.#jobFolder(await this.find(id)));
  }

  /** Throws away what is known of a job, with the bytes that it kept. */
  async forget(id: string): Promise<void> {
    await using job = await this.take(id);
    await rm(this.#jobFolder(job.id), { recursive: true, force: true });
    await syncFolder(join(this.#folder, "jobs"));
  }

  /** Keeps other runs off a thing until it is disposed. Throws `records.busy` at once where one has it. */
  async lock(thing: string): Promise<AsyncDisposable> {
    const folder = join(this.#folder, "locks");
    const path = join(folder, createHash("sha256").update(thing).digest("hex"));
    return await writing(path, async () => {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const mark = Buffer.from(processMark());
      for (let attempt = 0; attempt < 3; attempt++) {
        try {
          await writeDurably(path, mark, { exclusive: true });
          return {
            [Symbol.asyncDispose]: async () => await unlink(path).catch(() => undefined),
          };
        } catch (error) {
          if (systemErrorCode(error) !== "EEXIST") throw error;
        }
        if (!(await takeAwayDead(path))) break;
      }
      throw new RecordsError(
        "records.busy",
        `Cannot work on ${quoted(thing)}: another run is at work on it`,
        { hint: `Wait until it has ended. If there is none, remove ${path}.`, retryable: true },
      );
    });
  }

  /** The whole name of the job that is called so, or whose name ends so. Throws `records.not-found`. */
  async find(id: string): Promise<string> {
    const known = (await this.list()).map((job) => job.id);
    const found = known.filter((job) => job === id || (id.length >= 4 && job.endsWith(id)));
    if (found.length === 1) return found[0] as string;
    throw new RecordsError(
      "records.not-found",
      `Cannot find job ${quoted(id)}: ${found.length === 0 ? "there is none of that name" : "several end so"}`,
      { hint: "`restante undo --list` shows which there are." },
    );
  }

  #jobFolder(id: string): string {
    return join(this.#folder, "jobs", id);
  }
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Takes a dead process's lock away; false where the lock is somebody's. Moved before it is looked at:
 * of two that find it dead, the second must not take away what the first has put in its place.
 */
async function takeAwayDead(path: string): Promise<boolean> {
  const holder = await readFile(path, "latin1").catch(() => "");
  if (holder !== "" && !isSurelyDead(holder)) return false;
  const aside = `${path}.${processMark()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return true;
    throw error;
  }
  const isDead = isSurelyDead(await readFile(aside, "latin1"));
  if (!isDead) await link(aside, path).catch(() => undefined);
  await unlink(aside);
  return isDead;
}

async function isOwned(folder: string): Promise<boolean> {
  const mark = await readFile(join(folder, "owner"), "latin1").catch(() => "");
  return mark !== "" && !isSurelyDead(mark);
}
