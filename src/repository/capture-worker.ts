/** A thread of a capture: reads files, cuts, hashes, compresses, encrypts and packs them. */
import {
  type MessagePort,
  parentPort,
  receiveMessageOnPort,
  workerData,
} from "node:worker_threads";
import { BlobWriter } from "./blob-writer.ts";
import type { MasterKey } from "./crypto.ts";
import type { BatchResult, FileBatch } from "./file-batch.ts";
import { FileReader } from "./file-reader.ts";
import type { FinishedPack } from "./packer.ts";
import { openPieceSplitter } from "./piece-splitter.ts";

export type CaptureWorkerData = {
  readonly masterKey: MasterKey;
  readonly version: 1 | 2;
  readonly polynomial: bigint;
  readonly knownBlobs: SharedArrayBuffer;
};

/** How a thread is kept from producing packs faster than storage takes them, while it reads one file that is larger than memory. */
export type PackReturn = {
  /** One number: packs that this thread handed over and that are not stored yet. */
  readonly underWay: SharedArrayBuffer;
  /** Memory of packs that are stored comes back here. */
  readonly memory: MessagePort;
};

/** One on its way and one that follows: storage that is slower than that is not made quicker by memory. */
const maxPacksUnderWay = 2;

export type CaptureRequest =
  | { readonly kind: "files"; readonly batch: FileBatch }
  /** A tree that the main thread has claimed. */
  | { readonly kind: "tree"; readonly id: Uint8Array; readonly bytes: Uint8Array }
  | { readonly kind: "known-blobs"; readonly memory: SharedArrayBuffer }
  | { readonly kind: "flush" };

export type BlobTotals = {
  readonly addedBytes: number;
  readonly storedBytes: number;
  readonly dataBlobs: number;
  readonly treeBlobs: number;
};

export type CaptureReply =
  | { readonly kind: "pack"; readonly pack: FinishedPack }
  /** The answer to one request; `result` only for files. */
  | { readonly kind: "done"; readonly result?: BatchResult; readonly totals: BlobTotals }
  | {
      readonly kind: "failed";
      readonly code: string;
      readonly message: string;
      readonly hint?: string;
    };

export function serveCapture(
  port: MessagePort,
  { packReturn, ...data }: CaptureWorkerData & { readonly packReturn: PackReturn },
): void {
  const underWay = new Int32Array(packReturn.underWay);
  const writer = new BlobWriter({
    ...data,
    onPack: (pack) => {
      port.postMessage({ kind: "pack", pack }, [pack.bytes.buffer as ArrayBuffer]);
      let count = Atomics.add(underWay, 0, 1) + 1;
      for (; count > maxPacksUnderWay; count = Atomics.load(underWay, 0))
        Atomics.wait(underWay, 0, count);
      for (
        let back = receiveMessageOnPort(packReturn.memory);
        back !== undefined;
        back = receiveMessageOnPort(packReturn.memory)
      ) {
        writer.slabs.giveBack(back.message as ArrayBuffer);
      }
    },
  });
  const reader = new FileReader(writer, openPieceSplitter(data.polynomial));
  const serve = (request: CaptureRequest): BatchResult | undefined => {
    switch (request.kind) {
      case "files":
        return reader.storeBatch(request.batch);
      case "tree":
        writer.store(request.bytes, { id: request.id, type: "tree" });
        return undefined;
      case "known-blobs":
        writer.useKnownBlobs(request.memory);
        return undefined;
      case "flush":
        writer.flush();
        return undefined;
    }
  };
  port.on("message", (request: CaptureRequest) => {
    try {
      const result = serve(request);
      const totals = { ...writer.counts };
      port.postMessage({ kind: "done", totals, ...(result === undefined ? {} : { result }) });
    } catch (error) {
      port.postMessage(failureOf(error));
    }
  });
}

function failureOf(error: unknown): CaptureReply {
  const { code, hint, message } = error as { code?: unknown; hint?: unknown; message?: unknown };
  return {
    kind: "failed",
    code: typeof code === "string" ? code : "repository.worker",
    message: String(message ?? error),
    ...(typeof hint === "string" ? { hint } : {}),
  };
}

if (parentPort !== null) {
  serveCapture(parentPort, workerData as Parameters<typeof serveCapture>[1]);
}
