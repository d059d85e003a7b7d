/** Continuous capture at work: one round after another of looking, writing down, and observing. */
import { asError } from "#errors";
import { type RawPath, rootPath, type Volume } from "#image";
import type { GapReason } from "#journal";
import { ChangeRecorder } from "./change-recorder.ts";
import type {
  CaptureEvent,
  CaptureStatus,
  ContinuousCapture,
  ContinuousCaptureOptions,
} from "./capture-port.ts";
import { absolute, type ClockJump, clockJumpEvent, ClockWatch } from "./clock-watch.ts";
import type { CompareFolderParts } from "./compare-folder.ts";
import type { Difference } from "./evidence.ts";
import { type Gap, Gaps } from "./gaps.ts";
import { type HintLoss, type HintWay, isWatching } from "./hints/change-hints.ts";
import { HintKeeper } from "./hints/hint-keeper.ts";
import { Holds } from "./holds.ts";
import { lookUntilStill } from "./look-until-still.ts";
import { ScanList } from "./scan-list.ts";
import type { OpenedState } from "./state/open-observed-state.ts";
import type { ObservedState } from "./state/observed-state.ts";
import { StoreAccounts } from "./store-accounts.ts";
import { StoreFiles } from "./store-files.ts";
import type { StorePlaces } from "./store-places.ts";
import type { StoreScan } from "./store-scan.ts";
import type { VolumeGuard } from "./volume-guard.ts";
import { Alarm } from "./waiting.ts";
import { WorkQueue } from "./work-queue.ts";

export type CaptureParts = Omit<ContinuousCaptureOptions, "signal" | "clock" | "volumes"> & {
  readonly places: StorePlaces;
  readonly signal: AbortSignal;
  readonly clock: () => bigint;
  readonly volumes: readonly Volume[];
  readonly opened: OpenedState;
  readonly guard: VolumeGuard;
};

/** Between slices of a scan, so that it takes a part of one processor only. */
const scanPauseMs = 5;
/** One round for each level of folders that came at once, and for what has to be looked at again. */
const settlingRounds = 64;
/** That nothing happened is noted this often. */
const idleMs = 5000;
/** Hints are this late at most where they work. */
const hintDelayNs = 2_000_000_000n;

export class Capture implements ContinuousCapture {
  readonly ready: Promise<void>;
  readonly ended: Promise<void>;
  readonly #parts: CaptureParts;
  readonly #state: ObservedState;
  readonly #queue: WorkQueue;
  readonly #gaps = new Gaps();
  readonly #holds: Holds;
  readonly #scans: ScanList;
  readonly #alarm = new Alarm();
  readonly #clock: ClockWatch;
  readonly #recorder: ChangeRecorder;
  readonly #hints: HintKeeper;
  readonly #compare: CompareFolderParts;
  #settling: { readonly resolve: () => void; rounds: number }[] = [];
  #mode: "starting" | "running" | "closing" | "failed" | "closed" = "starting";
  #failure: Error | undefined;
  #ending = Promise.withResolvers<void>();
  #lastDurableNs: bigint | undefined;
  /** What the round at work began with was noticed then. */
  #workingSinceMs: number | undefined;
  #idleNoteMs = 0;

