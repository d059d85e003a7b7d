/**
 * Hints from what mail servers write down of their changes. Alone it is no watch: it tells of mail, some time after it
 * changed, and of nothing that others do. Beside a watch that loses changes in silence it makes up for those.
 */
import { setImmediate } from "node:timers/promises";
import type { RawPath } from "#image";
import type {
  ChangeHint,
  ChangeHints,
  HintSources,
  HintsUnavailable,
  OpenHintsRequest,
} from "./change-hints.ts";
import { CyrusChannel } from "./cyrus-channel.ts";
import { DovecotLog } from "./dovecot-log.ts";
import type { LogSource } from "./log-source.ts";

export type ServerLogOptions = {
  /** Logs are looked at this often. Default 100. */
  readonly everyMs?: number;
  /** A folder is told of at once, and again so long after. Default 1000. */
  readonly spacingMs?: number;
  /**
   * This watches as well, so that it is no loss of changes when a log's lines are lost. Where it watches everything a
   * folder is told of 10 s after, for it has told of it, unless that was lost.
   */
  readonly beside?: Pick<ChangeHints, "limits">;
  /** Does not go back. Default: the system's steady clock. */
  readonly steadyMs?: () => number;
};

type Told = { readonly atMs: number; readonly next: ChangeHint | undefined };

const netSpacingMs = 10_000;
const mostTold = 50_000;

/** Unavailable where nobody said where logs are. */
export async function openServerLog(
  request: OpenHintsRequest,
  options: ServerLogOptions = {},
): Promise<ChangeHints | HintsUnavailable> {
  const { steadyMs = () => performance.now() } = options;
  const sources = sourcesOf(request, { named: request.sources ?? {}, steadyMs });
  if (sources.length === 0) return { unavailable: "no log of the mail server is named" };
  return new ServerLogHints(request, { ...options, steadyMs, sources });
}

function sourcesOf(
  request: OpenHintsRequest,
  { named, steadyMs }: { readonly named: HintSources; readonly steadyMs: () => number },
): readonly LogSource[] {
  const { dovecotLog, cyrusChannel } = named;
  return [
    ...(dovecotLog === undefined ? [] : [new DovecotLog(dovecotLog, { ...request, steadyMs })]),
    ...(cyrusChannel === undefined ? [] : [new CyrusChannel(cyrusChannel, { request, steadyMs })]),
  ];
}

class ServerLogHints implements ChangeHints {
  readonly way = "server-log";
  readonly #request: OpenHintsRequest;
  readonly #options: Required<Omit<ServerLogOptions, "beside">>;
  readonly #beside: Pick<ChangeHints, "limits"> | undefined;
  readonly #sources: readonly LogSource[];
  readonly #told = new Map<RawPath, Told>();
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(
    request: OpenHintsRequest,
    {
      sources,
      ...options
    }: ServerLogOptions & {
      readonly sources: readonly LogSource[];
      readonly steadyMs: () => number;
    },
  ) {
    const { everyMs = 100, spacingMs = 1000, steadyMs, beside } = options;
    this.#request = request;
    this.#options = { everyMs, spacingMs, steadyMs };
    this.#beside = beside;
    this.#sources = sources;
    this.#wait();
  }

  get limits(): string {
    const troubles = this.#sources.flatMap(({ trouble }) => trouble ?? []);
    const titles = this.#sources.map(({ title }) => title).join(" and ");
    const what =
      this.#beside !== undefined
        ? `${titles} makes up for changes of mail that a watch misses`
        : `${titles} tells of changes of mail within a second or two; what else changes is found by scans`;
    return [what, ...troubles].join("; ");
  }

  /** What is in the logs by now. A server writes there after the change: how long after is not known. */
  async settle(): Promise<void> {
    while (!this.#isOver && this.#read()) await setImmediate();
    this.#tellDue({ isAll: true });
  }

  watchFolder(): void {
    // Whose mail it is, and where, is asked of the store for each line.
  }

  forgetFolder(): void {
    // As above.
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    clearTimeout(this.#timer);
    for (const source of this.#sources) source[Symbol.dispose]();
  }

  #wait(): void {
    this.#timer = setTimeout(() => void this.#beat(), this.#options.everyMs);
    this.#timer.unref();
  }

  async #beat(): Promise<void> {
    while (!this.#isOver && this.#read()) await setImmediate();
    if (this.#isOver) return;
    this.#tellDue();
    this.#wait();
  }

  /** Returns whether more waits to be read. */
  #read(): boolean {
    let hasMore = false;
    for (const source of this.#sources) {
      const { hints, lost, hasMore: hasMoreOfIt } = source.poll();
      hasMore ||= hasMoreOfIt;
      for (const hint of hints) this.#note(hint);
      if (lost !== undefined && this.#beside === undefined)
        this.#request.listener.onLoss({ why: "lost", message: `${source.title}: ${lost}` });
    }
    return hasMore;
  }

  #note(hint: ChangeHint): void {
    const known = this.#told.get(hint.folder);
    const { steadyMs } = this.#options;
    const below = hint.below === true || known?.next?.below === true;
    const next = below ? { ...hint, below } : hint;
    if (known === undefined && this.#told.size >= mostTold) return this.#tell([next]);
    const atMs = known?.atMs ?? (this.#isNet ? steadyMs() : -Infinity);
    this.#told.set(hint.folder, { atMs, next });
  }

  /** Only for what a watch loses in silence. */
  get #isNet(): boolean {
    return this.#beside !== undefined && this.#beside.limits === undefined;
  }

  #tellDue({ isAll = false }: { readonly isAll?: boolean } = {}): void {
    const now = this.#options.steadyMs();
    const spacingMs = this.#isNet ? netSpacingMs : this.#options.spacingMs;
    const due: ChangeHint[] = [];
    for (const [folder, { atMs, next }] of this.#told) {
      if (!isAll && now < atMs + spacingMs) continue;
      if (next === undefined) this.#told.delete(folder);
      else {
        due.push(next);
        this.#told.set(folder, { atMs: now, next: undefined });
      }
    }
    this.#tell(due);
  }

  #tell(hints: readonly ChangeHint[]): void {
    if (hints.length > 0 && !this.#isOver) this.#request.listener.onHints(hints);
  }
}
