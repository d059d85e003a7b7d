import { ByteReader } from "./byte-reader.ts";
import { errorToHeader } from "./carried-error.ts";
import { encodeFrame, type Frame } from "./frame.ts";
import { readFrames } from "./frame-reader.ts";
import { HeaderFields } from "./header-fields.ts";
import { encodeHello, ourVersions, readHello } from "./hello.ts";
import type { HostClock } from "./host-clock.ts";
import { brokenProtocol, disconnected, isHostError } from "./host-error.ts";
import { type PeerHandler, ServedCall } from "./served-call.ts";
import type { Wire } from "./wire.ts";

/** How long a client may take to receive what is left for it when the connection ends. */
const partingMs = 5000;

const toldCodes: ReadonlySet<string> = new Set([
  "host.protocol",
  "host.version",
  "host.chatty-shell",
]);

export type PeerSessionOptions = {
  readonly handlers: ReadonlyMap<string, PeerHandler>;
  /** Requests that may be in flight at once. */
  readonly requests: number;
  /** A client from which nothing came for so long is gone. */
  readonly silenceMs: number;
  readonly clock: HostClock;
  readonly signal: AbortSignal;
};

/**
 * Serves one client until its input ends. Memory is bounded by the requests in flight: of each at
 * most its frames that were asked for, and its answer. The input is read on whatever the output
 * does, except while as many answers as there may be requests wait to be taken.
 */
export async function servePeerSession(wire: Wire, options: PeerSessionOptions): Promise<void> {
  await new PeerSession(wire, options).run();
}

class PeerSession {
  readonly #wire: Wire;
  readonly #options: PeerSessionOptions;
  readonly #calls = new Map<number, ServedCall>();
  readonly #running = new Set<Promise<void>>();
  readonly #answers = new Set<Promise<void>>();
  readonly #ended = new AbortController();
  #lastSignMs: number;
  #owesPong = false;

  constructor(wire: Wire, options: PeerSessionOptions) {
    this.#wire = wire;
    this.#options = options;
    this.#lastSignMs = options.clock.nowMs();
  }

  async run(): Promise<void> {
    const { signal } = this.#options;
    const stop = Promise.withResolvers<never>();
    const onAbort = (): void => stop.reject(signal.reason as Error);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      signal.throwIfAborted();
      await Promise.race([this.#serve(), this.#watch(), stop.promise]);
    } catch (error) {
      // The client is told, if it still listens: it cannot know what we made of its bytes.
      if (isHostError(error) && toldCodes.has(error.code)) keep(this.#running, this.#tell(error));
      throw error;
    } finally {
      signal.removeEventListener("abort", onAbort);
      this.#ended.abort();
      await this.#close();
    }
  }

  /** Lets what runs give up what it holds; a client that takes nothing any more is not waited for. */
  async #close(): Promise<void> {
    const gone = disconnected("client", "the connection ended");
    for (const call of this.#calls.values()) call.abort(gone);
    const finish = async (): Promise<void> => {
      await Promise.allSettled([...this.#running, ...this.#answers]);
      await this.#wire.end();
    };
    const patience = new AbortController();
    const outOfPatience = this.#options.clock.sleep(partingMs, {
      signal: patience.signal,
      keepsAlive: true,
    });
    await Promise.race([finish(), outOfPatience]);
    patience.abort();
    outOfPatience.catch(() => undefined);
    await this.#wire[Symbol.asyncDispose]();
    await Promise.allSettled(this.#running);
  }

  async #serve(): Promise<void> {
    const { clock, requests } = this.#options;
    const reader = new ByteReader(this.#wire.input, () => (this.#lastSignMs = clock.nowMs()));
    await this.#wire.write([encodeHello({ ...ourVersions, requests })]);
    if ((await readHello(reader, "the client")) === undefined) return;
    for await (const frame of readFrames(reader)) await this.#take(frame);
  }

  async #take(frame: Frame): Promise<void> {
    const { kind, requestId } = frame;
    const call = this.#calls.get(requestId);
    switch (kind) {
      case "request":
        await this.#begin(frame);
        return;
      // Of a request that has been answered meanwhile there may still be some on the way.
      case "item":
        call?.receive(frame.body);
        return;
      case "more":
        call?.allow(new HeaderFields(frame.header, "a frame").count("count"));
        return;
      case "cancel":
        call?.abort(disconnected("client", "it is not waited for any more"));
        return;
      case "ping":
        this.#pong();
        return;
      case "done":
      case "error":
      case "pong":
        throw brokenProtocol(`a client sent a frame of kind "${kind}"`);
    }
  }

  async #begin(frame: Frame): Promise<void> {
    const { requestId } = frame;
    if (requestId === 0 || this.#calls.has(requestId))
      throw brokenProtocol(`the request id ${requestId} is taken`);
    if (this.#calls.size >= this.#options.requests)
      throw brokenProtocol(`more than ${this.#options.requests} requests are in flight`);
    while (this.#answers.size >= this.#options.requests) await Promise.race(this.#answers);
    const call = new ServedCall(frame, {
      send: (answer) => this.#wire.write(encodeFrame({ ...answer, requestId })),
      onAnswered: (answer) => {
        this.#calls.delete(requestId);
        keep(this.#answers, answer);
      },
    });
    this.#calls.set(requestId, call);
    keep(this.#running, call.run(this.#handlerOf(frame)));
  }

  #handlerOf(frame: Frame): PeerHandler {
    const { what } = frame.header;
    const handler = typeof what === "string" ? this.#options.handlers.get(what) : undefined;
    // oxlint-disable-next-line require-yield -- it has nothing to give but its error
    const unknown: PeerHandler = async function* () {
      throw brokenProtocol("a request asks for what this version does not know");
    };
    return handler ?? unknown;
  }

  /** However many pings wait, one answer tells that we are here. */
  #pong(): void {
    if (this.#owesPong) return;
    this.#owesPong = true;
    void this.#wire
      .write(encodeFrame({ kind: "pong", requestId: 0 }))
      .catch(() => undefined)
      .finally(() => {
        this.#owesPong = false;
      });
  }

  async #watch(): Promise<void> {
    const { clock, silenceMs } = this.#options;
    for (;;) {
      const leftMs = this.#lastSignMs + silenceMs - clock.nowMs();
      if (leftMs <= 0)
        throw disconnected("client", `nothing came from it for ${silenceMs / 1000} s`);
      try {
        await clock.sleep(leftMs, { signal: this.#ended.signal, keepsAlive: false });
      } catch {
        return;
      }
    }
  }

  async #tell(error: unknown): Promise<void> {
    const frame = encodeFrame({ kind: "error", requestId: 0, header: errorToHeader(error) });
    await this.#wire.write(frame);
  }
}

/** Keeps a promise as long as it runs. What it fails with is said elsewhere: the input ends as well. */
function keep(set: Set<Promise<void>>, promise: Promise<void>): void {
  const settled = promise
    .catch(() => undefined)
    .finally(() => {
      set.delete(settled);
    });
  set.add(settled);
}
