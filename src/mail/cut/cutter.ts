/**
 * Where a file's bytes are cut into blobs. Concatenated, the pieces are always the original
 * bytes: nothing is decoded, and a wrong guess about a hostile message only costs space.
 */
import type { ContentKind } from "./content-kind.ts";
import type { Cutter } from "./cutter-port.ts";
import { DboxCutter } from "./dbox-cutter.ts";
import { MboxCutter } from "./mbox-cutter.ts";
import { MessageScanner } from "./message-scanner.ts";
import { MessageStream } from "./message-stream.ts";
import { partMinimumBytes, restMinimumBytes } from "./cut-plan.ts";
import { afterFromLine, deliveryTraceEnd } from "../message/delivery-trace.ts";

/** A cut is never announced later than this many bytes behind what was pushed. */
export const cutLookbackBytes: number = 128 * 1024;

const noCuts: readonly number[] = [];
const wholeScanner = new MessageScanner();

/**
 * The offsets at which new blobs start, ascending, without 0 and the length. Parts of about
 * 4 KiB and more come apart, small remainders stay together: at most two cuts in any KiB.
 */
export function cutWhole(kind: ContentKind, bytes: Uint8Array): readonly number[] {
  if (kind === "other" || bytes.length <= restMinimumBytes) return noCuts;
  if (kind !== "message") {
    const cutter = openCutter(kind);
    const cuts = cutter.push(bytes);
    return [...cuts, ...cutter.end()];
  }
  const rest = deliveryTraceEnd(bytes, 0, bytes.length);
  if (bytes.length - rest < restMinimumBytes) return noCuts;
  if (bytes.length - rest < partMinimumBytes) {
    return rest > afterFromLine(bytes, 0, bytes.length) ? [rest] : noCuts;
  }
  wholeScanner.plan.reset();
  wholeScanner.begin({ isInside: false });
  wholeScanner.scan(asBuffer(bytes), { offset: 0, from: 0, ends: "file" });
  return wholeScanner.plan.cuts;
}

/** The same cuts as `cutWhole`, however the bytes are divided, in bounded memory. */
export function openCutter(kind: ContentKind): Cutter {
  switch (kind) {
    case "other":
      return { push: () => noCuts, end: () => noCuts, heldBytes: 0 };
    case "message":
      return new MessageCutter();
    case "mbox":
      return new MboxCutter();
    case "dbox":
      return new DboxCutter();
  }
}

class MessageCutter implements Cutter {
  readonly #stream = new MessageStream();

  constructor() {
    this.#stream.begin(0, { isInside: false });
  }

  get heldBytes(): number {
    return this.#stream.heldBytes;
  }

  push(chunk: Uint8Array): readonly number[] {
    this.#stream.push(asBuffer(chunk), { ends: "nothing" });
    return this.#stream.scanner.plan.take();
  }

  end(): readonly number[] {
    this.#stream.push(Buffer.alloc(0), { ends: "file" });
    return this.#stream.scanner.plan.take();
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return bytes instanceof Buffer
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
