/** Which folders of a store a line of Cyrus's log means: mailboxes.db says where a mailbox lies. */
import { lstatSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { systemErrorCode } from "#errors";
import { isWithin, joinRawPath, type RawPath, rawPathFromText, rawPathToBytes } from "#image";
import { type CyrusFolders, cyrusFolders } from "#mail";
import { type ChangeHint, type HintPlace, placedPath } from "./change-hints.ts";
import type { SyncLogLine } from "./cyrus-log-line.ts";

export type CyrusPlacesOptions = {
  /** Where the store lies. */
  readonly places: () => readonly HintPlace[];
  readonly isProtected: (path: RawPath) => boolean;
  /** `configdirectory`: absolute, as text. */
  readonly configuration: string;
  readonly steadyMs: () => number;
};

/** A list that has changed is read again this long after it was read, or later where reading takes long. */
const readAgainMs = 1000;
const listLimitBytes = 1024 * 1024 * 1024;
const partitionDepth = 3;
const mostFolders = 5000;
const mostWaiting = 10_000;

export class CyrusPlaces {
  readonly #options: CyrusPlacesOptions;
  #folders: CyrusFolders | undefined;
  #listMark = "";
  #readAgainMs = -Infinity;
  #partitions: readonly RawPath[] = [];
  /** Changes of mailboxes that the list did not have. */
  #waiting: SyncLogLine[] = [];
  #trouble: string | undefined;

  constructor(options: CyrusPlacesOptions) {
    this.#options = options;
  }

  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Called again and again: what the list of mailboxes does not have yet is told when it has it. */
  hintsOf(changes: readonly SyncLogLine[]): readonly ChangeHint[] {
    const all = [...this.#waiting.splice(0), ...changes];
    if (all.length === 0) return [];
    const before = this.#folders;
    const isUnknown = (change: SyncLogLine): boolean => this.#pathsOf(change).length === 0;
    const isFresh = this.#readList(all.some((one) => one.isOfList || isUnknown(one)));
    const paths = new Set<RawPath>();
    const late: SyncLogLine[] = [];
    for (const change of all) {
      const found = [...this.#pathsOf(change), ...this.#pathsOf(change, before)];
      for (const path of found) paths.add(path);
      if (found.length === 0 && !isFresh) late.push(change);
    }
    this.#waiting = late.slice(-mostWaiting);
    // What lies beside mailboxes.db changes with it.
    const config = this.#configuration;
    if (config !== undefined && changes.length > 0) paths.add(config);
    return [...paths].filter(this.#options.isProtected).map((folder) => ({ folder }));
  }

  #pathsOf(
    { mailboxes, user, isWhole = false }: SyncLogLine,
    folders: CyrusFolders | undefined = this.#folders,
  ): readonly RawPath[] {
    if (folders === undefined) return [];
    const names = [
      ...mailboxes,
      ...(user !== undefined && isWhole ? folders.mailboxesOf(user) : []),
    ];
    const mail = names.flatMap((name) =>
      folders
        .ofMailbox(name)
        .flatMap((path) => this.#partitions.map((partition) => below(partition, path))),
    );
    const config = this.#configuration;
    const own =
      user === undefined || config === undefined
        ? []
        : folders.ofUser(user).map((path) => below(config, path));
    return [...mail, ...own].filter((path) => this.#isFolder(path));
  }

  /** Whether what is known now is the list as it is. */
  #readList(isWanted: boolean): boolean {
    const now = this.#options.steadyMs();
    const path = join(this.#options.configuration, "mailboxes.db");
    try {
      const { mtimeNs, size, ino } = statSync(path, { bigint: true });
      const mark = `${mtimeNs}/${size}/${ino}`;
      if (mark === this.#listMark || (!isWanted && this.#folders !== undefined)) return true;
      if (now < this.#readAgainMs) return false;
      if (size > listLimitBytes) throw new RangeError("it is too large");
      this.#folders = cyrusFolders(readFileSync(path));
      this.#listMark = mark;
      this.#partitions = this.#findPartitions();
      this.#trouble =
        this.#partitions.length === 0 ? "no partition of Cyrus is found in the store" : undefined;
    } catch (error) {
      const code = systemErrorCode(error);
      if (code === undefined && !(error instanceof RangeError)) throw error;
      this.#trouble = `"${path}" cannot be read: ${code ?? "it is too large"}`;
      return true;
    }
    this.#readAgainMs = now + Math.max(readAgainMs, 20 * (this.#options.steadyMs() - now));
    return true;
  }

  /** Folders with mailboxes by their IDs or names, near the root. */
  #findPartitions(): readonly RawPath[] {
    const configuration = this.#configuration;
    const found: RawPath[] = [];
    let waiting = this.#options.places().map(({ path }) => path);
    let seen = 0;
    for (let depth = 0; depth <= partitionDepth && seen < mostFolders; depth++) {
      const next: RawPath[] = [];
      for (const folder of waiting.slice(0, mostFolders)) {
        const names = this.#foldersIn(folder);
        seen += names.length;
        const isConfiguration = folder === configuration;
        if (!isConfiguration && names.some((name) => isOfPartition(name))) found.push(folder);
        else if (!isConfiguration)
          for (const name of names) next.push(joinRawPath(folder, name as never));
      }
      waiting = next;
    }
    return found;
  }

  #foldersIn(folder: RawPath): readonly string[] {
    try {
      const path = placedPath(folder, this.#options.places());
      if (path === undefined) return [];
      return readdirSync(rawPathToBytes(path), { withFileTypes: true, encoding: "latin1" })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => name);
    } catch (error) {
      if (systemErrorCode(error) === undefined) throw error;
      return [];
    }
  }

  /** Within the Image; undefined where it lies outside. */
  get #configuration(): RawPath | undefined {
    const absolute = rawPathFromText(this.#options.configuration);
    const place = this.#options.places().find(({ folder }) => isWithin(absolute, folder));
    if (place === undefined) return undefined;
    const { path, folder } = place;
    const within = absolute.slice(folder === "/" ? 1 : folder.length + 1) as RawPath;
    return within === "" ? path : below(path, within);
  }

  /** Of what the list says nothing leads elsewhere. */
  #isFolder(path: RawPath): boolean {
    const placed = placedPath(path, this.#options.places());
    if (placed === undefined || path.split("/").includes("..")) return false;
    try {
      return lstatSync(rawPathToBytes(placed)).isDirectory();
    } catch (error) {
      if (systemErrorCode(error) === undefined) throw error;
      return false;
    }
  }
}

function below(folder: RawPath, path: RawPath): RawPath {
  return folder === "" ? path : joinRawPath(folder, path);
}

function isOfPartition(name: string): boolean {
  return name === "uuid" || name === "user" || name === "domain";
}
