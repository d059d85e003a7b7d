import { quoted } from "#errors";
import { Budget } from "./budget.ts";
import { ByteReader } from "./byte-reader.ts";
import { errorFromHeader } from "./carried-error.ts";
import { encodeFrame, type Frame, type Header } from "./frame.ts";
import { readFrames } from "./frame-reader.ts";
import { encodeHello, type Hello, ourVersions, readHello } from "./hello.ts";
import { type HostClock, raceSignal, withTimeLimit } from "./host-clock.ts";
import { brokenProtocol, disconnected, HostError } from "./host-error.ts";
import { LinkCall, type Received } from "./link-call.ts";
import type { Wire } from "./wire.ts";

export type LinkOptions = {
  /** The host's name, for errors. */
  readonly name: string;
  readonly clock: HostClock;
  /** From the start of the connection to the peer's hello. */
  readonly connectTimeoutMs: number;
  /** A peer from which nothing comes for so long, though it was pinged, is gone. */
  readonly silenceMs: number;
  /** A request of which nothing comes for so long, though the peer lives, is hopeless. */
  readonly answerTimeoutMs: number;
  /** Requests in flight at once, if the peer takes as many. */
  readonly requests: number;
};

export type Request = {
  readonly header: Header;
  readonly body?: Uint8Array;
  /** Items that the peer may send ahead. Default 0: none come. */
  readonly credit?: number;
  /** How long the peer may legitimately work before anything comes, beside `answerTimeoutMs`. */
  readonly workMs?: number;
  readonly signal?: AbortSignal | undefined;
};

/** How long a peer may take to receive what is left for it when the connection ends. */
const partingMs = 5000;
/** How often a silent peer is pinged before it is given up. */
const pingsPerSilence = 4;
/** Largest request id; a link that ever comes there is replaced by a new one. */
const largestRequestId = 0xffff_ffff;

/** When the last bytes came. */
type Life = { lastSignMs: number };
type Greeted = { readonly wire: Wire; readonly reader: ByteReader; readonly life: Life };

/** A connection to a peer that has said hello. It fails once and for all; what runs on it fails with it. */
export class PeerLink implements AsyncDisposable {
  readonly #wire: Wire;
  readonly #options: LinkOptions;
  readonly #slots: Budget;
  readonly #calls = new Map<number, LinkCall>();
  readonly #closed = new AbortController();
  readonly #life: Life;
  #lastId = 0;
  #breaking: Promise<void> | undefined;
  #failure: Error | undefined;

  /** Takes over the wire. Throws `host.unreachable`, `host.chatty-shell`, `host.version`, … */
  static async open(wire: Wire, options: LinkOptions, signal: AbortSignal): Promise<PeerLink> {
    const { clock, connectTimeoutMs, name } = options;
    try {
      return await withTimeLimit(() => greet(wire, options), {
        clock,
        limitMs: connectTimeoutMs,
        expired: () => noHello(name, connectTimeoutMs),
        signal,
      });
    } catch (error) {
      await wire[Symbol.asyncDispose]();
      throw error;
    }
  }

  constructor(greeted: Greeted, options: LinkOptions) {
    this.#wire = greeted.wire;
    this.#life = greeted.life;
    this.#options = options;
    this.#slots = new Budget(options.requests);
    void this.#receive(greeted.reader);
    void this.#watch();
  }

  get isOpen(): boolean {
    return this.#failure === undefined;
  }

