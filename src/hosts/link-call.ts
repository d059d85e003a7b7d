import { errorFromHeader } from "./carried-error.ts";
import type { Frame, Header } from "./frame.ts";
import { HeaderFields } from "./header-fields.ts";
import { raceSignal } from "./host-clock.ts";
import { brokenProtocol } from "./host-error.ts";
import type { Item } from "./served-call.ts";

/** What comes of a request: pieces, and in the end the answer. */
export type Received = {
  readonly kind: "item" | "done";
  readonly fields: HeaderFields;
  readonly body: Uint8Array;
};

export type LinkCallOptions = {
  readonly name: string;
  /** Items that the peer may send ahead. */
  readonly credit: number;
  /** How long nothing may come of this request while something is awaited. */
  readonly answerMs: number;
  readonly nowMs: () => number;
  readonly send: (frame: Item & { readonly kind: Frame["kind"] }) => Promise<void>;
  /** Called once, when the peer has answered or the link is gone. */
  readonly onEnded: () => void;
};

/** One request on the client's side. Disposing it before its end tells the peer that nobody waits any more. */
export class LinkCall implements Disposable {
  readonly #options: LinkCallOptions;
  readonly #inbox: Frame[] = [];
  /** Items that the peer may still send. */
  #askedFor: number;
  /** Items that we may still send. */
  #credit = 0;
  #failure: Error | undefined;
  #hasEnded = false;
  #isGivenUp = false;
  #lastSignMs: number;
  #wake = new Set<() => void>();

  constructor(options: LinkCallOptions) {
    this.#options = options;
    this.#askedFor = options.credit;
    this.#lastSignMs = options.nowMs();
  }

  /** The next piece or the answer. Throws the peer's error, the link's failure or the signal's reason. */
  async next(signal?: AbortSignal): Promise<Received> {
    await this.#until(() => this.#inbox.length > 0, signal);
    const { kind, header, body } = this.#inbox.shift() as Frame;
    const fields = new HeaderFields(header, `an answer of host "${this.#options.name}"`);
    if (kind === "done") return { kind, fields, body };
    if (kind === "error") throw errorFromHeader(header, this.#options.name);
    this.#ask(1);
    return { kind: "item", fields, body };
  }

  /** Sends a piece when the peer has room for it. Resolves to false when it has answered already. */
  async send(body: Uint8Array, signal?: AbortSignal): Promise<boolean> {
    await this.#until(() => this.#credit > 0 || this.#inbox.length > 0, signal);
    if (this.#inbox.length > 0) return false;
    this.#credit--;
    await raceSignal(this.#options.send({ kind: "item", body }), signal);
    return true;
  }

  /** A frame of this request has come. Throws `host.protocol`. */
  receive(frame: Frame): void {
    this.#lastSignMs = this.#options.nowMs();
    if (frame.kind === "more") {
      this.#credit += new HeaderFields(frame.header, "a frame").count("count", 1024);
    } else {
      if (frame.kind === "item" && this.#askedFor-- === 0)
        throw brokenProtocol("the peer sent more than it was asked for");
      if (!this.#isGivenUp) this.#inbox.push(frame);
      if (frame.kind !== "item") this.#end();
    }
    this.#notify();
  }

  /** The link is gone. */
  fail(failure: Error): void {
    this.#failure ??= failure;
    this.#end();
    this.#notify();
  }

  /** Whether something is awaited from the peer for longer than is reasonable. */
  isOverdue(nowMs: number): boolean {
    const isAwaited = !this.#hasEnded && (this.#askedFor > 0 || this.#options.credit === 0);
    return isAwaited && nowMs - this.#lastSignMs >= this.#options.answerMs;
  }

  [Symbol.dispose](): void {
    if (this.#hasEnded || this.#isGivenUp) return;
    this.#isGivenUp = true;
    this.#inbox.length = 0;
    // What was asked for may still come, and is dropped. A link that fails says so to everybody else.
    this.#options.send({ kind: "cancel" }).catch(() => undefined);
  }

  #ask(count: number): void {
    this.#askedFor += count;
    this.#lastSignMs = this.#options.nowMs();
    if (this.#hasEnded) return;
    const header: Header = { count };
    this.#options.send({ kind: "more", header }).catch(() => undefined);
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#options.onEnded();
  }

  #notify(): void {
    for (const wake of this.#wake) wake();
  }

  /** What has come is used up before a failure is thrown. */
  async #until(isReady: () => boolean, signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      signal?.throwIfAborted();
      if (isReady()) return;
      if (this.#failure !== undefined) throw this.#failure;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake.add(resolve);
      signal?.addEventListener("abort", () => resolve(), { once: true });
      await promise;
      this.#wake.delete(resolve);
    }
  }
}
