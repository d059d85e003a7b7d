import { formatBytes, formatDuration } from "#time";
import { countText } from "./text.ts";

export type ProgressState = {
  /** What is done now: "capture", "verify". */
  readonly label: string;
  readonly done: number;
  /** 0 where it is not known yet. */
  readonly total: number;
  /** What is counted: "files", "packs". */
  readonly unit: string;
  readonly bytesDone?: number;
  readonly bytesTotal?: number;
};

export type ProgressSink =
  | { readonly kind: "quiet" }
  /** One line that is rewritten. */
  | { readonly kind: "terminal"; readonly say: (text: string) => void }
  /** A line now and then, for a log. */
  | { readonly kind: "lines"; readonly say: (text: string) => void }
  /** An object now and then, for a program. */
  | { readonly kind: "events"; readonly emit: (event: ProgressEvent) => void };

export type ProgressEvent = ProgressState & {
  readonly type: "progress";
  readonly elapsedMs: number;
  readonly remainingMs?: number;
};

const everyMs: Readonly<Record<ProgressSink["kind"], number>> = {
  quiet: Number.POSITIVE_INFINITY,
  terminal: 100,
  lines: 30_000,
  events: 1_000,
};

/** Shows how far a long job is, no more often than its sink can bear. */
export class Progress {
  readonly #sink: ProgressSink;
  readonly #clockMs: () => number;
  readonly #startedMs: number;
  #shownMs: number;
  #lineShown = false;

  constructor(sink: ProgressSink, { clockMs }: { readonly clockMs: () => number }) {
    this.#sink = sink;
    this.#clockMs = clockMs;
    this.#startedMs = clockMs();
    this.#shownMs = this.#startedMs;
  }

  update(state: ProgressState): void {
    const sink = this.#sink;
    if (sink.kind === "quiet") return;
    const now = this.#clockMs();
    if (now - this.#shownMs < everyMs[sink.kind]) return;
    this.#shownMs = now;
    const elapsedMs = now - this.#startedMs;
    if (sink.kind === "events") {
      const remaining = remainingMs(state, elapsedMs);
      sink.emit({
        type: "progress",
        ...state,
        elapsedMs: Math.round(elapsedMs),
        ...(remaining === undefined ? {} : { remainingMs: Math.round(remaining) }),
      });
    } else if (sink.kind === "lines") {
      sink.say(`${progressText(state, elapsedMs)}\n`);
    } else {
      this.#lineShown = true;
      sink.say(`\r${eraseLine}${progressText(state, elapsedMs)}`);
    }
  }

  /** Takes the rewritten line away, so that the result stands on a clean one. */
  finish(): void {
    if (this.#sink.kind === "terminal" && this.#lineShown) this.#sink.say(`\r${eraseLine}`);
    this.#lineShown = false;
  }
}

const eraseLine = "\u001b[K";

/** "capture  1,204 of 6,046 files  120 MiB of 400 MiB  60.0 MiB/s  5 s left". */
export function progressText(state: ProgressState, elapsedMs: number): string {
  const { label, done, total, unit, bytesDone, bytesTotal } = state;
  const parts = [
    label,
    total > 0 ? `${countText(done)} of ${countText(total)} ${unit}` : `${countText(done)} ${unit}`,
  ];
  if (bytesDone !== undefined && bytesDone > 0) {
    parts.push(
      bytesTotal === undefined || bytesTotal === 0
        ? formatBytes(bytesDone)
        : `${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)}`,
    );
    if (elapsedMs > 0) parts.push(`${formatBytes((bytesDone / elapsedMs) * 1000)}/s`);
  } else if (elapsedMs > 0 && done > 0) {
    parts.push(`${countText((done / elapsedMs) * 1000)} ${unit}/s`);
  }
  const remaining = remainingMs(state, elapsedMs);
  if (remaining !== undefined) parts.push(`${formatDuration(remaining)} left`);
  return parts.join("  ");
}

/** By bytes where they are known, since messages differ in size; by count otherwise. */
function remainingMs(
  { done, total, bytesDone, bytesTotal }: ProgressState,
  elapsedMs: number,
): number | undefined {
  const byBytes =
    bytesDone !== undefined && bytesTotal !== undefined && bytesTotal > 0 && bytesDone > 0;
  const fraction = byBytes ? bytesDone / bytesTotal : total > 0 ? done / total : 0;
  if (fraction <= 0 || elapsedMs <= 0) return undefined;
  return Math.max(0, elapsedMs / Math.min(1, fraction) - elapsedMs);
}
