import type { Journal, MirrorStatus } from "#journal";
import { backOffMs } from "./back-off.ts";
import type { DaemonClock, DaemonGroup, GroupMirror } from "./daemon-group.ts";

/** When it is stopped, so long the other host may take for the rest. */
const partingMs = 5000;

/** Mirrors a group's journal while that is open. */
export class MirrorRunner implements AsyncDisposable {
  readonly #mirror: GroupMirror;
  readonly #clock: DaemonClock;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  private constructor(mirror: GroupMirror, clock: DaemonClock) {
    this.#mirror = mirror;
    this.#clock = clock;
    this.#running = mirror.run(this.#stop.signal);
  }

  /** Undefined where the group has none. */
  static async begin(
    group: Pick<DaemonGroup, "openMirror">,
    {
      journal,
      clock,
      onNote,
    }: {
      readonly journal: Journal;
      readonly clock: DaemonClock;
      readonly onNote: (text: string, isBad: boolean) => void;
    },
  ): Promise<MirrorRunner | undefined> {
    const mirror = await group.openMirror?.({
      journal,
      clock,
      backOffMs: (failures) => backOffMs(failures, clock.random()),
      onNote,
    });
    return mirror === undefined ? undefined : new MirrorRunner(mirror, clock);
  }

  get status(): MirrorStatus {
    return this.#mirror.status;
  }

  /** The journal was closed: carries its end, if the other host is there. */
  async finish(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    const [limit, done] = [new AbortController(), new AbortController()];
    void this.#clock.sleep(partingMs, done.signal).then(() => limit.abort());
    await this.#mirror.finish(limit.signal);
    done.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.#mirror[Symbol.asyncDispose]();
  }
}
