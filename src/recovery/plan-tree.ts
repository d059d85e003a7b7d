import {
  type Entry,
  entryTypeOf,
  type Image,
  isImageError,
  joinRawPath,
  type Listing,
  rawBaseName,
  type RawName,
  type RawPath,
  rootPath,
  statModeOf,
  walkImage,
} from "#image";
import { isMaildirFolder } from "#mail";
import { compareEntries } from "./compare-entries.ts";
import { isMessageEntry } from "./mailbox.ts";
import { fewestNewFiles, filesOf, type NewFiles } from "./new-files.ts";
import { planMailbox } from "./plan-mailbox.ts";
import { listingNow } from "./restore-error.ts";
import type { RestoreMode, RestoreProgress, RestoreStep } from "./restore-plan.ts";
import { isServerFile, isUidFile } from "./server-files.ts";
import { isPartialName } from "./staging.ts";
import { isUndoName } from "./undo-folder.ts";

export type TreePlanOptions = {
  readonly mode: RestoreMode;
  readonly allowServerFiles: boolean;
  /** The folder of the image that stands for `base`, a folder below the root of now. */
  readonly pastBase: RawPath;
  readonly base: RawPath;
  /** The single file of `pastBase` that is asked for. */
  readonly only: RawPath | undefined;
  /** Whether owners can be set here. */
  readonly owners: boolean;
  readonly madeBefore: ReadonlySet<RawPath>;
  readonly uniqueName: () => string;
  readonly onProgress: ((progress: RestoreProgress) => void) | undefined;
  readonly signal: AbortSignal | undefined;
};

type Folder = {
  readonly past: RawPath;
  readonly to: RawPath;
  /** Whether `to` is a folder now. */
  readonly isThere: boolean;
  readonly entry: Entry | undefined;
  /** Within a living mailbox, whose messages are matched by identity. */
  readonly isLive: boolean;
};

/** Compares a folder of the past with one of now, path by path, and mailbox by mailbox where there are any. */
export class TreePlanner {
  skipped = 0;
  readonly warnings: string[] = [];
  readonly mailboxes: RawPath[] = [];
  readonly newFiles: NewFiles[] = [];
  readonly #past: Image;
  readonly #now: Image | undefined;
  readonly #options: TreePlanOptions;
  readonly #steps: RestoreStep[] = [];
  /** First path of every file that has several (deviceId and inode). */
  readonly #links = new Map<string, RawPath>();
  #compared = 0;
  #extended = false;

  constructor(past: Image, now: Image | undefined, options: TreePlanOptions) {
    this.#past = past;
    this.#now = now;
    this.#options = options;
    this.#extended = options.mode === "exact";
  }

