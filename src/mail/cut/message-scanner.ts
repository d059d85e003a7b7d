import { CutPlan } from "./cut-plan.ts";
import { isPacked } from "./content-kind.ts";
import {
  afterFromLine,
  deliveryTraceEnd,
  isField,
  traceLimitBytes,
} from "../message/delivery-trace.ts";
import { boundaryLimitBytes, entityLayoutOf } from "./mime-boundary.ts";

/** Multiparts within multiparts; deeper ones are cut as one part. */
const nestingLimit = 16;
/** A Content-Type that is longer is not read. */
const contentTypeLimit = 4096;
/** What follows in a longer header line is not looked at. */
const lineLimitBytes = 1024;
/** No step looks further ahead than this, but for the trace. */
const stepBytes = Math.max(lineLimitBytes, boundaryLimitBytes + 8) + 8;

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const dash = 0x2d;
const contentTypeName = Buffer.from("content-type");

type Phase = "trace" | "header" | "header-line" | "parts" | "rest";

/**
 * Walks once through a message and tells a `CutPlan` where its parts begin and end. Holds no
 * bytes: whoever calls `scan` hands on what it did not consume together with more, and each
 * step sees a fixed number of bytes ahead, so that the cuts do not depend on how the bytes
 * were divided. Header lines are walked in JavaScript, bodies by the native search for
 * boundaries, bodies without parts not at all.
 */
export class MessageScanner {
  readonly plan: CutPlan = new CutPlan();
  #phase: Phase = "trace";
  /** Whether the message lies within a larger file (mbox, dbox). */
  #isInside = false;
  /** Delimiters ("--" and boundary) of the open multiparts, outermost first. */
  readonly #delimiters: Buffer[] = [];
  /** What all of them begin with. */
  #needle: Buffer = contentTypeName;
  #contentType = "";
  #isCollecting = false;
  #isLineStart = true;

  begin(options: { readonly isInside: boolean }): void {
    this.#phase = "trace";
    this.#isInside = options.isInside;
    this.#delimiters.length = 0;
    this.#contentType = "";
    this.#isCollecting = false;
    this.#isLineStart = true;
  }

  /** How many bytes `scan` needs to get anywhere, unless they are the last. */
  get lookaheadBytes(): number {
    return this.#phase === "trace" ? traceLimitBytes + 8 : stepBytes;
  }

  /**
   * Continues with the bytes from index `from`; returns the index up to which they were
   * consumed, which is all of them where the message or the file ends with them.
   */
  scan(bytes: Buffer, span: ScanSpan): number {
    const { offset, ends } = span;
    const isLast = ends !== "nothing";
    const to = bytes.length;
    let position = span.from;
    while (position < to || isLast) {
      if (!isLast && to - position <= this.lookaheadBytes) break;
      if (this.#phase === "rest" || position >= to) {
        position = to;
        break;
      }
      position = this.#step(bytes, { offset, from: position, ends });
    }
    this.plan.advance(offset + position);
    if (isLast) this.plan.endMessage(offset + to, { isInside: ends === "message" });
    return position;
  }

