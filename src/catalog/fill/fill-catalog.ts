import { isRecoveryError } from "#errors";
import type { Image } from "#image";
import type { Catalog, CatalogFill, MomentFacts } from "../catalog.ts";
import { FactsPool } from "./facts-pool.ts";
import { fillMoment, fillUnknownMoment } from "./fill-moment.ts";

export type FillSource = {
  readonly image: Image;
  /**
   * Where the moment does not hold what was there, as `displayPath` shows it; "" where that may be
   * anywhere. What an Image itself reports is added.
   */
  readonly missing: readonly string[];
};

export type FillProgress = {
  readonly moment: FillableMoment;
  readonly momentsDone: number;
  readonly momentsTotal: number;
  /** Messages and their bytes that were read, in all. */
  readonly messages: number;
  readonly bytes: number;
};

export type FillableMoment = Omit<MomentFacts, "history">;

export type FillOptions = {
  /** All moments of the copy, each history's in its order. */
  readonly moments: readonly FillableMoment[];
  /** Opens one; closed here. */
  readonly open: (moment: FillableMoment) => Promise<FillSource>;
  /** Threads that read messages, beside one that writes. Default: by the number of processors; 0 does all in this one. */
  readonly workers?: number;
  readonly onProgress?: (progress: FillProgress) => void;
  readonly onWait?: () => void;
  readonly signal?: AbortSignal;
};

export type FillResult = {
  readonly added: number;
  readonly forgotten: number;
  readonly messagesRead: number;
  readonly bytesRead: number;
  /** Of the moments that were added, what is not whole in them. */
  readonly problems: readonly { readonly moment: FillableMoment; readonly problem: string }[];
};

/** Characters of each message's text that are searched. */
export const textLimit: number = 256 * 1024;

/**
 * Makes the catalog fit the moments of the copy: forgets those that are gone, adds those that it does
 * not know, oldest first. A run that is interrupted goes on where it was when it is run again. A moment
 * that cannot be opened is added as one of which nothing is known; storage that does not answer throws.
 */
export async function fillCatalog(catalog: Catalog, options: FillOptions): Promise<FillResult> {
  const { signal, onWait } = options;
  const moments = options.moments.map((moment): MomentFacts => ({
    ...moment,
    history: historyOf(moment),
  }));
  // A first fill is worth a thread that writes.
  const isLarge = options.workers !== 0 && (await catalog.moments()).length === 0;
  await using fill = await catalog.beginFill({
    isLarge,
    ...(onWait === undefined ? {} : { onWait }),
    ...(signal === undefined ? {} : { signal }),
  });
  const { forgotten } = await fill.keepOnly(moments);
  const known = new Set((await catalog.moments()).map(({ id, history }) => `${history} ${id}`));
  const added = moments.filter(({ id, history }) => !known.has(`${history} ${id}`));
  await using pool = new FactsPool({
    textLimit: catalog.fullText ? textLimit : 0,
    workers: options.workers,
  });
  const run = new Run(options, added.length);
  for (const moment of added) {
    signal?.throwIfAborted();
    await run.add(moment, { fill, pool, textLimit: catalog.fullText ? textLimit : 0 });
  }
  return { added: added.length, forgotten, ...run.result };
}

type Adding = { readonly fill: CatalogFill; readonly pool: FactsPool; readonly textLimit: number };

class Run {
  readonly #options: FillOptions;
  readonly #total: number;
  readonly #problems: { readonly moment: FillableMoment; readonly problem: string }[] = [];
  #done = 0;
  #messages = 0;
  #bytes = 0;

  constructor(options: FillOptions, total: number) {
    this.#options = options;
    this.#total = total;
  }

  get result(): Pick<FillResult, "messagesRead" | "bytesRead" | "problems"> {
    return { messagesRead: this.#messages, bytesRead: this.#bytes, problems: this.#problems };
  }

  async add(moment: MomentFacts, { fill, pool, textLimit: limit }: Adding): Promise<void> {
    const { signal } = this.#options;
    this.#tell(moment);
    const momentFill = await fill.beginMoment(moment);
    let source: FillSource;
    try {
      source = await this.#options.open(moment);
    } catch (error) {
      if (!isRecoveryError(error) || error.retryable) throw error;
      await fillUnknownMoment(momentFill, error.message);
      this.#finish(moment, [error.message]);
      return;
    }
    await using image = source.image;
    const problems = await fillMoment(image, {
      fill: momentFill,
      pool,
      textLimit: limit,
      missing: source.missing,
      onRead: (messages, bytes) => {
        this.#messages += messages;
        this.#bytes += bytes;
        this.#tell(moment);
      },
      signal,
    });
    this.#finish(moment, problems);
  }

  #finish(moment: FillableMoment, problems: readonly string[]): void {
    this.#done++;
    for (const problem of problems) this.#problems.push({ moment, problem });
  }

  #tell(moment: FillableMoment): void {
    this.#options.onProgress?.({
      moment,
      momentsDone: this.#done,
      momentsTotal: this.#total,
      messages: this.#messages,
      bytes: this.#bytes,
    });
  }
}

/** Two machines that keep one folder in one repository are two histories. */
export function historyOf({ group, hostname, paths }: FillableMoment): string {
  return JSON.stringify([group, hostname, ...paths]);
}
