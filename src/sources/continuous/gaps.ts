/**
 * Gaps of the journal: spans in which changes may have gone unseen. A gap is written down as soon as
 * it is known, at its widest; when a scan has found what was missed, it is written once more, as
 * narrow as what was found allows, right before the mark that the scan is complete.
 */
import { isWithin, type RawPath } from "#image";
import type { GapReason, JournalEvent } from "#journal";
import { type ScanEvidence } from "./evidence.ts";

export type Gap = Extract<JournalEvent, { readonly type: "gap" }>;

type OpenGap = {
  readonly why: GapReason;
  readonly fromNs: bigint;
  readonly path: RawPath;
  readonly message: string;
};

export class Gaps {
  #open: OpenGap[] = [];
  #count = 0;

  /** Gaps since the start. */
  get count(): number {
    return this.#count;
  }

  get isOpen(): boolean {
    return this.#open.length > 0;
  }

  /** The event to write. Until a scan of `path` is complete, what happened since may be unknown. */
  open(gap: OpenGap, nowNs: bigint): Gap {
    this.#count++;
    this.#open.push(gap);
    return gapEvent(gap, nowNs > gap.fromNs ? nowNs : gap.fromNs);
  }

  /** The events to write after a scan of everything at or below `path` but what could not be seen. */
  narrow(
    path: RawPath,
    evidence: ScanEvidence,
    { nowNs, unseen }: { readonly nowNs: bigint; readonly unseen: (path: RawPath) => boolean },
  ): readonly Gap[] {
    const done = this.#open.filter((gap) => isWithin(gap.path, path) && !unseen(gap.path));
    this.#open = this.#open.filter((gap) => !done.includes(gap));
    return done.map((gap) => narrowed(gap, evidence, nowNs));
  }
}

function narrowed(gap: OpenGap, evidence: ScanEvidence, nowNs: bigint): Gap {
  if (evidence.count === 0) {
    const message = "Narrowed: a scan found nothing that was missed.";
    return gapEvent({ ...gap, message }, gap.fromNs);
  }
  const { notBeforeNs, folder, count } = evidence;
  const isLater = notBeforeNs !== undefined && notBeforeNs > gap.fromNs && notBeforeNs <= nowNs;
  const path = isWithin(folder, gap.path) ? folder : gap.path;
  const message = `Narrowed: a scan found ${count} ${count === 1 ? "change" : "changes"} that had been missed.`;
  return gapEvent({ ...gap, message, path, fromNs: isLater ? notBeforeNs : gap.fromNs }, nowNs);
}

function gapEvent({ why, fromNs, path, message }: OpenGap, toNs: bigint): Gap {
  return { type: "gap", why, fromNs, toNs, message, ...(path === "" ? {} : { path }) };
}
