/**
 * Hints from a channel of Cyrus's sync_log. Its log is read as it grows. So that it does not grow for ever it is
 * renamed when it has become large: Cyrus begins another, as it does when its own sync_client renames one. Whoever had
 * it open may still write a line to it, so that it is read on for some time, and then removed.
 */
import { realpathSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { systemErrorCode } from "#errors";
import { displayPath, rawPathFromText } from "#image";
import { type HintPlace, type OpenHintsRequest, placesOf } from "./change-hints.ts";
import { CyrusPlaces } from "./cyrus-places.ts";
import { parseSyncLogLine, type SyncLogLine } from "./cyrus-log-line.ts";
import { LogFollower } from "./log-follower.ts";
import type { LogHints, LogSource } from "./log-source.ts";

export type CyrusChannelOptions = {
  readonly steadyMs: () => number;
  /** A log of this size is put aside. Default 256 KiB: some 8000 changes. */
  readonly asideAtBytes?: number;
  /** What was put aside is read on for so long, and removed. Default 10 s. */
  readonly lingerMs?: number;
};

export class CyrusChannel implements LogSource {
  readonly title: string;
  readonly #folder: string;
  readonly #options: Required<CyrusChannelOptions>;
  readonly #follower: LogFollower;
  readonly #places: CyrusPlaces;
  /** When what was put aside is removed. */
  #removeMs: number | undefined;
  #trouble: string | undefined;

  constructor(
    folder: string,
    { request, ...options }: CyrusChannelOptions & { readonly request: OpenHintsRequest },
  ) {
    const { steadyMs, asideAtBytes = 256 * 1024, lingerMs = 10_000 } = options;
    this.#folder = folder;
    this.title = `Cyrus's log "${displayPath(rawPathFromText(this.#log))}"`;
    this.#options = { steadyMs, asideAtBytes, lingerMs };
    this.#follower = new LogFollower(this.#log, { steadyMs, lingerMs: 2 * lingerMs });
    const configuration = realPath(dirname(dirname(folder)));
    const places = (): readonly HintPlace[] => placesOf(request);
    this.#places = new CyrusPlaces({ ...request, places, configuration, steadyMs });
    // Of a run that ended: what it says is older than this start.
    this.#removeMs = steadyMs() + lingerMs;
  }

  get trouble(): string | undefined {
    const { trouble } = this.#follower;
    // Without a change there is no log yet.
    if (trouble !== undefined && (trouble !== "it is not there" || !isThere(this.#folder)))
      return `${this.title} cannot be read: ${trouble}`;
    if (this.#trouble !== undefined)
      return `${this.title} cannot be emptied and grows: ${this.#trouble}`;
    return this.#places.trouble;
  }

  poll(): LogHints {
    const { lines, ...rest } = this.#follower.poll();
    const changes = new Map<string, SyncLogLine>();
    for (const line of lines) {
      const change = parseSyncLogLine(line);
      if (change !== undefined) changes.set(JSON.stringify(change), change);
    }
    if (!rest.hasMore) this.#empty();
    return { hints: this.#places.hintsOf([...changes.values()]), ...rest };
  }

  [Symbol.dispose](): void {
    this.#follower[Symbol.dispose]();
  }

  get #log(): string {
    return join(this.#folder, "log");
  }

  /** A name that no sync_client takes for one of its own, which end with a number. */
  get #aside(): string {
    return join(this.#folder, "log-restante");
  }

  #empty(): void {
    const now = this.#options.steadyMs();
    try {
      if (this.#removeMs === undefined) {
        if (this.#sizeBytes() < this.#options.asideAtBytes) return;
        renameSync(this.#log, this.#aside);
        this.#removeMs = now + this.#options.lingerMs;
      } else if (now >= this.#removeMs) {
        rmSync(this.#aside, { force: true });
        this.#removeMs = undefined;
      }
      this.#trouble = undefined;
    } catch (error) {
      const code = systemErrorCode(error);
      if (code === undefined) throw error;
      this.#removeMs = now + this.#options.lingerMs;
      this.#trouble = code;
    }
  }

  #sizeBytes(): number {
    return statSync(this.#log, { throwIfNoEntry: false })?.size ?? 0;
  }
}

function isThere(folder: string): boolean {
  try {
    return statSync(folder).isDirectory();
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return false;
  }
}

/** Places of the store are without links, too. */
function realPath(folder: string): string {
  try {
    return realpathSync(folder);
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return folder;
  }
}
