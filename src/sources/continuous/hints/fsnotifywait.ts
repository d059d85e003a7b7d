/**
 * Hints of the kernel about whole filesystems by way of another program: `fsnotifywait` of inotify-tools, where Node
 * itself cannot ask for them. It ends when its queue is full (3.22): an overflow. A file of our own in a folder that is
 * watched as well says where in the queue we are: all comes in order.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { systemErrorCode } from "#errors";
import { type RawPath, rawPathFromText } from "#image";
import type {
  ChangeHint,
  ChangeHints,
  HintListener,
  HintPlace,
  HintsUnavailable,
  OpenHintsRequest,
} from "./change-hints.ts";
import { openDesk } from "./desk.ts";
import { FsnotifyOutput, hintsOfRecord } from "./fsnotifywait-output.ts";
import { foldersOfFilesystems, placesThere } from "./filesystems-of-places.ts";

export type FsnotifywaitOptions = {
  /** How long it may take until it watches. Default 20,000. */
  readonly startMs?: number;
  /** How long it may take to end. Default 1000. */
  readonly endMs?: number;
};

type Helper = ChildProcessByStdio<null, Readable, Readable>;

/** By itself it keeps what it prints until there are 4096 bytes. */
const usualCommand = ["stdbuf", "-oL", "fsnotifywait"];
const wanted = ["modify", "attrib", "close_write", "moved_from", "moved_to", "create", "delete"];
const complaintLimit = 4096;

