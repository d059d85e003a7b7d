import type { Copy, RecoveryPoint } from "#copies";
import { isRecoveryError } from "#errors";
import { type Image, memoryImage, type MemoryNode, readAll, rootPath, walkImage } from "#image";
import { momentKey } from "./choose-moments.ts";
import { momentGoneHere, momentGoneThere } from "./offsite-error.ts";
import type {
  OffsiteOption,
  OffsiteState,
  RefusedPoint,
  SendOptions,
  SendResult,
  SentPoint,
} from "./offsite-option.ts";
import { offsiteState } from "./offsite-state.ts";

export type MemoryOffsiteOptions = {
  readonly name?: string;
  /** Milliseconds that only go up. */
  readonly clockMs: () => number;
};

type Held = {
  readonly point: RecoveryPoint;
  readonly nodes: Readonly<Record<string, MemoryNode>>;
  readonly image: Pick<Image, "at" | "volumes" | "consistency">;
};

/** An option that holds what it is sent in memory. For tests and demonstrations. */
export function memoryOffsite(here: Copy, options: MemoryOffsiteOptions): OffsiteOption {
  return new MemoryOffsite(here, options);
}

class MemoryOffsite implements OffsiteOption {
  readonly name = "memory";
  readonly section = "2.2";
  readonly copy: Copy;
  readonly #here: Copy;
  readonly #clockMs: () => number;
  readonly #held: Held[] = [];
  readonly #leaving = new Set<RecoveryPoint>();

  constructor(here: Copy, { name = "memory", clockMs }: MemoryOffsiteOptions) {
    this.#here = here;
    this.#clockMs = clockMs;
    this.copy = copyOf(this.#held, name);
  }

  async state(signal?: AbortSignal): Promise<OffsiteState> {
    const here = await this.#here.moments(undefined, signal);
    const there = await this.copy.moments();
    return offsiteState({ here, there, onTheirWay: [...this.#leaving] });
  }

  async send(points: readonly RecoveryPoint[], options: SendOptions = {}): Promise<SendResult> {
    options.signal?.throwIfAborted();
    for (const point of points) this.#leaving.add(point);
    try {
      return await this.#send(points, options);
    } finally {
      for (const point of points) this.#leaving.delete(point);
    }
  }

  async #send(
    points: readonly RecoveryPoint[],
    { signal, onProgress }: SendOptions,
  ): Promise<SendResult> {
    const startedMs = this.#clockMs();
    const sent: SentPoint[] = [];
    const skipped: SentPoint[] = [];
    const refused: RefusedPoint[] = [];
    let bytes = 0;
    for (const [momentsDone, point] of points.entries()) {
      const progress = { momentsDone, momentsTotal: points.length, bytesTotal: 0 };
      onProgress?.({ phase: "copy", ...progress, bytesDone: bytes });
      const there = this.#held.find((one) => momentKey(one.point) === momentKey(point));
      if (there !== undefined) {
        skipped.push({ here: point, there: there.point });
        continue;
      }
      const taken = await this.#take(point, signal);
      if ("error" in taken) {
        refused.push(taken);
        continue;
      }
      bytes += Object.values(taken.nodes).reduce((sum, node) => sum + (node.bytes?.length ?? 0), 0);
      this.#held.push(taken);
      this.#held.sort((a, b) => (a.point.atNs < b.point.atNs ? -1 : 1));
      sent.push({ here: point, there: taken.point });
    }
    return {
      sent,
      skipped,
      refused,
      bytes: { read: bytes, added: bytes, stored: bytes, verified: 0 },
      phases: [{ name: "copy", elapsedMs: this.#clockMs() - startedMs }],
      verified: "held in memory",
    };
  }

  async #take(point: RecoveryPoint, signal?: AbortSignal): Promise<Held | RefusedPoint> {
    try {
      return await takeMoment(this.#here, point, signal);
    } catch (error) {
      signal?.throwIfAborted();
      if (!isRecoveryError(error)) throw error;
      const isThere = (await this.#here.moments(point.group)).some(({ id }) => id === point.id);
      const refusal = isThere ? error : momentGoneHere(point.id, this.#here.name);
      return { point, error: refusal, losses: [], lossCount: 0 };
    }
  }
}

function copyOf(held: readonly Held[], name: string): Copy {
  return {
    name,
    method: "memory",
    reach: "near",
    moments: async (group, signal) => {
      signal?.throwIfAborted();
      return held
        .map(({ point }) => point)
        .filter((point) => group === undefined || point.group === group);
    },
    open: async ({ id }, signal) => {
      signal?.throwIfAborted();
      const found = held.find(({ point }) => point.id === id);
      if (found === undefined) throw momentGoneThere(id, name);
      return memoryImage(found.nodes, found.image);
    },
  };
}

async function takeMoment(here: Copy, point: RecoveryPoint, signal?: AbortSignal): Promise<Held> {
  await using image = await here.open(point, signal);
  const nodes: Record<string, MemoryNode> = {};
  for await (const { path, entry } of walkImage(image, rootPath)) {
    signal?.throwIfAborted();
    if (path === rootPath) continue;
    const { name: _name, sizeBytes: _size, ...facts } = entry;
    nodes[path] = entry.type === "file" ? { ...facts, bytes: await readAll(image, path) } : facts;
  }
  const { at, volumes, consistency } = image;
  return {
    point: { ...point, id: `copy of ${point.id}` },
    nodes,
    image: { at, volumes, consistency },
  };
}
