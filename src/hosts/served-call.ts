import { errorToHeader } from "./carried-error.ts";
import type { Frame, Header } from "./frame.ts";
import { HeaderFields } from "./header-fields.ts";
import { brokenProtocol } from "./host-error.ts";

/** What a request sends or gets besides its first and last frame. */
export type Item = { readonly header?: Header; readonly body?: Uint8Array };

/** What a handler is given of a request. */
export type PeerCall = {
  readonly fields: HeaderFields;
  readonly body: Uint8Array;
  /** The items that the client sends, each asked for when there is room: at most `window` lie here. */
  readonly items: (window: number) => AsyncGenerator<Uint8Array, void, undefined>;
  /** The client is gone, or waits for it no longer. */
  readonly signal: AbortSignal;
};

/** Yields items and returns the last frame's content; may throw. Ends soon once the signal comes. */
export type PeerHandler = (call: PeerCall) => AsyncGenerator<Item, Item, undefined>;

/** Most items that a client may ask for ahead. */
const largestCredit = 64;

export type ServedCallOptions = {
  readonly send: (frame: Item & { readonly kind: Frame["kind"] }) => Promise<void>;
  /** Called when the answer is about to be sent: from then on the client may ask again. */
  readonly onAnswered: (answer: Promise<void>) => void;
};

/** One request on the peer's side. Never holds more items than it has asked for. */
export class ServedCall {
  readonly #options: ServedCallOptions;
  readonly #stop = new AbortController();
  readonly #inbox: Uint8Array[] = [];
  /** Items that the client may still send. */
  #askedFor = 0;
  /** Items that we may still send. */
  #credit: number;
  #wake: () => void = () => undefined;
  readonly #call: PeerCall;

  constructor(frame: Frame, options: ServedCallOptions) {
    this.#options = options;
    const fields = new HeaderFields(frame.header, "a request");
    this.#credit = fields.has("credit") ? fields.count("credit", largestCredit) : 0;
    this.#call = {
      fields,
      body: frame.body,
      items: (window) => this.#items(window),
      signal: this.#stop.signal,
    };
  }

  async run(handler: PeerHandler): Promise<void> {
    const work = handler(this.#call);
    try {
      let next = await work.next();
      while (next.done !== true) {
        while (this.#credit === 0) await this.#change();
        this.#credit--;
        await this.#options.send({ kind: "item", ...next.value });
        next = await work.next();
      }
      this.#answer({ kind: "done", ...next.value });
    } catch (error) {
      // Gives up what the handler holds; that it was interrupted there is no news.
      await work.return({}).catch(() => undefined);
      this.#answer({ kind: "error", header: errorToHeader(error) });
    }
  }

  receive(item: Uint8Array): void {
    if (this.#askedFor === 0) throw brokenProtocol("a request was sent more than it asked for");
    this.#askedFor--;
    this.#inbox.push(item);
    this.#wake();
  }

  allow(count: number): void {
    if (this.#credit + count > largestCredit)
      throw brokenProtocol("a request was asked for too much at once");
    this.#credit += count;
    this.#wake();
  }

  abort(reason: unknown): void {
    this.#stop.abort(reason);
    this.#wake();
  }

  #answer(frame: Item & { readonly kind: Frame["kind"] }): void {
    this.#options.onAnswered(this.#options.send(frame));
  }

  async *#items(window: number): AsyncGenerator<Uint8Array, void, undefined> {
    await this.#ask(window);
    for (;;) {
      while (this.#inbox.length === 0) await this.#change();
      const item = this.#inbox.shift();
      if (item === undefined) continue;
      yield item;
      await this.#ask(1);
    }
  }

  async #ask(count: number): Promise<void> {
    this.#askedFor += count;
    await this.#options.send({ kind: "more", header: { count } });
  }

  /** Waits until something came, or rejects when nobody waits any more. */
  async #change(): Promise<void> {
    this.#stop.signal.throwIfAborted();
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#stop.signal.throwIfAborted();
  }
}