/** Needs Linux, inotify-tools, and the rights CAP_SYS_ADMIN and CAP_DAC_READ_SEARCH for that program. */
export async function openFsnotifywait(
  request: OpenHintsRequest,
  options: FsnotifywaitOptions = {},
): Promise<ChangeHints | HintsUnavailable> {
  if (process.platform !== "linux") return { unavailable: "it is Linux alone that has it" };
  const places = placesThere(request);
  const mounts = foldersOfFilesystems(places).map(textOf);
  const folders = mounts.flatMap((mount) => mount ?? []);
  if (folders.length < mounts.length) return { unavailable: "a folder's name is not UTF-8" };
  const desk = openDesk();
  const [program = "", ...words] = request.sources?.helper ?? usualCommand;
  const helper = spawn(program, [...words, ...argumentsFor([...folders, desk])], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const hints = new FsnotifywaitHints(helper, { ...request, ...options, desk, places });
  const trouble = await hints.begin(options.startMs ?? 20_000);
  if (trouble === undefined) return hints;
  await hints[Symbol.asyncDispose]();
  return { unavailable: trouble };
}

function argumentsFor(folders: readonly string[]): readonly string[] {
  const events = wanted.flatMap((event) => ["-e", event]);
  return ["-m", "-S", "-q", "--format", "%w%0%f%0%e%0", ...events, ...folders];
}

class FsnotifywaitHints implements ChangeHints {
  readonly way = "fsnotifywait";
  readonly #helper: Helper;
  readonly #listener: HintListener;
  readonly #places: readonly HintPlace[];
  readonly #desk: string;
  readonly #endMs: number;
  readonly #output = new FsnotifyOutput();
  readonly #settling = new Map<string, () => void>();
  readonly #ended: Promise<void>;
  #requests = 0;
  #complaint = "";
  #hasEnded = false;
  /** Nothing is told of it yet, or any more. */
  #isQuiet = true;
  #isClosed = false;
  #failure: string | undefined;
  #closing: Promise<void> | undefined;

  constructor(
    helper: Helper,
    {
      places,
      listener,
      desk,
      endMs = 1000,
    }: Pick<OpenHintsRequest, "listener"> &
      FsnotifywaitOptions & { readonly desk: string; readonly places: readonly HintPlace[] },
  ) {
    this.#helper = helper;
    this.#listener = listener;
    this.#places = places;
    this.#desk = desk;
    this.#endMs = endMs;
    const ended = Promise.withResolvers<void>();
    this.#ended = ended.promise;
    helper.stdout.on("data", (bytes: Buffer) => this.#take(bytes));
    helper.stderr.on("data", (bytes: Buffer) => {
      this.#complaint = (this.#complaint + bytes.toString("latin1")).slice(-complaintLimit);
    });
    helper.on("error", (error) => {
      this.#fail(
        systemErrorCode(error) === "ENOENT" ? "it is not installed" : String(error.message),
      );
      ended.resolve();
    });
    helper.on("close", () => {
      this.#fail(this.#reason());
      ended.resolve();
    });
  }

  /** Resolves when it watches, or with why it does not. */
  async begin(startMs: number): Promise<string | undefined> {
    const timer = new AbortController();
    const late = pause(startMs, "late", { signal: timer.signal, ref: false }).catch(() => "");
    // It watches a little after it was begun: what is asked for before is never told.
    const told: Promise<string>[] = [];
    for (let everyMs = 5; told.length < 1000; everyMs = Math.min(everyMs * 2, 200)) {
      told.push(this.#ask().then(() => "told"));
      const next = await Promise.race([...told, late, this.#ended, pause(everyMs, "again")]);
      if (next === "again") continue;
      timer.abort();
      if (this.#failure !== undefined) return this.#failure;
      if (next !== "told") return this.#complained() ?? "it tells of nothing";
      break;
    }
    this.#settling.clear();
    this.#isQuiet = false;
    return undefined;
  }

  async settle(): Promise<void> {
    if (this.#hasEnded || this.#isClosed) return;
    await Promise.race([this.#ask(), this.#ended]);
  }

  watchFolder(): void {
    // Every folder of the filesystem is watched.
  }

  forgetFolder(): void {
    // As above.
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#isClosed = true;
    this.#release();
    // Of another user's it cannot be ended: without a reader it ends with the next change.
    this.#helper.kill();
    this.#helper.stdout.destroy();
    this.#helper.stderr.destroy();
    await Promise.race([this.#ended, pause(this.#endMs, undefined, { ref: false })]);
    this.#helper.unref();
    rmSync(this.#desk, { recursive: true, force: true });
  }

  /** Resolves when everything before is told. */
  #ask(): Promise<void> {
    const name = `settle-${++this.#requests}`;
    return new Promise((resolve) => {
      const path = join(this.#desk, name);
      this.#settling.set(name, resolve);
      try {
        writeFileSync(path, "");
        rmSync(path);
      } catch (error) {
        if (systemErrorCode(error) === undefined) throw error;
        this.#fail(`"${path}" cannot be written`);
      }
    });
  }

  #take(bytes: Buffer): void {
    if (this.#isClosed || this.#failure !== undefined) return;
    const hints = new Map<string, ChangeHint>();
    const tell = (): void => {
      if (hints.size > 0 && !this.#isQuiet) this.#listener.onHints([...hints.values()]);
      hints.clear();
    };
    try {
      for (const record of this.#output.take(bytes)) {
        if (record.folder === `${this.#deskPath}/`) {
          tell();
          this.#answer(record.name);
        } else
          for (const hint of hintsOfRecord(record, this.#places)) {
            const key = `${hint.folder}/${hint.name ?? ""}`;
            if (hint.below === true || !hints.has(key)) hints.set(key, hint);
          }
      }
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#fail(`it printed ${error.message}`);
      this.#helper.kill();
    }
    tell();
  }

  get #deskPath(): string {
    return rawPathFromText(this.#desk);
  }

  #answer(name: string): void {
    const asked = name.replace(/ \(deleted\)$/, "");
    this.#settling.get(asked)?.();
    this.#settling.delete(asked);
  }

  #reason(): string {
    const isFull = this.#complaint.includes("No fid in fanotify event");
    if (isFull) return "the system's queue of changes was full";
    // As shells and stdbuf say that there is no such program.
    if (this.#helper.exitCode === 127) return "it is not installed";
    return (
      this.#complained() ?? `it ended with ${this.#helper.exitCode ?? this.#helper.signalCode}`
    );
  }

  #complained(): string | undefined {
    const lines = this.#complaint.split("\n").filter((line) => /\S/.test(line));
    // Said of every change in a folder that is gone by now.
    return lines.findLast((line) => !line.includes("Failed to decode"))?.slice(0, 200);
  }

  #fail(reason: string): void {
    this.#hasEnded = true;
    this.#failure ??= reason;
    this.#release();
    if (this.#isQuiet || this.#isClosed) return;
    this.#isQuiet = true;
    const why = reason.includes("queue") ? "overflow" : "lost";
    const message = `The program that watches the filesystem ended: ${reason}.`;
    this.#listener.onLoss({ why, isFinal: true, message });
  }

  #release(): void {
    for (const resolve of this.#settling.values()) resolve();
    this.#settling.clear();
  }
}

/** As an argument of a program; undefined where it cannot be one. */
function textOf(path: RawPath): string | undefined {
  const text = Buffer.from(path, "latin1").toString("utf8");
  return rawPathFromText(text) === path ? text : undefined;
}
