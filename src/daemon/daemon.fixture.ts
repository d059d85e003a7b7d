import { setImmediate as turn } from "node:timers/promises";
import type { RawPath } from "#image";
import { type Journal, memoryJournal, type MemoryJournal } from "#journal";
import type { CaptureEvent, CaptureStatus, ContinuousCapture } from "#sources";
import type { BaseMoment, CapturedGroup, DaemonClock, DaemonGroup } from "./daemon-group.ts";

const millisecond = 1_000_000n;

/** Time passes only when a test says so. */
export class FakeClock implements DaemonClock {
  nowNs = 1_764_160_000_000_000_000n;
  readonly #sleepers = new Set<{ readonly dueNs: bigint; readonly wake: () => void }>();

  readonly now = (): bigint => this.nowNs;
  readonly random = (): number => 0.5;

  readonly sleep = async (milliseconds: number, signal: AbortSignal): Promise<void> => {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const sleeper = {
        dueNs: this.nowNs + BigInt(Math.ceil(milliseconds)) * millisecond,
        wake: () => {
          this.#sleepers.delete(sleeper);
          resolve();
        },
      };
      this.#sleepers.add(sleeper);
      signal.addEventListener("abort", sleeper.wake, { once: true });
    });
  };

  /** Lets this much time pass, and what was due happen. */
  async pass(milliseconds: number): Promise<void> {
    this.nowNs += BigInt(milliseconds) * millisecond;
    for (const sleeper of this.#sleepers) if (sleeper.dueNs <= this.nowNs) sleeper.wake();
    await turn();
  }

  /** Waits until something has come true; with `stepMs` time passes meanwhile. */
  async until(isTrue: () => boolean, stepMs = 0): Promise<void> {
    const startedMs = performance.now();
    while (!isTrue()) {
      if (performance.now() - startedMs > mostMs) throw new Error("it never came true");
      await this.pass(stepMs);
    }
  }
}

/** Real time, for a test that would hang. */
const mostMs = 20_000;

export class FakeCapture implements ContinuousCapture {
  readonly options: CapturedGroup;
  readonly ready: Promise<void>;
  readonly ended: Promise<void>;
  isClosed = false;
  state: CaptureStatus["state"] = "following";
  becomeReady: () => void = () => undefined;
  fail: (error: Error) => void = () => undefined;
  #end: () => void = () => undefined;

  constructor(options: CapturedGroup) {
    this.options = options;
    const [ready, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    [this.ready, this.ended] = [ready.promise, ended.promise];
    [this.becomeReady, this.#end] = [ready.resolve, ended.resolve];
    this.fail = (error) => {
      ended.reject(error);
      ready.reject(error);
    };
    this.ready.catch(() => undefined);
  }

  get status(): CaptureStatus {
    const hints = { way: "none", why: "a test", lateMs: 0 } as const;
    const counts = { lagMs: 3, queued: 0, gaps: 0, changes: 5, storedBytes: 6, entries: 7 };
    return { state: this.state, hints, ...counts, held: [] };
  }

  tell(event: CaptureEvent): void {
    this.options.onEvent?.(event);
  }

  async reconcile(): Promise<void> {}
  async accept(): Promise<void> {}
  async settle(): Promise<void> {}

  async close(): Promise<void> {
    this.isClosed = true;
    this.#end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.isClosed) this.#end();
  }
}

export type FakeGroup = DaemonGroup & {
  readonly captures: FakeCapture[];
  readonly journals: MemoryJournal[];
  readonly bases: BaseMoment[];
  readonly journal: () => MemoryJournal;
  readonly capturing: () => FakeCapture;
};

export type FakeGroupOptions = Partial<DaemonGroup> & {
  readonly clock: FakeClock;
  readonly mail?: readonly string[];
  readonly bases?: BaseMoment[];
  /** When the journal began. Default: when it is opened. */
  readonly journalStartNs?: bigint;
};

export function fakeGroup(name: string, options: FakeGroupOptions): FakeGroup {
  const { clock, mail = [], bases = [], journalStartNs, ...more } = options;
  const captures: FakeCapture[] = [];
  const journals: MemoryJournal[] = [];
  return {
    name,
    shown: name,
    folder: `/mail/${name}` as RawPath,
    journalPlace: `/state/journal/${name}`,
    openJournal: async (): Promise<Journal> => {
      const journal = memoryJournal({ group: name, records: journals.at(-1)?.records ?? [] });
      journals.push(journal);
      journal.append({ type: "mark", name: "start" }, journalStartNs ?? clock.now());
      return journal;
    },
    newestBase: async (_signal, byNs) =>
      bases.findLast(({ atNs }) => byNs === undefined || atNs <= byNs),
    takeBase: async () => {
      const atNs = clock.now();
      bases.push({ id: `here ${bases.length + 1}`, fromNs: atNs, atNs });
      return bases.at(-1) as BaseMoment;
    },
    openBase: async () => await Promise.reject(new Error("not read here")),
    capture: async (given) => {
      const capture = new FakeCapture(given);
      captures.push(capture);
      capture.becomeReady();
      return capture;
    },
    mailThere: async function* () {
      for (const path of mail) yield { path: path as RawPath };
    },
    baseEveryMs: 86_400_000,
    keepChangesSince: () => undefined,
    signals: {},
    ...more,
    captures,
    journals,
    bases,
    journal: () => journals.at(-1) as MemoryJournal,
    capturing: () => captures.at(-1) as FakeCapture,
  };
}