  async plan(top: {
    readonly isThere: boolean;
    readonly entry: Entry | undefined;
    /** The mailbox of the past that the scope lies in, when the target lies in a living one. */
    readonly pastMailbox: RawPath | undefined;
  }): Promise<readonly RestoreStep[]> {
    const { pastBase, base, only, signal } = this.#options;
    const isLive = top.pastMailbox !== undefined && this.#now !== undefined;
    if (isLive) await this.#planMailbox(top.pastMailbox, rootPath);
    if (only === undefined && top.entry !== undefined) await this.#planTop(top.entry, top.isThere);
    const stack: Folder[] = [
      { past: pastBase, to: base, isThere: top.isThere, isLive, entry: top.entry },
    ];
    for (let folder = stack.pop(); folder !== undefined; folder = stack.pop()) {
      signal?.throwIfAborted();
      stack.push(...(await this.#planFolder(folder)).toReversed());
    }
    return this.#steps;
  }

  async #planTop(entry: Entry, isThere: boolean): Promise<void> {
    const { pastBase, base } = this.#options;
    if (!isThere) this.#steps.push({ kind: "create", from: pastBase, to: base, entry });
    else if (this.#options.madeBefore.has(base)) {
      this.#steps.push({
        kind: "merge",
        from: pastBase,
        to: base,
        at: base,
        entry,
        isFinishing: true,
      });
    }
  }

  /** Plans what is in one folder; returns the folders in it that are to be gone into. */
  async #planFolder(folder: Folder): Promise<Folder[]> {
    const { signal } = this.#options;
    const past = await this.#listPast(folder);
    if (past === undefined) return [];
    const now = folder.isThere
      ? await listingNow(folder.to, async () => await this.#now?.list(folder.to, signal))
      : undefined;
    let { isLive } = folder;
    if (!isLive && now !== undefined && isMaildirFolder(past) && isMaildirFolder(now)) {
      isLive = true;
      await this.#planMailbox(folder.past, folder.to);
    }
    const here = { ...folder, isLive };
    const below: Folder[] = [];
    const isNew = !folder.isThere && !isLive && this.#options.only === undefined;
    const rows: number[] = [];
    for (let index = 0; index < past.length; index++) {
      if (isNew && isOrdinaryFile(past, index)) {
        this.#tick();
        rows.push(index);
        continue;
      }
      const found = await this.#planEntry(past, index, { folder: here, now });
      if (found !== undefined) below.push(found);
    }
    if (rows.length > 0) this.#createAll(past, rows, folder);
    if (this.#options.mode === "exact" && now !== undefined && this.#options.only === undefined) {
      await this.#planExtras(past, now, here);
    }
    return below;
  }

  /** A folder of the image that cannot be listed is reported; exact gives up, for it would remove what it cannot see. */
  async #listPast({ past, to, entry }: Folder): Promise<Listing | undefined> {
    try {
      return await this.#past.list(past, this.#options.signal);
    } catch (error) {
      if (!isImageError(error) || this.#options.mode === "exact" || entry === undefined)
        throw error;
      this.#steps.push({ kind: "fail", from: past, to, entry, note: `${error.message}.` });
      return undefined;
    }
  }

  async #planEntry(
    past: Listing,
    index: number,
    { folder, now }: { readonly folder: Folder; readonly now: Listing | undefined },
  ): Promise<Folder | undefined> {
    const entry = past.entry(index);
    const from = joinRawPath(folder.past, entry.name);
    const to = joinRawPath(folder.to, entry.name);
    const { only } = this.#options;
    if (only !== undefined && from !== only) return undefined;
    if (isPartialName(entry.name)) return undefined;
    if (
      folder.isLive &&
      isMessageFolder(folder.past) &&
      isMessageEntry(entry.name, statModeOf(entry))
    )
      return undefined;
    this.#tick();
    const at = now?.indexOf(entry.name) ?? -1;
    const isThere = now !== undefined && at >= 0;
    if (folder.isLive && this.#isLeftToServer(entry, { folder, isThere })) {
      this.skipped++;
      return undefined;
    }
    if (!isThere) this.#create(entry, { from, to });
    else await this.#compare(entry, now.entry(at), { from, to });
    if (entry.type !== "directory") return undefined;
    if (folder.isLive && entry.name === "tmp") return undefined;
    const isFolderNow = isThere && now.entry(at).type === "directory";
    // Additive leaves what is in the way, and so everything that was below it.
    if (isThere && !isFolderNow && this.#options.mode === "additive") return undefined;
    return { past: from, to, isThere: isFolderNow, isLive: folder.isLive, entry };
  }

  /** Whether a file is the mail server's to write. Where it never was, UID lists come along. */
  #isLeftToServer(
    entry: Entry,
    { folder, isThere }: { readonly folder: Folder; readonly isThere: boolean },
  ): boolean {
    const { allowServerFiles, madeBefore } = this.#options;
    if (entry.type !== "file" || !isServerFile(entry.name) || allowServerFiles) return false;
    if (!folder.isThere) return !isUidFile(entry.name);
    // The folder is what a killed run of ours was filling, and the server has not written here yet.
    return isThere || !madeBefore.has(joinRawPath(folder.to, "cur" as RawName));
  }

  #createAll(listing: Listing, rows: readonly number[], { past: from, to }: Folder): void {
    const after = this.#steps.length;
    const files: NewFiles = { from, to, listing, rows: Uint32Array.from(rows), after };
    if (rows.length >= fewestNewFiles) this.newFiles.push(files);
    else this.#steps.push(...filesOf(files));
  }

  #create(entry: Entry, { from, to }: { readonly from: RawPath; readonly to: RawPath }): void {
    if (entry.type !== "file" && entry.type !== "directory" && entry.type !== "symlink") {
      const note = `A ${entry.type} is not put back.`;
      this.#steps.push({ kind: "fail", from, to, entry, note });
      return;
    }
    const linkTo = this.#linkOf(entry, to);
    this.#steps.push({
      kind: "create",
      from,
      to,
      entry,
      ...(linkTo === undefined ? {} : { linkTo }),
    });
  }

  async #compare(
    entry: Entry,
    there: Entry,
    { from, to }: { readonly from: RawPath; readonly to: RawPath },
  ): Promise<void> {
    const { mode, signal, owners, madeBefore } = this.#options;
    const put = { from, to, entry };
    const now = this.#now as Image;
    const result = await compareEntries(
      { image: this.#past, path: from, entry },
      { image: now, path: to, entry: there },
      { owners, extendedAttributes: this.#extended, signal },
    );
    if (result !== "different") this.#linkOf(entry, to);
    const isFinishing = entry.type === "directory" && result !== "different" && madeBefore.has(to);
    if (isFinishing) this.#steps.push({ kind: "merge", ...put, at: to, isFinishing });
    else if (result === "same") this.skipped++;
    else if (result === "attributes")
      this.#steps.push({
        kind: "merge",
        ...put,
        at: to,
        note: "Owner, mode, time or attributes differ.",
      });
    else if (mode === "additive") {
      const note =
        entry.type === there.type
          ? "What is there now is different."
          : `A ${there.type} is there now, not a ${entry.type}.`;
      this.#steps.push({ kind: "conflict", ...put, note });
    } else if (entry.type === "file" && there.type === "file") {
      const linkTo = this.#linkOf(entry, to);
      this.#steps.push({
        kind: "replace",
        ...put,
        at: to,
        ...(linkTo === undefined ? {} : { linkTo }),
      });
    } else {
      const entries = await this.#countEntries(to, there, () => true);
      this.#steps.push({ kind: "delete", to, entry: there, entries, isInTheWay: true });
      this.#create(entry, { from, to });
    }
  }

  /** Where this file has been put under another name already. Remembers the first name of each. */
  #linkOf(entry: Entry, to: RawPath): RawPath | undefined {
    if (entry.type !== "file" || entry.links < 2) return undefined;
    const key = `${entry.deviceId}:${entry.inode}`;
    const first = this.#links.get(key);
    if (first === undefined) this.#links.set(key, to);
    return first;
  }

  async #planExtras(past: Listing, now: Listing, folder: Folder): Promise<void> {
    const inMaildir = folder.isLive && isMaildirFolder(now);
    for (const [index, name] of now.names.entries()) {
      if (past.indexOf(name) >= 0 || isPartialName(name) || isUndoName(name)) continue;
      const entry = now.entry(index);
      if (folder.isLive && isMessageFolder(folder.to) && isMessageEntry(name, statModeOf(entry)))
        continue;
      if (inMaildir && (name === "cur" || name === "new" || name === "tmp")) continue;
      if (
        folder.isLive &&
        entry.type === "file" &&
        isServerFile(name) &&
        !this.#options.allowServerFiles
      )
        continue;
      const to = joinRawPath(folder.to, name);
      // Messages in it have been matched, and are moved back or removed one by one.
      const counts = (path: RawPath, statMode: number): boolean =>
        !folder.isLive || !isMessagePath(path, statMode);
      this.#steps.push({
        kind: "delete",
        to,
        entry,
        entries: await this.#countEntries(to, entry, counts),
      });
    }
  }

  async #countEntries(
    path: RawPath,
    entry: Entry,
    counts: (path: RawPath, statMode: number) => boolean,
  ): Promise<number> {
    if (entry.type !== "directory") return 1;
    let entries = 1;
    for await (const walked of walkImage(this.#now as Image, path)) {
      if (counts(walked.path, statModeOf(walked.entry))) entries++;
    }
    return entries;
  }

  async #planMailbox(pastRoot: RawPath, nowRoot: RawPath): Promise<void> {
    const { pastBase, base, only, mode, uniqueName, signal } = this.#options;
    const isWithin = (path: RawPath, folder: RawPath): boolean =>
      folder === "" || path === folder || path.startsWith(`${folder}/`);
    const plan = await planMailbox(this.#past, {
      mode,
      now: this.#now as Image,
      pastRoot,
      nowRoot,
      toOf: (path) => {
        if (only !== undefined && path !== only) return undefined;
        if (!isWithin(path, pastBase)) return undefined;
        const relative = pastBase === "" ? path : (path.slice(pastBase.length + 1) as RawPath);
        return relative === "" ? base : joinRawPath(base, relative);
      },
      isInScope: (path) => only === undefined && isWithin(path, base),
      uniqueName,
      signal,
      onCompared: () => this.#tick(),
    });
    for (const step of plan.steps) this.#steps.push(step);
    this.skipped += plan.skipped;
    this.warnings.push(...plan.warnings);
    this.mailboxes.push(nowRoot);
  }

  #tick(): void {
    this.#compared++;
    this.#options.onProgress?.({ phase: "compare", done: this.#compared, total: 0, bytes: 0 });
  }
}

/** A file of which nothing is to be found out but that it is missing. */
function isOrdinaryFile(listing: Listing, index: number): boolean {
  return (
    entryTypeOf(listing.modes[index] as number) === "file" &&
    (listing.links[index] as number) < 2 &&
    !isPartialName(listing.names[index] as RawName)
  );
}

function isMessageFolder(path: RawPath): boolean {
  const name = rawBaseName(path);
  return name === "cur" || name === "new";
}

function isMessagePath(path: RawPath, statMode: number): boolean {
  const slash = path.lastIndexOf("/");
  return (
    slash > 0 &&
    isMessageFolder(path.slice(0, slash) as RawPath) &&
    isMessageEntry(rawBaseName(path), statMode)
  );
}