  /** Begins a request when the peer can take one more. */
  async begin(request: Request): Promise<LinkCall> {
    const { header, body, credit = 0, workMs = 0, signal } = request;
    const slot = await this.#slots.take(1, signal);
    const { name, clock, answerTimeoutMs } = this.#options;
    if (this.#failure === undefined && this.#lastId === largestRequestId)
      this.#fail(disconnected(name, "the connection has used up its request numbers"));
    if (this.#failure !== undefined) {
      slot[Symbol.dispose]();
      throw this.#failure;
    }
    const requestId = ++this.#lastId;
    const call = new LinkCall({
      name,
      credit,
      answerMs: answerTimeoutMs + workMs,
      nowMs: () => clock.nowMs(),
      send: (frame) => this.#send({ ...frame, requestId }),
      onEnded: () => {
        this.#calls.delete(requestId);
        slot[Symbol.dispose]();
      },
    });
    this.#calls.set(requestId, call);
    try {
      const frame = { kind: "request", requestId, header: { ...header, credit }, body } as const;
      await raceSignal(this.#send(frame), signal);
    } catch (error) {
      // Never sent: too large for a frame, or the link is gone.
      if (signal?.aborted === true) call[Symbol.dispose]();
      else call.fail(error as Error);
      throw error;
    }
    return call;
  }

  /** A request whose answer is a single frame. */
  async ask(request: Request): Promise<Received> {
    using call = await this.begin(request);
    return await call.next(request.signal);
  }

  /** Ends the connection; what still runs on it fails. */
  async [Symbol.asyncDispose](): Promise<void> {
    const wasOpen = this.isOpen;
    this.#fail(disconnected(this.#options.name, "it was closed"));
    if (wasOpen) await this.#part();
    await this.#wire[Symbol.asyncDispose]();
  }

  /** Ends in order; a peer that takes nothing any more is not waited for. */
  async #part(): Promise<void> {
    try {
      await withTimeLimit(() => this.#wire.end(), {
        clock: this.#options.clock,
        limitMs: partingMs,
        expired: () => silent(this.#options.name, "it does not let go"),
      });
    } catch {
      // It is torn down next.
    }
  }

  async #send(frame: Parameters<typeof encodeFrame>[0]): Promise<void> {
    // A frame that is too large is the caller's fault and not the link's.
    const parts = encodeFrame(frame);
    try {
      if (this.#failure === undefined) await this.#wire.write(parts);
    } catch (error) {
      await this.#breakDown(error);
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #receive(reader: ByteReader): Promise<void> {
    try {
      for await (const frame of readFrames(reader)) this.#take(frame);
      await this.#breakDown(undefined);
    } catch (error) {
      await this.#breakDown(error);
    }
  }

  /** Never waits: what the peer has to say is always taken. */
  #take(frame: Frame): void {
    const { kind, requestId, header } = frame;
    if (requestId === 0) {
      if (kind === "error") throw errorFromHeader(header, this.#options.name);
      if (kind === "pong") return;
    } else if (kind === "item" || kind === "done" || kind === "error" || kind === "more") {
      const call = this.#calls.get(requestId);
      if (call === undefined) throw brokenProtocol("the peer answers what it was not asked");
      call.receive(frame);
      return;
    }
    throw brokenProtocol(`the peer sent a frame of kind "${kind}" for request ${requestId}`);
  }

  async #watch(): Promise<void> {
    const { clock, silenceMs, name } = this.#options;
    const { signal } = this.#closed;
    while (!signal.aborted) {
      try {
        await clock.sleep(silenceMs / pingsPerSilence, { signal, keepsAlive: false });
      } catch {
        return;
      }
      const nowMs = clock.nowMs();
      const silentMs = nowMs - this.#life.lastSignMs;
      const overdue = [...this.#calls.values()].some((call) => call.isOverdue(nowMs));
      if (silentMs >= silenceMs) {
        await this.#breakDown(silent(name, `nothing came from it for ${silenceMs / 1000} s`));
      } else if (overdue) {
        await this.#breakDown(silent(name, "it lives and does not answer a request"));
      } else if (silentMs >= silenceMs / pingsPerSilence) {
        void this.#send({ kind: "ping", requestId: 0 }).catch(() => undefined);
      }
    }
  }

  /** The wire has ended, or is as good as ended. */
  async #breakDown(error: unknown): Promise<void> {
    this.#breaking ??= this.#findReason(error).then((reason) => this.#fail(reason));
    await this.#breaking;
    await this.#wire[Symbol.asyncDispose]();
  }

  async #findReason(error: unknown): Promise<Error> {
    if (this.#failure !== undefined) return this.#failure;
    if (error instanceof HostError && error.code !== "host.disconnected") return error;
    const { name } = this.#options;
    const why = await this.#wire.diagnosis?.();
    // Whatever ended it now, it worked a moment ago: a new connection may do.
    const state = why === undefined ? "" : ` (${why.message})`;
    return disconnected(name, `the connection was lost${state}`);
  }

  #fail(failure: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    this.#closed.abort();
    for (const call of this.#calls.values()) call.fail(failure);
  }
}

/** Says hello and hears one. */
async function greet(wire: Wire, options: LinkOptions): Promise<PeerLink> {
  const { name, requests, clock } = options;
  const life = { lastSignMs: clock.nowMs() };
  const reader = new ByteReader(wire.input, () => (life.lastSignMs = clock.nowMs()));
  let hello: Hello | undefined;
  try {
    await wire.write([encodeHello({ ...ourVersions, requests })]);
    hello = await readHello(reader, `the peer on ${quoted(name)}`);
  } catch (error) {
    if (error instanceof HostError) throw error;
  }
  if (hello === undefined)
    throw (await wire.diagnosis?.()) ?? disconnected(name, "the connection was lost");
  return new PeerLink(
    { wire, reader, life },
    { ...options, requests: Math.max(1, Math.min(requests, hello.requests)) },
  );
}

function noHello(name: string, limitMs: number): HostError {
  return new HostError(
    "host.unreachable",
    `Cannot reach host ${quoted(name)}: no peer said hello within ${limitMs / 1000} s`,
    {
      hint: "Check the network and that the host is up; `restante peer` there must start without asking anything.",
      retryable: true,
    },
  );
}

function silent(name: string, why: string): HostError {
  return new HostError("host.silent", `Cannot wait longer for host ${quoted(name)}: ${why}`, {
    hint: "Check the network and that host; try again, what has arrived there is kept.",
    retryable: true,
  });
}
