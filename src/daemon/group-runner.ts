import { isRecoveryError, quoted } from "#errors";
import { displayPath, type RawPath } from "#image";
import type { Journal } from "#journal";
import type { CaptureEvent, ContinuousCapture } from "#sources";
import { AlarmWatch } from "./alarm-watch.ts";
import { backOffMs } from "./back-off.ts";
import { BaseKeeper } from "./base-keeper.ts";
import { DaemonError } from "./daemon-error.ts";
import type { DaemonClock, DaemonGroup, DaemonStage } from "./daemon-group.ts";
import type { DaemonRecords } from "./daemon-records.ts";
import { JournalKeeper } from "./journal-keeper.ts";
import { JournalShipper } from "./journal-shipper.ts";
import { MirrorRunner } from "./mirror-runner.ts";
import type { GroupPhase, GroupStatus } from "./daemon-status.ts";

export type GroupRunnerOptions = {
  readonly clock: DaemonClock;
  readonly records: DaemonRecords;
  /** Something that people should hear of. */
  readonly onNote: (text: string, isBad: boolean) => void;
  /** The status has changed in a way that should be seen at once. */
  readonly onChange: () => void;
};

const lookEveryMs = 1000;
/** A group that followed for so long has recovered: its next failure is a first one. */
const steadyMs = 5 * 60_000;

type Running = {
  readonly journal: Journal;
  readonly capture: ContinuousCapture;
  readonly alarms: AlarmWatch;
  readonly bases: BaseKeeper;
  readonly keeper: JournalKeeper;
  readonly shipper: JournalShipper;
  readonly mirror: MirrorRunner | undefined;
};

/** Runs one group until it is told to stop; starts it again, later and later, when it fails. */
export class GroupRunner {
  readonly #group: DaemonGroup;
  readonly #options: GroupRunnerOptions;
  #phase: GroupPhase = "starting";
  #note: string | undefined;
  #failures = 0;
  #gaps = 0;
  #alarms: readonly string[] = [];
  #running: Partial<Running> = {};
  #stage: DaemonStage | undefined;

  constructor(group: DaemonGroup, options: GroupRunnerOptions) {
    this.#group = group;
    this.#options = options;
  }

