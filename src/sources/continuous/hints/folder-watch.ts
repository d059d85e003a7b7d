/**
 * Hints from a watch on each folder (inotify(7) by way of Node). Needs no rights; loses changes in
 * silence when the program is busy or the system's queue is full, so a heart is watched as well.
 */
import { type FSWatcher, watch } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { systemErrorCode } from "#errors";
import { type RawName, type RawPath, rawPathToBytes } from "#image";
import {
  type ChangeHint,
  type ChangeHints,
  type OpenHints,
  type OpenHintsRequest,
  placedPath,
  placesOf,
} from "./change-hints.ts";
import { type Heartbeat, startHeartbeat } from "./heartbeat.ts";

/** Folders that are given a watch before other work gets its turn. */
const sliceFolders = 256;

export const openFolderWatch: OpenHints = async (request) => {
  const hints = new FolderWatchHints(request);
  let count = 0;
  for (const folder of request.folders()) {
    hints.watchFolder(folder);
    if (++count % sliceFolders === 0) await setImmediate();
  }
  if (count > 0 && hints.watched === 0) {
    await hints[Symbol.asyncDispose]();
    return { unavailable: "no folder can be watched" };
  }
  return hints;
};

class FolderWatchHints implements ChangeHints {
  readonly way = "folder-watch";
  readonly #request: OpenHintsRequest;
  readonly #watchers = new Map<RawPath, FSWatcher>();
  readonly #refused = new Map<RawPath, string>();
  readonly #heartbeat: Heartbeat;
  #waiting: ChangeHint[] = [];

  constructor(request: OpenHintsRequest) {
    this.#request = request;
    this.#heartbeat = startHeartbeat({
      nowNs: request.nowNs,
      onStall: (sinceNs, ms) =>
        request.listener.onLoss({
          why: "stalled",
          sinceNs,
          message: `The program was busy for ${ms} ms and may have missed changes.`,
        }),
    });
  }

  get watched(): number {
    return this.#watchers.size;
  }

  get limits(): string | undefined {
    const [first] = this.#refused.values();
    if (first === undefined) return undefined;
    return `${this.#refused.size} folders are not watched (${first})`;
  }

  watchFolder(folder: RawPath): void {
    if (this.#watchers.has(folder) || !this.#request.isProtected(folder)) return;
    const placed = placedPath(folder, placesOf(this.#request));
    if (placed === undefined) return;
    const path = rawPathToBytes(placed);
    try {
      const watcher = watch(path, { encoding: "latin1" as "buffer" }, (_, name) =>
        this.#note(folder, name === null ? undefined : (String(name) as RawName)),
      );
      watcher.on("error", () => this.forgetFolder(folder));
      this.#watchers.set(folder, watcher);
      this.#refused.delete(folder);
    } catch (error) {
      const code = systemErrorCode(error);
      if (code === undefined) throw error;
      // What is gone already is found out by whoever looks at the folder above.
      if (code === "ENOENT" || code === "ENOTDIR") return;
      const reason = code === "ENOSPC" ? "fs.inotify.max_user_watches is reached" : code;
      this.#refused.set(folder, reason);
    }
  }

  forgetFolder(folder: RawPath): void {
    this.#watchers.get(folder)?.close();
    this.#watchers.delete(folder);
    this.#refused.delete(folder);
  }

  /** What the kernel has queued is read in the next turns of the loop. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 3; turn++) await setImmediate();
    this.#tell();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#heartbeat[Symbol.dispose]();
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #note(folder: RawPath, name: RawName | undefined): void {
    if (this.#waiting.length === 0) queueMicrotask(() => this.#tell());
    // Whether the name is a folder's is not said: whoever looks sees it.
    this.#waiting.push({ folder, ...(name === undefined ? {} : { name, below: true }) });
  }

  #tell(): void {
    const hints = this.#waiting.splice(0);
    if (hints.length > 0) this.#request.listener.onHints(hints);
  }
}
