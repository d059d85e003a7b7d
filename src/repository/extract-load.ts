/** Makes one task of a plan ready: its parts' blobs are loaded and laid out in columns. */
import { type RecoveryError, isRecoveryError } from "#errors";
import type { BlobIndex } from "./blob-index.ts";
import { type ExtractPlan, runOfBlob } from "./extract-plan.ts";
import { attributeColumns } from "./file-attributes.ts";
import type { ExtractTask } from "./extract-task.ts";
import type { PackRuns } from "./pack-runs.ts";

export type LoadedTask = {
  readonly task: ExtractTask;
  /** Blobs that cannot be had, by blob number. The task is void then. */
  readonly failures: ReadonlyMap<number, RecoveryError>;
};

type LoadTaskOptions = {
  readonly plan: ExtractPlan;
  readonly runs: PackRuns;
  readonly parts: readonly number[];
  readonly memory: TaskMemory;
};

/** Buffers that go to a thread with a task and come back with its outcome. */
export class TaskMemory {
  readonly #free: ArrayBuffer[] = [];

  take(lengthBytes: number): Uint8Array {
    const fitting = this.#free.findIndex(({ byteLength }) => byteLength >= lengthBytes);
    const buffer =
      fitting < 0
        ? Buffer.allocUnsafeSlow(Math.max(lengthBytes, bufferBytes)).buffer
        : (this.#free.splice(fitting, 1)[0] as ArrayBuffer);
    return new Uint8Array(buffer, 0, lengthBytes);
  }

  give({ buffer }: Uint8Array): void {
    const isPlain = buffer instanceof ArrayBuffer && buffer.byteLength <= largestBufferBytes;
    if (isPlain && this.#free.length < maxFreeBuffers) this.#free.push(buffer);
  }
}

const bufferBytes = 1024 * 1024;
const largestBufferBytes: number = 4 * bufferBytes;
const maxFreeBuffers = 8;

export async function loadTask({
  plan,
  runs,
  parts,
  memory,
}: LoadTaskOptions): Promise<LoadedTask> {
  const { wanted, blobs } = collectBlobs(plan, parts);
  const columns = columnsOf(plan.index, wanted, memory);
  const failures = await fillSealed(columns, { plan, runs, wanted, blobs });
  const { parts: all, files } = plan;
  const created = new Uint8Array(new SharedArrayBuffer(parts.length));
  const task: ExtractTask = {
    targets: parts.map((part) => files[all.file[part] as number]?.request.to).join("\0"),
    fileOffsets: Float64Array.from(parts, (part) => all.fileOffset[part] as number),
    blobCounts: Uint32Array.from(parts, (part) => all.blobCount[part] as number),
    attributes: attributeColumns(
      parts.map((part) => files[all.file[part] as number]?.request.attributes),
    ),
    blobs,
    created,
    ...columns,
  };
  return { task, failures };
}

/** Each blob once, in the order in which the parts want them, and their positions part by part. */
function collectBlobs(
  plan: ExtractPlan,
  parts: readonly number[],
): { readonly wanted: Uint32Array; readonly blobs: Uint32Array } {
  const { firstBlob, blobCount } = plan.parts;
  const positions = new Map<number, number>();
  const total = parts.reduce((sum, part) => sum + (blobCount[part] as number), 0);
  const blobs = new Uint32Array(total);
  let used = 0;
  for (const part of parts) {
    const first = firstBlob[part] as number;
    for (let at = first; at < first + (blobCount[part] as number); at++) {
      const blob = plan.blobs[at] as number;
      let position = positions.get(blob);
      if (position === undefined) positions.set(blob, (position = positions.size));
      blobs[used++] = position;
    }
  }
  return { wanted: Uint32Array.from(positions.keys()), blobs };
}

type BlobColumns = Pick<ExtractTask, "ids" | "packs" | "rawLengths" | "sealedLengths" | "sealed">;

function columnsOf(index: BlobIndex, wanted: Uint32Array, memory: TaskMemory): BlobColumns {
  const ids = new Uint8Array(wanted.length * 32);
  const packs = new Uint32Array(wanted.length);
  const rawLengths = new Uint32Array(wanted.length);
  const sealedLengths = new Uint32Array(wanted.length);
  let sealedBytes = 0;
  for (const [position, blob] of wanted.entries()) {
    ids.set(index.idOf(blob), position * 32);
    packs[position] = Number.parseInt(
      (index.packs[index.packNumberOf(blob)] as string).slice(0, 8),
      16,
    );
    rawLengths[position] = index.rawLengthOf(blob);
    sealedLengths[position] = index.lengthOf(blob);
    sealedBytes += index.lengthOf(blob);
  }
  return { ids, packs, rawLengths, sealedLengths, sealed: memory.take(sealedBytes) };
}

type FillOptions = {
  readonly plan: ExtractPlan;
  readonly runs: PackRuns;
  readonly wanted: Uint32Array;
  /** Positions in `wanted`, once for each use. */
  readonly blobs: Uint32Array;
};

/** Loads run by run, one at a time: a task may need a little of many. */
async function fillSealed(
  { sealed, sealedLengths }: BlobColumns,
  { plan, runs, wanted, blobs }: FillOptions,
): Promise<ReadonlyMap<number, RecoveryError>> {
  const failures = new Map<number, RecoveryError>();
  const sealedAt = new Float64Array(wanted.length);
  const uses = new Uint32Array(wanted.length);
  for (const position of blobs) uses[position] = (uses[position] as number) + 1;
  const ofRun = new Map<number, number[]>();
  let at = 0;
  for (const [position, blob] of wanted.entries()) {
    sealedAt[position] = at;
    at += sealedLengths[position] as number;
    const run = runOfBlob(plan, blob);
    const positions = ofRun.get(run);
    if (positions === undefined) ofRun.set(run, [position]);
    else positions.push(position);
  }
  for (const [run, positions] of ofRun) {
    const bytes = await runs.load(run).catch(() => undefined);
    const start = plan.runs[run]?.offset as number;
    for (const position of positions) {
      const blob = wanted[position] as number;
      const offset = plan.index.offsetOf(blob) - start;
      try {
        // Where a run cannot be had, some of its blobs may be: a pack that was cut short.
        const own =
          bytes === undefined
            ? await runs.loadBlob(blob)
            : bytes.subarray(offset, offset + (sealedLengths[position] as number));
        sealed.set(own, sealedAt[position]);
      } catch (error) {
        // Not ours: an abort, or a bug, which must end the restore.
        if (!isRecoveryError(error)) throw error;
        failures.set(blob, error);
      }
    }
    runs.release(
      run,
      positions.reduce((sum, position) => sum + (uses[position] as number), 0),
    );
  }
  return failures;
}