  get status(): GroupStatus {
    const { name: group, shown, folder, journalPlace } = this.#group;
    const { capture, journal, bases, alarms, mirror, shipper } = this.#running;
    const shipped = shipper?.status;
    const seen = capture?.status;
    return {
      group,
      shown,
      folder: displayPath(folder),
      journal: journalPlace,
      phase: this.#phase === "following" && seen?.state === "held" ? "held" : this.#phase,
      ...noteOf(this.#note ?? seen?.held[0]?.message),
      ...(seen === undefined
        ? {}
        : {
            hints: seen.hints,
            lagMs: seen.lagMs,
            changes: seen.changes,
            storedBytes: seen.storedBytes,
            ...(seen.lastDurableNs === undefined ? {} : { lastDurableNs: seen.lastDurableNs }),
            ...(seen.reconciledAtNs === undefined ? {} : { reconciledNs: seen.reconciledAtNs }),
          }),
      ...(journal === undefined ? {} : { lastSequence: journal.lastSequence }),
      ...(bases === undefined
        ? {}
        : {
            base: { id: bases.newest.id, atNs: bases.newest.atNs },
            nextBaseNs: bases.dueNs,
          }),
      gaps: this.#gaps,
      alarms: [...this.#alarms, ...(alarms?.alarms ?? [])],
      failures: this.#failures,
      ...(shipped === undefined ? {} : { shipped }),
      ...(this.#stage === undefined ? {} : { stage: this.#stage.status }),
      ...(mirror === undefined ? {} : { mirror: mirror.status }),
    };
  }

  /** Resolves when it has stopped, after `stop` was aborted. Never rejects. */
  async run(stop: AbortSignal): Promise<void> {
    const { clock, onNote } = this.#options;
    while (!stop.aborted) {
      const startedNs = clock.now();
      try {
        await this.#runOnce(stop);
      } catch (error) {
        if (stop.aborted) break;
        const isSteady = clock.now() - startedNs > BigInt(steadyMs) * 1_000_000n;
        this.#failures = isSteady ? 1 : this.#failures + 1;
        const waitMs = backOffMs(this.#failures, clock.random());
        const seconds = Math.ceil(waitMs / 1000);
        this.#enter("waiting", `${messageOf(error)}; it starts again in ${seconds} s`);
        onNote(`${this.#note}`, true);
        await clock.sleep(waitMs, stop);
      }
    }
    await this.#stopStage().catch((error: unknown) => onNote(messageOf(error), true));
    this.#enter("stopped");
  }

  async #runOnce(stop: AbortSignal): Promise<void> {
    this.#enter("starting");
    const ended = new AbortController();
    const signal = AbortSignal.any([stop, ended.signal]);
    await using stack = new AsyncDisposableStack();
    stack.defer(() => {
      ended.abort();
      this.#alarms = this.status.alarms;
      this.#running = {};
    });
    const running = await this.#start({ stack, signal, hard: ended.signal });
    this.#enter("following");
    await this.#follow(running, stop);
    // In order: no new mail, then all that was noticed, then the mark that says that nothing is missing.
    await this.#stopStage();
    await running.bases.idle();
    await running.keeper.idle();
    await running.shipper.idle();
    await running.capture.close();
    await running.journal.close();
    await running.mirror?.finish();
  }

  async #start({
    stack,
    signal,
    hard,
  }: {
    readonly stack: AsyncDisposableStack;
    readonly signal: AbortSignal;
    /** Aborted when the group has ended, not when it is asked to stop: what was noticed is written first. */
    readonly hard: AbortSignal;
  }): Promise<Running> {
    const { clock, records } = this.#options;
    const group = this.#group;
    const journal = stack.use(await group.openJournal(signal));
    const { onNote } = this.#options;
    const mirror = await MirrorRunner.begin(group, { journal, clock, onNote });
    if (mirror !== undefined) stack.use(mirror);
    this.#running = { journal, mirror };
    // New mail is safe from here on, however long a base and the first scan take.
    await this.#startStage(signal);
    const onTaking = (): void => this.#enter("taking-base");
    const bases = await BaseKeeper.begin(group, { journal, clock, onTaking, signal });
    this.#running = { journal, mirror, bases };
    this.#enter("starting");
    const alarms = stack.use(await AlarmWatch.begin(group, { journal, records, signal, onNote }));
    const capture = stack.use(
      await group.capture({
        journal,
        signal: hard,
        onEvent: (event) => this.#hear(event),
        openBase: async (reading) => await group.openBase(bases.newest, reading),
      }),
    );
    // Whoever follows hears of it; until then `ready` says the same.
    capture.ended.catch(() => undefined);
    const keeper = new JournalKeeper(group, { clock, records });
    // Before the journal is closed, also when another part has failed.
    stack.defer(async () => await keeper.idle());
    const shipper = new JournalShipper(group, { clock, records });
    stack.defer(async () => await shipper.idle());
    const running = { journal, bases, alarms, capture, keeper, shipper, mirror };
    this.#running = running;
    await Promise.race([capture.ready, aborted(signal)]);
    signal.throwIfAborted();
    alarms.follow();
    // Before it counts as following: whoever waits for that may stop it then.
    await Promise.race([group.accept?.(capture), aborted(signal)]);
    signal.throwIfAborted();
    await bases.mark(journal);
    return running;
  }

  async #startStage(signal: AbortSignal): Promise<void> {
    const { startStage } = this.#group;
    if (startStage === undefined || this.#stage !== undefined) return;
    this.#stage = await startStage(async (failed) => {
      const { journal } = this.#running;
      if (journal !== undefined && journal !== failed) return journal;
      throw new DaemonError(
        "daemon.no-journal",
        `Cannot give out the journal of ${quoted(this.#group.shown)}: it is not open now`,
        { hint: "The group is started again; then it is.", retryable: true },
      );
    }, signal);
    this.#stage.ended.catch(() => undefined);
  }

  async #stopStage(): Promise<void> {
    const stage = this.#stage;
    this.#stage = undefined;
    await stage?.[Symbol.asyncDispose]();
  }

  /** Until it is told to stop. Throws when a part of it has ended by itself. */
  async #follow(running: Running, stop: AbortSignal): Promise<void> {
    const { clock, onNote, onChange } = this.#options;
    const { journal, capture, alarms, bases, keeper, shipper } = running;
    const over = new AbortController();
    const signal = AbortSignal.any([stop, over.signal]);
    let failure: { readonly error: unknown } | undefined;
    const fail = (error: unknown): void => {
      failure ??= { error };
      over.abort();
    };
    const endedEarly = (what: string): void => {
      if (!stop.aborted)
        fail(new DaemonError("daemon.capture-ended", `Cannot go on: the ${what} has ended`));
    };
    capture.ended.then(() => endedEarly("capture"), fail);
    this.#stage?.ended.then(
      () => endedEarly("delivery stage"),
      (error: unknown) => {
        this.#stage = undefined;
        fail(error);
      },
    );
    const onDone = (told?: string): void => {
      if (told !== undefined) onNote(told, true);
      onChange();
    };
    while (!signal.aborted) {
      await this.#group.checkJournal?.();
      for (const told of await alarms.look(clock.now())) {
        onNote(told, true);
        onChange();
      }
      // The two would meet at the copy's lock.
      if (!shipper.isWorking) bases.begin(running, { signal: stop, onDone });
      if (!bases.isWorking) {
        // A base that is being taken may be the one that its first events are needed for.
        keeper.begin(journal, { signal, onTold: onDone });
        shipper.begin(journal, { signal, onTold: onDone });
      }
      await clock.sleep(lookEveryMs, signal);
    }
    if (failure !== undefined) throw failure.error;
    await alarms.look(clock.now());
  }

  #hear(event: CaptureEvent): void {
    const { onNote, onChange } = this.#options;
    switch (event.type) {
      case "gap":
        if (event.why !== "clock-jump") this.#gaps++;
        onNote(event.message, true);
        return onChange();
      case "held":
        // Its gap has said so, and why.
        return onChange();
      case "hints":
        return onNote(`changes are noticed by ${event.way}: ${event.why}`, false);
      case "released":
        onNote(`${placeOf(event.path)} is followed again`, false);
        return onChange();
      case "problem":
        return onNote(`${placeOf(event.path)}: ${event.message}`, true);
      case "reconciled":
      case "failed":
        return;
    }
  }

  #enter(phase: GroupPhase, note?: string): void {
    this.#phase = phase;
    this.#note = note;
    this.#options.onChange();
  }
}

function noteOf(note: string | undefined): { readonly note?: string } {
  return note === undefined ? {} : { note };
}

function messageOf(error: unknown): string {
  if (isRecoveryError(error)) return error.message;
  return error instanceof Error ? error.message : String(error);
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

function placeOf(path: RawPath): string {
  return path === "" ? "the store" : `"${displayPath(path)}"`;
}
