/** Keeps hints coming: opens the best way, puts what it tells into the queue, opens another when it ends. */
import { joinRawPath } from "#image";
import type { WorkQueue } from "../work-queue.ts";
import {
  type ChangeHints,
  type HintListener,
  type HintLoss,
  type HintWay,
  isWatching,
  type OpenedHints,
  type OpenHintsRequest,
} from "./change-hints.ts";
import { chooseHints } from "./choose-hints.ts";

export type ChosenWay = { readonly way: HintWay; readonly why: string; readonly lateMs: number };

export type HintKeeperOptions = {
  readonly request: Omit<OpenHintsRequest, "listener">;
  readonly wanted: HintWay | OpenedHints | undefined;
  readonly queue: WorkQueue;
  readonly onHint: () => void;
  readonly onLoss: (loss: HintLoss) => void;
  readonly onChosen: (chosen: ChosenWay) => void;
  readonly scanEveryMs: (way: HintWay) => number;
};

/** A way that ended is opened again after this long. */
const againMs = 1000;
/** What a change takes to be noticed where hints work, and to be written. */
const usualDelayMs = 250;

const nobody: ChangeHints = {
  way: "none",
  settle: async () => undefined,
  watchFolder: () => undefined,
  forgetFolder: () => undefined,
  [Symbol.asyncDispose]: async () => undefined,
};

export class HintKeeper implements AsyncDisposable {
  readonly #options: HintKeeperOptions;
  #hints: ChangeHints = nobody;
  #why = (): string => "not opened yet";
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;
  lastHintNs: bigint | undefined;
  openedNs = 0n;

  constructor(options: HintKeeperOptions) {
    this.#options = options;
  }

  get current(): ChangeHints {
    return this.#hints;
  }

  get way(): HintWay {
    return this.#hints.way;
  }

  get why(): string {
    return this.#why();
  }

  get lateMs(): number {
    const isWhole = isWatching(this.way) && this.#hints.limits === undefined;
    return isWhole ? usualDelayMs : this.#options.scanEveryMs(this.way);
  }

  async open(): Promise<void> {
    const { request, wanted, onChosen } = this.#options;
    this.openedNs = request.nowNs();
    const { hints, why } = await chooseHints({ ...request, listener: this.#listener() }, wanted);
    if (this.#isOver) return hints[Symbol.asyncDispose]();
    const before = this.#hints;
    [this.#hints, this.#why] = [hints, why];
    await before[Symbol.asyncDispose]();
    onChosen({ way: hints.way, why: why(), lateMs: this.lateMs });
  }

  /** Begins anew where folders of the store may be others than they were. What is told twice is looked at twice. */
  async renew(): Promise<void> {
    if (this.#hints !== nobody && !this.#isOver) await this.open();
  }

  async settle(): Promise<void> {
    await this.#hints.settle();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    clearTimeout(this.#timer);
    const hints = this.#hints;
    this.#hints = { ...nobody, way: hints.way };
    await hints[Symbol.asyncDispose]();
  }

  #listener(): HintListener {
    const { queue, onHint, onLoss, request } = this.#options;
    return {
      onHints: (hints) => {
        this.lastHintNs = request.nowNs();
        for (const { folder, name, below = false } of hints) {
          if (name === undefined) queue.addFolder(folder, { below });
          else queue.addName(joinRawPath(folder, name), { below });
        }
        onHint();
      },
      onLoss: (loss) => {
        if (this.#isOver) return;
        onLoss(loss);
        if (loss.isFinal === true) this.#openAgain();
      },
    };
  }

  #openAgain(): void {
    this.#hints = nobody;
    this.#why = () => "what told of changes ended, and is opened again";
    this.#timer = setTimeout(() => {
      const since = this.lastHintNs ?? this.openedNs;
      this.open().then(
        () =>
          this.#options.onLoss({
            why: "lost",
            sinceNs: since,
            message: "Changes were not noticed until they could be again.",
          }),
        () => this.#openAgain(),
      );
    }, againMs);
  }
}
