/**
 * What keeps a mistake from becoming a removal: places whose volume is not what it was are held, and
 * places that cannot be seen have a gap, until they are as they were or a person says otherwise.
 */
import { isWithin, type RawPath, rootPath } from "#image";
import type { JournalEvent } from "#journal";
import type { CaptureEvent } from "./capture-port.ts";
import type { ScanList } from "./scan-list.ts";
import type { ObservedState } from "./state/observed-state.ts";
import type { StoreFiles } from "./store-files.ts";
import type { WorkQueue } from "./work-queue.ts";
import type { VolumeGuard, VolumeMark, VolumeTrouble } from "./volume-guard.ts";

export type HoldsParts = {
  readonly state: ObservedState;
  readonly files: StoreFiles;
  readonly guard: VolumeGuard;
  readonly scans: ScanList;
  readonly queue: Pick<WorkQueue, "addName">;
  /** `fromNs` undefined: since everything was last seen. */
  readonly openGap: (fromNs: bigint | undefined, path: RawPath, message: string) => void;
  /** What somebody can do who says that it is right as it is: one sentence. */
  readonly howToAccept?: ((path: RawPath) => string) | undefined;
  readonly checkEveryMs?: number | undefined;
  readonly append: (event: JournalEvent) => void;
  /** What was held may be another folder now: whoever watches it has to begin anew. */
  readonly onReleased: () => Promise<void>;
  readonly tell: (event: CaptureEvent) => void;
};

const checkMs = 5000;
/** Places that each get a gap of their own; more are one gap of everything. */
const unseenLimit = 200;

export class Holds {
  readonly #parts: HoldsParts;
  readonly #held = new Map<RawPath, string>();
  readonly #unseen = new Set<RawPath>();
  readonly #accepted = new Set<RawPath>();
  #known: readonly VolumeMark[];
  #dueMs = 0;

  constructor(parts: HoldsParts) {
    this.#parts = parts;
    const saved = parts.state.meta("volumes");
    this.#known = saved === undefined ? [] : (JSON.parse(saved) as VolumeMark[]);
  }

  get held(): readonly { readonly path: RawPath; readonly message: string }[] {
    return [...this.#held].map(([path, message]) => ({ path, message }));
  }

  isHeld(path: RawPath): boolean {
    for (const held of this.#held.keys()) if (isWithin(path, held)) return true;
    return false;
  }

  /** When what is held, and what might have to be, is to be looked at again, by the steady clock. */
  get dueMs(): number {
    return this.#dueMs;
  }

  /** Compares the volumes with those that were known. */
  async look(): Promise<readonly VolumeTrouble[]> {
    const { state, guard } = this.#parts;
    const troubles = await guard.look(this.#known, {
      hasFiles: (path) => !state.isEmpty(path),
      isAccepted: (path) => this.#isAccepted(path),
    });
    const wrong = new Set(troubles.map(({ path }) => path));
    this.#known = [...this.#known.filter(({ path }) => wrong.has(path)), ...guard.marks];
    state.begin();
    state.setMeta("volumes", JSON.stringify(this.#known));
    return troubles;
  }

  hold({ path, message }: VolumeTrouble): void {
    if (this.#held.has(path)) return;
    const { openGap, append, tell, guard } = this.#parts;
    const place = path === rootPath ? "the store" : `"${guard.nameOf(path)}"`;
    const how = this.#parts.howToAccept?.(path);
    const sentence = `Nothing of ${place} is recorded: ${message}.${how === undefined ? "" : ` ${how}`}`;
    this.#held.set(path, sentence);
    this.#wait();
    openGap(undefined, path, sentence);
    append({ type: "mark", name: "alarm", path, message: sentence });
    tell({ type: "held", path, message: sentence });
  }

  /** What is as it was, or was accepted, is followed again, and compared first. */
  async check(): Promise<void> {
    this.#wait();
    for (const trouble of this.#parts.guard.changed()) this.hold(trouble);
    if (this.#held.size === 0) return;
    const troubles = await this.look();
    for (const trouble of troubles) this.hold(trouble);
    const released: RawPath[] = [];
    for (const path of this.#held.keys()) {
      if (troubles.some((trouble) => trouble.path === path)) continue;
      if (this.#accepted.has(path) || !(await this.#isEmptied(path))) released.push(path);
    }
    // Until it is watched again it is held.
    if (released.length > 0) await this.#parts.onReleased();
    for (const path of released) {
      this.#held.delete(path);
      this.#parts.tell({ type: "released", path });
      // A scan looks at what is in it: its own rights may be others now.
      if (path !== rootPath) this.#parts.queue.addName(path);
      void this.#parts.scans.want(path);
    }
  }

  /** What is there at or below `path` is right: `reconcile` may record removals. */
  async accept(path: RawPath, reconcile: () => Promise<void>): Promise<void> {
    const concerned = [...this.#held.keys()].filter((held) => isWithin(held, path));
    for (const one of [path, ...concerned]) this.#accepted.add(one);
    this.#known = this.#known.filter((mark) => !isWithin(mark.path, path));
    await this.check();
    await reconcile();
    for (const one of [path, ...concerned]) this.#accepted.delete(one);
  }

  /** False where a volume on the way is not what it was a moment ago; then it is held. */
  mayRemove(path: RawPath): boolean {
    const trouble = this.#parts.guard.check(path);
    if (trouble !== undefined) this.hold(trouble);
    return trouble === undefined && !this.isHeld(path);
  }

  /** A folder that had files has none: false, and it is held, where a volume begins there. */
  mayBeEmpty(path: RawPath): boolean {
    if (this.#accepted.has(path) || !this.#parts.guard.isGuarded(path)) return true;
    this.hold({ path, message: "it is empty, and had files" });
    return false;
  }

  /** It is there and cannot be listed or read. */
  unseen(path: RawPath, error: Error): void {
    this.#parts.scans.current?.unseen.add(path);
    if (this.#unseen.has(path) || this.#unseen.size > unseenLimit) return;
    this.#unseen.add(path);
    const place = this.#unseen.size > unseenLimit ? rootPath : path;
    this.#parts.openGap(undefined, place, `${error.message}.`);
    this.#parts.tell({ type: "problem", path, message: `${error.message}.` });
  }

  isUnseen(path: RawPath): boolean {
    const isTooMuch = path === rootPath && this.#unseen.size > unseenLimit;
    return isTooMuch || this.#unseen.has(path) || this.isHeld(path);
  }

  /** A scan of everything at or below `path` could see all but `still`. */
  seen(path: RawPath, still: ReadonlySet<RawPath>): void {
    for (const one of this.#unseen)
      if (isWithin(one, path) && !still.has(one)) this.#unseen.delete(one);
  }

  #wait(): void {
    this.#dueMs = performance.now() + (this.#parts.checkEveryMs ?? checkMs);
  }

  #isAccepted(path: RawPath): boolean {
    for (const accepted of this.#accepted) if (isWithin(path, accepted)) return true;
    return false;
  }

  async #isEmptied(path: RawPath): Promise<boolean> {
    if (this.#parts.state.isEmpty(path)) return false;
    const listing = await this.#parts.files.list(path).catch(() => undefined);
    return listing === undefined || listing.length === 0;
  }
}
