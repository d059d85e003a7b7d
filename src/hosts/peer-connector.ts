import { raceSignal } from "./host-clock.ts";
import { hostClosed, isLinkFailure } from "./host-error.ts";
import { type LinkOptions, PeerLink } from "./peer-link.ts";
import type { Wire } from "./wire.ts";

export type ConnectorOptions = LinkOptions & {
  /** Starts a connection. Throws HostError. */
  readonly connect: (signal: AbortSignal) => Promise<Wire>;
  /** Attempts in a row without progress before the failure is passed on. */
  readonly attempts: number;
  /** Before the second attempt without progress; doubled for each one more. */
  readonly backOffMs: number;
};

export type AttemptOptions = {
  readonly signal?: AbortSignal | undefined;
  /** Doing it twice is as good as once. Otherwise only the connecting is tried again. */
  readonly isRepeatable: boolean;
};

const longestBackOffMs = 30_000;

/** Keeps one link to a peer, makes a new one when it is needed, and tries again what a lost one interrupted. */
export class PeerConnector implements AsyncDisposable {
  readonly options: ConnectorOptions;
  readonly #closed = new AbortController();
  #link: PeerLink | undefined;
  #connecting: Promise<PeerLink> | undefined;
  /** All attempts were in vain: until a connection comes about, each request makes one attempt more. */
  #isGivenUp = false;

  constructor(options: ConnectorOptions) {
    this.options = options;
  }

  /**
   * Runs `work` on a link, again on a new one when the link fails: at once after progress, later and
   * later without. `work` keeps what it has reached and says so by `progressed`.
   */
  async attempt<Result>(
    work: (link: PeerLink, progressed: () => void) => Promise<Result>,
    { signal, isRepeatable }: AttemptOptions,
  ): Promise<Result> {
    const { attempts, backOffMs, clock } = this.options;
    const stop =
      signal === undefined ? this.#closed.signal : AbortSignal.any([signal, this.#closed.signal]);
    for (let failed = 0; ;) {
      stop.throwIfAborted();
      let hasBegun = false;
      try {
        const link = await this.#open(stop);
        hasBegun = true;
        return await work(link, () => {
          failed = 0;
        });
      } catch (error) {
        stop.throwIfAborted();
        failed++;
        if (!isLinkFailure(error)) throw error;
        const isHopeless = this.#isGivenUp || failed >= attempts;
        this.#isGivenUp = isHopeless;
        if (isHopeless || (hasBegun && !isRepeatable)) throw error;
        if (failed > 1)
          await clock.sleep(Math.min(longestBackOffMs, backOffMs * 2 ** (failed - 2)), {
            signal: stop,
            keepsAlive: true,
          });
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort(hostClosed(this.options.name));
    await this.#connecting?.catch(() => undefined);
    await this.#link?.[Symbol.asyncDispose]();
  }

  /** The link there is, or the one that is being made: whoever asks meanwhile waits for the same. */
  async #open(signal: AbortSignal): Promise<PeerLink> {
    if (this.#link?.isOpen === true) return this.#link;
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined;
    });
    return await raceSignal(this.#connecting, signal);
  }

  async #connect(): Promise<PeerLink> {
    const old = this.#link;
    this.#link = undefined;
    await old?.[Symbol.asyncDispose]();
    const { signal } = this.#closed;
    const wire = await this.options.connect(signal);
    this.#link = await PeerLink.open(wire, this.options, signal);
    this.#isGivenUp = false;
    return this.#link;
  }
}