  #step(bytes: Buffer, span: ScanSpan): number {
    switch (this.#phase) {
      case "trace":
        return this.#trace(bytes, span);
      case "header":
        return this.#header(bytes, span);
      case "header-line":
        return this.#headerLine(bytes, span);
      case "parts":
        return this.#parts(bytes, span);
      case "rest":
        return bytes.length;
    }
  }

  #trace(bytes: Buffer, { offset, from }: ScanSpan): number {
    const start = this.#isInside ? afterBlankLine(bytes, from) : from;
    const end = deliveryTraceEnd(bytes, start, bytes.length);
    const isFromLine = end > start && end === afterFromLine(bytes, start, bytes.length);
    this.plan.beginRest(offset + end, { hasPrefix: this.#isInside || end > from, isFromLine });
    this.#phase = "header";
    if (isPacked(bytes, from, bytes.length)) this.#openPart(offset + from);
    return end;
  }

  /** Whole lines of a header, from the start of a line. */
  #header(bytes: Buffer, span: ScanSpan): number {
    const { offset, ends } = span;
    const to = bytes.length;
    const lastStart = ends !== "nothing" ? to : to - stepBytes;
    let position = span.from;
    while (position < to && position <= lastStart) {
      const first = bytes[position] as number;
      if (first === lineFeed) return this.#endHeader(position + 1, offset);
      if (first === carriageReturn && bytes[position + 1] === lineFeed && position + 1 < to) {
        return this.#endHeader(position + 2, offset);
      }
      if (first === dash && this.#delimiters.length > 0) {
        const after = this.#delimiterAt(bytes, position, offset);
        if (after >= 0) return after;
      }
      const limit = Math.min(to, position + lineLimitBytes);
      let end = position;
      while (end < limit && bytes[end] !== lineFeed) end++;
      if (first === 0x20 || first === 0x09) {
        if (this.#isCollecting) this.#collect(bytes, position, end);
      } else {
        this.#isCollecting = false;
        if ((first | 0x20) === 0x63) this.#startCollecting(bytes, position, end);
      }
      if (end === limit && limit < to) {
        this.#phase = "header-line";
        return end;
      }
      position = end + 1;
    }
    return Math.min(position, to);
  }

  #startCollecting(bytes: Buffer, position: number, end: number): void {
    if (this.#contentType !== "" || !isField(bytes, position, end, contentTypeName)) return;
    this.#isCollecting = true;
    this.#collect(bytes, bytes.indexOf(0x3a, position) + 1, end);
  }

  #collect(bytes: Buffer, from: number, to: number): void {
    this.#contentType += bytes.toString("latin1", from, to);
    if (this.#contentType.length <= contentTypeLimit) return;
    this.#contentType = "overlong";
    this.#isCollecting = false;
  }

  /** The rest of a line that is too long to look at, or of a delimiter's line. */
  #headerLine(bytes: Buffer, { from }: ScanSpan): number {
    const end = bytes.indexOf(lineFeed, from);
    if (end < 0) return bytes.length;
    this.#phase = "header";
    return end + 1;
  }

  #endHeader(position: number, offset: number): number {
    const contentType = this.#contentType;
    const layout = contentType === "" ? undefined : entityLayoutOf(contentType);
    this.#contentType = "";
    this.#isCollecting = false;
    if (layout?.kind === "message") return position;
    if (layout?.kind === "multipart" && this.#delimiters.length < nestingLimit) {
      this.#delimiters.push(Buffer.from(`--${layout.boundary}`, "latin1"));
      this.#needle = commonStart(this.#delimiters);
    }
    this.#openPart(offset + position);
    return position;
  }

  /** What follows is content up to the next delimiter: a leaf, a preamble or an epilogue. */
  #openPart(offset: number): void {
    this.plan.openPart(offset);
    this.#phase = this.#delimiters.length > 0 ? "parts" : "rest";
    this.#isLineStart = true;
  }

  #parts(bytes: Buffer, span: ScanSpan): number {
    const { offset, from, ends } = span;
    const to = bytes.length;
    const lastStart = ends !== "nothing" ? to : to - stepBytes;
    let position = from;
    for (;;) {
      const found = bytes.indexOf(this.#needle, position);
      if (found < 0 || found > lastStart) {
        const consumed = Math.max(position, lastStart);
        if (consumed > from) this.#isLineStart = bytes[consumed - 1] === lineFeed;
        return consumed;
      }
      const isLineStart = found === from ? this.#isLineStart : bytes[found - 1] === lineFeed;
      const after = isLineStart ? this.#delimiterAt(bytes, found, offset) : -1;
      if (after >= 0) return after;
      position = found + this.#needle.length;
    }
  }

  /** Acts upon a delimiter at the start of a line; -1 where there is none, else where to go on. */
  #delimiterAt(bytes: Buffer, position: number, offset: number): number {
    const to = bytes.length;
    for (let level = this.#delimiters.length - 1; level >= 0; level--) {
      const delimiter = this.#delimiters[level] as Buffer;
      const after = position + delimiter.length;
      if (after > to || !startsWith(bytes, position, delimiter)) continue;
      const isClose = after + 1 < to && bytes[after] === dash && bytes[after + 1] === dash;
      if (!isClose && after < to && (bytes[after] as number) > 0x20) continue;
      this.plan.closePart(offset + position);
      this.#contentType = "";
      this.#isCollecting = false;
      this.#delimiters.length = isClose ? level : level + 1;
      this.#needle = commonStart(this.#delimiters);
      if (!isClose) {
        this.#phase = "header-line";
        return after;
      }
      this.#openPart(offset + after + 2);
      this.#isLineStart = false;
      return after + 2;
    }
    return -1;
  }
}

export type ScanSpan = {
  /** Where bytes[0] lies in the file. */
  readonly offset: number;
  readonly from: number;
  /** What ends with the last of the bytes. */
  readonly ends: MessageEnd;
};

export type MessageEnd = "nothing" | "message" | "file";

/** Past the blank line before an mbox's `From ` line. */
function afterBlankLine(bytes: Buffer, from: number): number {
  const start = from + (bytes[from] === carriageReturn ? 2 : 1);
  const isBorder =
    bytes[start - 1] === lineFeed && afterFromLine(bytes, start, bytes.length) > start;
  return isBorder ? start : from;
}

function startsWith(bytes: Buffer, position: number, prefix: Buffer): boolean {
  for (let index = 0; index < prefix.length; index++) {
    if (bytes[position + index] !== prefix[index]) return false;
  }
  return true;
}

function commonStart(delimiters: readonly Buffer[]): Buffer {
  const first = delimiters[0];
  if (first === undefined || delimiters.length === 1) return first ?? contentTypeName;
  let length = first.length;
  for (const delimiter of delimiters) {
    let same = 0;
    while (same < length && delimiter[same] === first[same]) same++;
    length = same;
  }
  return first.subarray(0, length);
}
