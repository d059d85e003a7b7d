/** A peer in this process, reached over streams that a test can cut at any frame. */
import { PassThrough, Transform, type TransformCallback } from "node:stream";
import { helloBytes } from "./hello.ts";
import type { Host } from "./host.ts";
import { systemHostClock } from "./host-clock.ts";
import type { ConnectorOptions } from "./peer-connector.ts";
import { peerHost } from "./peer-host.ts";
import { servePeer, type ServePeerOptions } from "./serve-peer.ts";
import { streamWire, type Wire } from "./wire.ts";

export type PairOptions = {
  /** The frame at which connection 1, 2, … is cut in half; hellos count, both directions count. */
  readonly cutAt?: (connection: number) => number | undefined;
  readonly serve?: Partial<ServePeerOptions>;
  readonly client?: Partial<ConnectorOptions>;
};

export type PeerPair = AsyncDisposable & {
  readonly host: Host;
  /** Connections that were made. */
  connections(): number;
  /** Frames on all connections so far. */
  frames(): number;
  readonly log: string[];
};

export const quickTimes: Omit<ConnectorOptions, "connect"> = {
  name: "twin",
  clock: systemHostClock,
  connectTimeoutMs: 30_000,
  silenceMs: 60_000,
  answerTimeoutMs: 60_000,
  requests: 16,
  attempts: 4,
  backOffMs: 1,
};

export function peerPair(options: PairOptions = {}): PeerPair {
  const log: string[] = [];
  const served: Promise<void>[] = [];
  const line = new Line();
  const connect = async (): Promise<Wire> => {
    const cutAt = options.cutAt?.(served.length + 1);
    const { there, here } = line.connect(cutAt);
    served.push(
      servePeer({
        ...there,
        signal: new AbortController().signal,
        log: (text) => log.push(text),
        ...options.serve,
      }),
    );
    return streamWire({ ...here, destroy: async () => void here.input.destroy() });
  };
  const host = peerHost({ ...quickTimes, ...options.client, connect });
  return {
    host,
    log,
    connections: () => served.length,
    frames: () => line.frames,
    async [Symbol.asyncDispose]() {
      await host[Symbol.asyncDispose]();
      await Promise.all(served);
    },
  };
}

type Ends = { readonly input: Transform; readonly output: PassThrough };

/** What lies between both: counts frames, and cuts. */
class Line {
  frames = 0;

  connect(cutAt: number | undefined): { readonly there: Ends; readonly here: Ends } {
    let count = 0;
    const onFrame = (): boolean => {
      this.frames++;
      return ++count === cutAt;
    };
    const cut = (): void => {
      for (const one of taps) one.cut();
    };
    const taps = [new FrameTap(onFrame, cut), new FrameTap(onFrame, cut)] as const;
    const outputs = [new PassThrough(), new PassThrough()] as const;
    for (const [index, tap] of taps.entries()) {
      outputs[index as 0 | 1].pipe(tap);
      // As a pipe that nobody reads any more: whoever writes to it is told.
      tap.once("close", () => outputs[index as 0 | 1].destroy());
    }
    return {
      here: { output: outputs[0], input: taps[1] },
      there: { output: outputs[1], input: taps[0] },
    };
  }
}

class FrameTap extends Transform {
  readonly #onFrame: () => boolean;
  readonly #cutBoth: () => void;
  #held: Buffer = Buffer.alloc(0);
  #hasHello = false;
  #isCut = false;

  constructor(onFrame: () => boolean, cutBoth: () => void) {
    super();
    this.#onFrame = onFrame;
    this.#cutBoth = cutBoth;
  }

  cut(): void {
    if (this.#isCut) return;
    this.#isCut = true;
    this.push(null);
  }

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    if (!this.#isCut) this.#held = Buffer.concat([this.#held, chunk]);
    for (let length = this.#next(); length > 0 && !this.#isCut; length = this.#next()) {
      const frame = this.#held.subarray(0, length);
      this.#held = this.#held.subarray(length);
      const isLast = this.#onFrame();
      this.push(isLast ? frame.subarray(0, length >> 1) : frame);
      if (isLast) this.#cutBoth();
    }
    done();
  }

  override _flush(done: TransformCallback): void {
    if (!this.#isCut) this.push(this.#held);
    done();
  }

  /** Length of the frame that lies here whole, or 0. */
  #next(): number {
    if (!this.#hasHello) {
      this.#hasHello = this.#held.length >= helloBytes;
      return this.#hasHello ? helloBytes : 0;
    }
    if (this.#held.length < 4) return 0;
    const length = 4 + this.#held.readUInt32BE(0);
    return this.#held.length >= length ? length : 0;
  }
}
