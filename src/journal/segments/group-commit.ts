import type { Sequence } from "../journal-event.ts";
import { writeIndex } from "./index-writer.ts";
import { writeFailure } from "./journal-failure.ts";
import { type JournalFile, type JournalFiles, writeAll } from "./journal-files.ts";
import type { PendingFrame } from "./pending-frame.ts";
import { type DurablePosition, encodePosition, openPosition } from "./position-file.ts";
import type { SegmentEncoder } from "./segment-encoder.ts";
import { headerBytes } from "./segment-header.ts";

/** How much is written before the next sync: who waits for a sync waits for these bytes as well. */
const maxCommitBytes = 8 * 1024 * 1024;
/** What need not be durable at once waits no longer than this. */
const patienceMs = 20;
/** While one sync follows another, readers are told this often how far they may read. */
const sayEveryMs = 5;
/**
 * Handing a small write to another thread costs more than the write itself, and somebody waits for it.
 * More than this goes through one all the same; and so does everything while the disk is not known to be
 * prompt, by a sync within the last second: one that hangs must not stop whoever decides what to do then.
 */
const maxAtOnceBytes = 256 * 1024;
const promptSyncMs = 10;
const promptForMs = 1000;

type OpenFile = {
  readonly segment: SegmentEncoder;
  readonly file: JournalFile;
  offset: number;
  /** Its name is on the disk. */
  isNamed: boolean;
};

/**
 * Writes frames in order, and syncs once for all that wait. What fails once has failed for good:
 * after a failed sync nobody knows what is on the disk, and asking again may say that all is well.
 */
export class GroupCommit {
  readonly #files: JournalFiles;
  #queue: PendingFrame[] = [];
  /** Written, and not synced yet. */
  #unsynced: PendingFrame[] = [];
  #patience: NodeJS.Timeout | undefined;
  #syncing: Promise<void> | undefined;
  #isDue = false;
  #syncBeganMs: number | undefined;
  #lastSync = { tookMs: Infinity, endedMs: -Infinity };
  #saidMs = 0;
  #waitingBytes = 0;
  #roomFor: (() => void)[] = [];
  #running: Promise<void> | undefined;
  #open: OpenFile | undefined;
  #positionFile: JournalFile | undefined;
  #position: DurablePosition | undefined;
  #durableSequence: Sequence;
  #failure: Error | undefined;
  /** Segments that are full get their index while the next one is written. */
  #sealing: Promise<void> = Promise.resolve();

  constructor(files: JournalFiles, durableSequence: Sequence) {
    this.#files = files;
    this.#durableSequence = durableSequence;
  }

  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Everything up to here survives a power cut. */
  get durableSequence(): Sequence {
    return this.#durableSequence;
  }

  get position(): DurablePosition | undefined {
    return this.#position;
  }

  /** It is told when it and all before it are written and durable, or will never be. */
  add(frame: PendingFrame): void {
    this.#queue.push(frame);
    this.#waitingBytes += frame.sizeBytes;
    this.#running ??= this.#run();
  }