  constructor(parts: CaptureParts) {
    this.#parts = parts;
    this.#state = parts.opened.state;
    const steadyMs = (): number => performance.now();
    this.#clock = new ClockWatch({ nowNs: parts.clock, steadyMs });
    this.#queue = new WorkQueue({ steadyMs, graceMs: parts.graceMs ?? 100 });
    this.#scans = new ScanList({ steadyMs, nowNs: parts.clock });
    const shared = {
      state: this.#state,
      files: new StoreFiles(parts.places),
      accounts: new StoreAccounts(parts.facts),
      queue: this.#queue,
      isOpen: (path: RawPath) => this.#isProtected(path) && !this.#holds.isHeld(path),
      onProblem: (path: RawPath, error: Error) => this.#holds.unseen(path, error),
    };
    this.#holds = new Holds({
      ...shared,
      guard: parts.guard,
      howToAccept: parts.howToAccept,
      checkEveryMs: parts.checkEveryMs,
      openGap: (fromNs, path, message) =>
        this.#openGap("unreadable", fromNs ?? this.#since(), path, message),
      append: (event) => this.#recorder.append(event),
      onReleased: () => this.#hints.renew(),
      scans: this.#scans,
      tell: (event) => this.#tell(event),
    });
    this.#hints = new HintKeeper({
      request: {
        root: parts.places.root,
        places: () => parts.places.all,
        isProtected: (path) => this.#isProtected(path),
        partsOf: (path) => shared.accounts.partsOf(path),
        folders: () => this.#state.folders(),
        nowNs: parts.clock,
        ...(parts.hintSources === undefined ? {} : { sources: parts.hintSources }),
      },
      wanted: parts.hints,
      queue: this.#queue,
      onHint: () => this.#alarm.call(),
      onLoss: (loss) => this.#missed(loss),
      onChosen: (chosen) => this.#tell({ type: "hints", ...chosen }),
      scanEveryMs: (way) => this.#scanEveryMs(way),
    });
    this.#recorder = new ChangeRecorder({
      ...shared,
      journal: parts.journal,
      hints: () => this.#hints.current,
      nowNs: parts.clock,
      label: () => this.#label(),
      mayRemove: (path) => this.#holds.mayRemove(path),
      mayBeOne: (path, known) => shared.isOpen(known) && parts.guard.mayBeOne(path, known),
      onScanned: (difference) => this.#scanned(difference),
    });
    this.#compare = { ...shared, mayBeEmpty: (path) => this.#holds.mayBeEmpty(path) };
    this.ended = this.#ending.promise;
    this.ready = this.#scans.first;
    for (const promise of [this.ended, this.ready]) promise.catch(() => undefined);
  }

  /** Notices changes from when it resolves. */
  async start(): Promise<void> {
    const { opened, clock, volumes, signal } = this.#parts;
    this.#state.begin();
    const troubles = await this.#holds.look();
    this.#recorder.append({ type: "mark", name: "volumes", volumes });
    const nowNs = clock();
    if ((opened.followedUntilNs ?? 0n) > nowNs)
      this.#recorder.append(this.#toldJump({ expectedNs: opened.followedUntilNs ?? nowNs, nowNs }));
    if (opened.followedUntilNs !== undefined)
      this.#openGap("not-running", opened.followedUntilNs, rootPath, "Nothing was followed.");
    for (const trouble of troubles) this.#holds.hold(trouble);
    await this.#commit(clock());
    await this.#hints.open();
    signal.addEventListener("abort", () => this.#abort(), { once: true });
    this.#mode = "running";
    void this.#scans.want(rootPath);
    void this.#run();
  }

  get status(): CaptureStatus {
    const { lastHintNs, way, why, lateMs } = this.#hints;
    const since = this.#workingSinceMs ?? this.#queue.sinceMs;
    const reconciledAtNs = this.#scans.completedNs;
    return {
      state: this.#stateName(),
      hints: { way, why, lateMs },
      ...(lastHintNs === undefined ? {} : { lastHintNs }),
      ...(this.#lastDurableNs === undefined ? {} : { lastDurableNs: this.#lastDurableNs }),
      lagMs: since === undefined ? 0 : Math.max(0, performance.now() - since),
      queued: this.#queue.size,
      ...(reconciledAtNs === undefined ? {} : { reconciledAtNs }),
      gaps: this.#gaps.count,
      changes: this.#recorder.changes,
      storedBytes: this.#recorder.storedBytes,
      entries: this.#mode === "running" ? this.#state.entries : 0,
      held: this.#holds.held,
    };
  }

  async reconcile(path: RawPath = rootPath): Promise<void> {
    const done = this.#scans.want(path);
    this.#alarm.call();
    await Promise.race([done, this.ended]);
  }

  async accept(path: RawPath = rootPath): Promise<void> {
    await this.#holds.accept(path, () => this.reconcile(path));
  }

  async settle(): Promise<void> {
    await this.#hints.settle();
    if (this.#mode !== "running") return;
    const settled = new Promise<void>((resolve) => this.#settling.push({ resolve, rounds: 0 }));
    this.#alarm.call();
    await Promise.race([settled, this.ended]);
  }

  async close(): Promise<void> {
    if (this.#mode === "running") {
      await this.#hints.settle();
      // What comes from here on is for the next start: its gap tells of it.
      await this.#hints[Symbol.asyncDispose]();
      if (this.#mode === "running") this.#mode = "closing";
      this.#alarm.call();
    }
    await this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close().catch(() => undefined);
  }

  async #run(): Promise<void> {
    let failure: Error | undefined;
    try {
      while (this.#mode === "running") {
        await this.#alarm.sleep(this.#pauseMs());
        if (this.#failure !== undefined) throw this.#failure;
        if (!this.#parts.signal.aborted) await this.#round();
      }
      while (this.#mode === "closing" && !this.#isIdle()) await this.#round();
    } catch (error) {
      failure = asError(error);
    }
    await this.#end(failure);
  }

  async #end(failure: Error | undefined): Promise<void> {
    await this.#hints[Symbol.asyncDispose]();
    this.#state[Symbol.dispose]();
    const isFailed = failure !== undefined && this.#mode !== "closed";
    this.#mode = isFailed ? "failed" : "closed";
    if (isFailed) {
      this.#tell({ type: "failed", error: failure });
      this.#scans.fail(failure);
      this.#ending.reject(failure);
    } else this.#ending.resolve();
    for (const { resolve } of this.#settling.splice(0)) resolve();
  }

  #abort(): void {
    if (this.#mode === "running" || this.#mode === "closing") this.#mode = "closed";
    this.#alarm.call();
  }

  /** What is noticed is looked at together with what comes within the window. */
  #pauseMs(): number {
    if (this.#settling.length > 0) return 0;
    const now = performance.now();
    if (this.#scans.current !== undefined) return scanPauseMs;
    const due = [this.#queue.nextDueMs, this.#scans.dueMs, this.#idleNoteMs, this.#holds.dueMs];
    const since = this.#queue.sinceMs;
    if (since !== undefined) due.push(since + (this.#parts.windowMs ?? 20));
    const next = Math.min(...due.filter((one) => one !== undefined));
    // A call wakes it early: then it goes back to sleep for the rest of the window.
    return Math.max(0, next - now);
  }

  async #round(): Promise<void> {
    const now = performance.now();
    const isHasty = this.#settling.length > 0 || this.#mode === "closing";
    const since = this.#queue.sinceMs;
    const isGathering = since !== undefined && now < since + (this.#parts.windowMs ?? 20);
    if (isGathering && !isHasty && this.#scans.current === undefined && !this.#scans.isDue) return;
    if (this.#holds.dueMs <= now) await this.#holds.check();
    const untilNs = this.#parts.clock();
    this.#workingSinceMs = since;
    this.#state.begin();
    await lookUntilStill({
      queue: this.#queue,
      recorder: this.#recorder,
      compare: this.#compare,
      settle: isWatching(this.#hints.way) ? () => this.#hints.settle() : undefined,
      commit: () => this.#commit(),
      isClosing: isHasty,
      isScanning: this.#scans.current?.isWalked === false && this.#mode === "running",
    });
    const scan = this.#mode === "running" ? this.#scans.next() : undefined;
    await scan?.slice(this.#compare);
    const isOver = scan?.isWalked === true && !this.#queue.hasScanned && scan.isTaken;
    if (scan !== undefined) scan.isTaken = scan.isWalked;
    await this.#commit(untilNs);
    this.#workingSinceMs = undefined;
    if (isOver) await this.#reconciled(scan);
    this.#settled();
  }

  /** A store that is never still does not keep anybody waiting: what was there first is done by then. */
  #settled(): void {
    const isIdle = this.#isIdle();
    this.#settling = this.#settling.filter((one) => {
      const isDone = isIdle || ++one.rounds >= settlingRounds;
      if (isDone) one.resolve();
      return !isDone;
    });
  }

  #isIdle(): boolean {
    return this.#queue.size === 0 && this.#queue.laterSize === 0;
  }

  /** Makes what was recorded durable, and then observes it. `untilNs`: nothing before is unknown any more. */
  async #commit(untilNs?: bigint): Promise<void> {
    const { id } = this.#parts.journal;
    const hasChanges = this.#recorder.seal();
    // Not the journal's newest: what others write there may not be durable yet.
    const sequence = Math.max(this.#recorder.lastSequence, this.#state.journal?.sequence ?? 0);
    await this.#recorder.durable();
    if (hasChanges) this.#lastDurableNs = this.#parts.clock();
    if (untilNs !== undefined && !this.#gaps.isOpen && isWatching(this.#hints.way))
      this.#state.setMeta("followedUntilNs", (untilNs - hintDelayNs).toString());
    this.#state.commit({ id, sequence });
    this.#idleNoteMs = performance.now() + idleMs;
  }

  async #reconciled(scan: StoreScan): Promise<void> {
    const { clock } = this.#parts;
    const { path, evidence, entries, startedNs } = scan;
    if (scan.missed > 0 && !this.#gaps.isOpen) {
      const since = this.#scans.lastStartedNs ?? startedNs;
      const message = `A scan found ${scan.missed} changes that nothing had told of.`;
      this.#openGap("missed-event", since, path, message);
    }
    this.#holds.seen(path, scan.unseen);
    const unseen = (one: RawPath): boolean => this.#holds.isUnseen(one);
    for (const gap of this.#gaps.narrow(path, evidence, { nowNs: clock(), unseen }))
      this.#recorder.append(gap);
    if (!this.#holds.isHeld(path))
      this.#recorder.append({
        type: "mark",
        name: "reconciled",
        ...(path === rootPath ? {} : { path }),
      });
    if (path === rootPath) this.#state.hasInodesOfCopy = false;
    if (!isWatching(this.#hints.way)) this.#state.setMeta("followedUntilNs", startedNs.toString());
    await this.#commit();
    this.#scans.done(scan, this.#scanEveryMs(this.#hints.way));
    this.#tell({ type: "reconciled", path, entries, differences: evidence.count });
  }

  #scanEveryMs(way: HintWay): number {
    return this.#parts.reconcileEveryMs ?? (isWatching(way) ? 3_600_000 : 60_000);
  }

  #scanned(difference: Difference): void {
    const scan = this.#scans.current;
    if (scan === undefined) return;
    scan.evidence.add(difference);
    const isYoung =
      difference.changedNs !== undefined &&
      // From the future: the clock was set back since, and nobody knows how old it is.
      absolute(this.#parts.clock() - difference.changedNs) < hintDelayNs &&
      isWatching(this.#hints.way);
    if (!isYoung && !this.#scans.isFirst) scan.missed++;
  }

  #missed({ why, folder = rootPath, sinceNs, message }: HintLoss): void {
    if (this.#mode === "closed" || this.#mode === "failed") return;
    const reasons = { overflow: "overflow", stalled: "stalled", lost: "missed-event" } as const;
    const since = sinceNs ?? this.#hints.lastHintNs ?? this.#hints.openedNs;
    try {
      this.#openGap(reasons[why], since, folder, message);
    } catch (error) {
      // The journal takes no more: whoever is at work ends it.
      this.#failure = asError(error);
    }
    void this.#scans.want(folder);
    this.#alarm.call();
  }

  #openGap(why: GapReason, fromNs: bigint, path: RawPath, message: string): void {
    const gap = this.#gaps.open({ why, fromNs, path, message }, this.#parts.clock());
    this.#recorder.append(gap);
    this.#tell({ ...gap, message });
  }

  /** Of what is written now. No change is missed when the clock jumps: it is no gap that a scan narrows. */
  #label(): { readonly atNs: bigint; readonly jump?: Gap } {
    const { nowNs: atNs, jump } = this.#clock.look();
    return jump === undefined ? { atNs } : { atNs, jump: this.#toldJump(jump) };
  }

  #toldJump(jump: ClockJump): Gap {
    const gap = clockJumpEvent(jump);
    this.#tell(gap);
    return gap;
  }

  #isProtected(path: RawPath): boolean {
    return path === rootPath || (this.#parts.isProtected?.(path) ?? true);
  }

  /** Nothing that can be seen was missed before. */
  #since(): bigint {
    return this.#scans.completedNs ?? this.#parts.clock();
  }

  #stateName(): CaptureStatus["state"] {
    if (this.#mode === "failed" || this.#mode === "closed") return this.#mode;
    if (this.#parts.places.all.some(({ path }) => this.#holds.isHeld(path))) return "held";
    if (this.#scans.isFirst) return "starting";
    return this.#scans.current === undefined ? "following" : "reconciling";
  }

  #tell(event: CaptureEvent): void {
    this.#parts.onEvent?.(event);
  }
}