  /** Resolves when less than so many bytes wait for the disk. */
  async hasRoom(bytes: number): Promise<void> {
    while (this.#waitingBytes >= bytes && this.#failure === undefined)
      await new Promise<void>((resolve) => this.#roomFor.push(resolve));
  }

  /** Ends at once: what is being written is waited for, what still waits is refused. */
  async stop(reason: Error): Promise<void> {
    this.#refuseWaiting(reason);
    await this.#running;
    await this.#syncSoon();
    await this.#sealing;
    const files = [this.#open?.file, this.#positionFile];
    this.#open = undefined;
    this.#positionFile = undefined;
    for (const file of files) {
      try {
        await file?.close();
      } catch (error) {
        // What a failing disk says last adds nothing to what it said first.
        if (this.#failure === undefined) throw writeFailure(error, this.#files.location);
      }
    }
  }

  /** Gives the segment that is being written its index: nothing more comes. Throws what went wrong. */
  async seal(): Promise<void> {
    await this.#running;
    await this.#syncSoon();
    this.#sealOpen();
    await this.#sealing;
    this.#stopAfterFailure();
  }

  async #run(): Promise<void> {
    // What is appended in the same turn goes together. Waiting for others who come in it made nothing cheaper.
    await Promise.resolve();
    while (this.#queue.length > 0 && this.#failure === undefined) {
      const batch = this.#takeBatch();
      try {
        await this.#write(batch);
      } catch (error) {
        this.#unsynced.push(...batch);
        this.#fail(writeFailure(error, this.#files.location));
        break;
      }
      if (batch.every(({ isPatient }) => isPatient)) this.#wait();
      else void this.#syncSoon();
    }
    this.#running = undefined;
  }

  /** Sees to it that what is written is synced although nobody asks. */
  #wait(): void {
    this.#patience ??= setTimeout(() => void this.#syncSoon(), patienceMs);
  }

  /** Resolves when what is written by now is durable, or has failed. Meanwhile more is written. */
  async #syncSoon(): Promise<void> {
    this.#isDue = true;
    this.#syncing ??= this.#syncWhatIsDue();
    await this.#syncing;
  }

  async #syncWhatIsDue(): Promise<void> {
    while (this.#isDue && this.#failure === undefined) {
      this.#isDue = false;
      clearTimeout(this.#patience);
      this.#patience = undefined;
      try {
        await this.#sync();
        if (!this.#isDue || performance.now() - this.#saidMs >= sayEveryMs) await this.#say();
      } catch (error) {
        this.#fail(writeFailure(error, this.#files.location));
      }
    }
    this.#syncing = undefined;
  }

  #stopAfterFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** What goes into one file at once. */
  #takeBatch(): readonly PendingFrame[] {
    const [first] = this.#queue;
    let [count, bytes] = [0, 0];
    for (const { segment, sizeBytes } of this.#queue) {
      if (segment !== first?.segment || (count > 0 && bytes + sizeBytes > maxCommitBytes)) break;
      bytes += sizeBytes;
      count += 1;
    }
    return this.#queue.splice(0, count);
  }

  async #write(batch: readonly PendingFrame[]): Promise<void> {
    const last = batch.at(-1);
    if (last === undefined) return;
    const parts: Buffer[] = [];
    let bytes = 0;
    for (const frame of batch) {
      parts.push(...frame.parts);
      bytes += frame.sizeBytes;
    }
    const isNew = this.#open?.segment !== last.segment;
    // The next segment may be on the disk before this one otherwise.
    if (isNew && this.#open !== undefined) await this.#syncSoon();
    this.#stopAfterFailure();
    const open = isNew ? await this.#create(last.segment) : this.#open;
    if (open === undefined) return;
    const isAtOnce = bytes <= maxAtOnceBytes && this.#isPrompt();
    if (isNew)
      await writeAll(open.file, [last.segment.headerBytes, ...parts], { offset: 0, isAtOnce });
    else await writeAll(open.file, parts, { offset: open.offset, isAtOnce });
    open.offset += bytes;
    // A sync that failed meanwhile has refused what it knew of; these go the same way.
    this.#stopAfterFailure();
    // Not before: a sync that is under way does not have these bytes.
    this.#unsynced.push(...batch);
    for (const frame of batch) frame.nowWritten();
  }

  /** Whether a small write waits for nothing but memory, as far as one can tell. */
  #isPrompt(): boolean {
    const { tookMs, endedMs } = this.#lastSync;
    const nowMs = performance.now();
    // Both hold the file's lock.
    const waitsMs = nowMs - (this.#syncBeganMs ?? nowMs);
    return Math.max(tookMs, waitsMs) < promptSyncMs && nowMs - endedMs < promptForMs;
  }

  /** Makes what was written durable, and says so. */
  async #sync(): Promise<void> {
    const [open, batch] = [this.#open, this.#unsynced];
    const last = batch.at(-1);
    if (open === undefined || last === undefined) return;
    const { offset } = open;
    this.#unsynced = [];
    const beganMs = performance.now();
    this.#syncBeganMs = beganMs;
    try {
      await open.file.sync();
      if (!open.isNamed) await this.#files.syncFolder();
      open.isNamed = true;
    } catch (error) {
      this.#unsynced = [...batch, ...this.#unsynced];
      throw error;
    } finally {
      const endedMs = performance.now();
      this.#syncBeganMs = undefined;
      this.#lastSync = { tookMs: endedMs - beganMs, endedMs };
    }
    const { segment, sequence } = last;
    this.#position = { segment: segment.header.first, sequence, offset };
    this.#durableSequence = sequence;
    this.#settle(batch);
  }

  async #create(segment: SegmentEncoder): Promise<OpenFile> {
    this.#sealOpen();
    const file = await this.#files.create(segment.name);
    this.#open = { segment, file, offset: headerBytes, isNamed: false };
    return this.#open;
  }

  #sealOpen(): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    this.#sealing = this.#sealing.then(async () => {
      try {
        if (this.#failure === undefined)
          await writeIndex(open.file, await open.segment.finish(), open.offset);
        await open.file.close();
      } catch (error) {
        this.#fail(writeFailure(error, this.#files.location));
      }
    });
  }

  /** Nobody who waits for their own event waits for this. */
  async #say(): Promise<void> {
    const position = this.#position;
    if (position === undefined) return;
    this.#saidMs = performance.now();
    this.#positionFile ??= await openPosition(this.#files);
    const isAtOnce = this.#isPrompt();
    await writeAll(this.#positionFile, [encodePosition(position)], { offset: 0, isAtOnce });
  }

  #settle(batch: readonly PendingFrame[]): void {
    for (const frame of batch) frame.nowDurable();
    this.#release(batch);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    const batch = this.#unsynced.splice(0);
    for (const frame of batch) frame.fail(error);
    this.#release(batch);
    this.#refuseWaiting(error);
  }

  #refuseWaiting(error: Error): void {
    const refused = this.#queue.splice(0);
    for (const frame of refused) frame.fail(error);
    this.#release(refused);
  }

  #release(frames: readonly PendingFrame[]): void {
    for (const { sizeBytes } of frames) this.#waitingBytes -= sizeBytes;
    for (const resolve of this.#roomFor.splice(0)) resolve();
  }
}
