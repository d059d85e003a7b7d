/**
 * A folder in memory that loses power: what was not synced is there or not, sector by sector, as a seed
 * says; and whose n-th operation fails or takes only a part.
 */
import type { JournalFile, JournalFiles } from "./journal-files.ts";

const sectorBytes = 512;

export type Fault = {
  /** The n-th write, sync, creation or folder sync, counted from 1. */
  readonly at: number;
  /** `power`: neither it nor anything after it is done. */
  readonly what: "ENOSPC" | "EIO" | "short" | "power";
};

type Content = {
  bytes: Buffer;
  /** What is on the disk. */
  durable: Buffer;
  /**
   * Sectors that the next sync has to write. One that fails forgets them, as Linux does: from then on
   * they look written and are not on the disk.
   */
  readonly dirty: Set<number>;
};

export class UnreliableFiles implements JournalFiles {
  readonly location = "/journal";
  readonly #random: () => number;
  #fault: Fault | undefined;
  #operations = 0;
  readonly #writtenAtOnce: string[] = [];
  #hanging: PromiseWithResolvers<void> | undefined;
  #names = new Map<string, Content>();
  #durableNames = new Map<string, Content>();

  /** `random` gives numbers of 0 … 1. */
  constructor(random: () => number) {
    this.#random = random;
  }

  failAt(fault: Fault | undefined): void {
    this.#fault = fault;
    this.#operations = 0;
  }

  /** How many operations there were that can fail. */
  get operations(): number {
    return this.#operations;
  }

  /** The files that were written without another thread, a name for each time. */
  get writtenAtOnce(): readonly string[] {
    return this.#writtenAtOnce;
  }

  /** Syncs do not return until what this gives is called. */
  hang(): () => void {
    const hanging = (this.#hanging = Promise.withResolvers<void>());
    return () => {
      this.#hanging = undefined;
      hanging.resolve();
    };
  }

  /** The power goes: what was synced stays, of the rest a part. Locks are those of a dead process then. */
  losePower(): void {
    this.#fault = undefined;
    const kept = new Map(this.#durableNames);
    for (const [name, content] of this.#names) if (this.#random() < 0.5) kept.set(name, content);
    for (const content of kept.values()) {
      content.bytes = this.#mixed(content);
      content.durable = Buffer.from(content.bytes);
      content.dirty.clear();
    }
    this.#names = kept;
    this.#durableNames = new Map(kept);
    this.#removeLocks();
  }

  /** The process goes, and the machine stays: everything that was written is there. */
  kill(): void {
    this.#fault = undefined;
    this.#removeLocks();
  }

  /** The power went at an operation: it remains to lose what was not synced. */
  get isWithoutPower(): boolean {
    return this.#fault?.what === "power" && this.#operations >= this.#fault.at;
  }

  bytesOf(name: string): Buffer {
    return Buffer.from(this.#contentOf(name).bytes);
  }

  put(name: string, bytes: Buffer): void {
    const content = {
      bytes: Buffer.from(bytes),
      durable: Buffer.from(bytes),
      dirty: new Set<number>(),
    };
    this.#names.set(name, content);
    this.#durableNames.set(name, content);
  }

  async make(): Promise<void> {}

  async list(): Promise<readonly string[]> {
    return [...this.#names.keys()];
  }

  async create(name: string): Promise<JournalFile> {
    this.#count();
    if (this.#names.has(name)) throw systemError("EEXIST");
    const content = { bytes: Buffer.alloc(0), durable: Buffer.alloc(0), dirty: new Set<number>() };
    this.#names.set(name, content);
    return this.#file(name, content);
  }

  async open(name: string): Promise<JournalFile> {
    return this.#file(name, this.#contentOf(name));
  }

  async rename(name: string, to: string): Promise<void> {
    this.#count();
    this.#names.set(to, this.#contentOf(name));
    this.#names.delete(name);
  }

  async remove(name: string): Promise<void> {
    this.#contentOf(name);
    this.#names.delete(name);
  }

  async syncFolder(): Promise<void> {
    this.#count();
    this.#durableNames = new Map(this.#names);
  }

  #file(name: string, content: Content): JournalFile {
    return {
      sizeBytes: async () => content.bytes.length,
      read: async (target, offset) =>
        content.bytes.copy(target, 0, Math.min(offset, content.bytes.length)),
      write: async (parts, offset) => this.#write(content, parts, offset),
      writeAtOnce: (parts, offset) => {
        this.#writtenAtOnce.push(name);
        return this.#write(content, parts, offset);
      },
      sync: async () => {
        await this.#hanging?.promise;
        try {
          this.#count();
          content.durable = withSectors(content, content.dirty, content.bytes.length);
        } finally {
          if (!this.isWithoutPower) content.dirty.clear();
        }
      },
      close: async () => undefined,
    };
  }

  #write(content: Content, parts: readonly Buffer[], offset: number): number {
    const all = Buffer.concat(parts);
    const isShort = this.#count() === "short" && all.length > 1;
    const taken = isShort
      ? all.subarray(0, 1 + Math.floor(this.#random() * (all.length - 1)))
      : all;
    write(content, taken, offset);
    return taken.length;
  }

  #count(): "short" | undefined {
    this.#operations += 1;
    const fault = this.#fault;
    if (this.isWithoutPower) throw systemError("EIO");
    if (fault?.at !== this.#operations) return undefined;
    if (fault.what === "power") throw systemError("EIO");
    if (fault.what === "short") return "short";
    throw systemError(fault.what);
  }

  /** What is on the disk, and some of what was to be written. */
  #mixed(content: Content): Buffer {
    const { bytes, durable, dirty } = content;
    const length = this.#random() < 0.5 ? durable.length : bytes.length;
    return withSectors(
      content,
      [...dirty].filter(() => this.#random() < 0.5),
      length,
    );
  }

  #removeLocks(): void {
    for (const names of [this.#names, this.#durableNames])
      for (const name of names.keys()) if (name.startsWith("lock.")) names.delete(name);
  }

  #contentOf(name: string): Content {
    const content = this.#names.get(name);
    if (content === undefined) throw systemError("ENOENT");
    return content;
  }
}

/** The disk with some sectors as they are in memory. */
function withSectors(
  { bytes, durable }: Content,
  sectors: Iterable<number>,
  length: number,
): Buffer {
  const disk = Buffer.alloc(length);
  durable.copy(disk);
  for (const sector of sectors) {
    const at = sector * sectorBytes;
    if (at < length) bytes.copy(disk, at, at, Math.min(at + sectorBytes, length));
  }
  return disk;
}

function write(content: Content, bytes: Buffer, offset: number): void {
  const length = Math.max(content.bytes.length, offset + bytes.length);
  const larger = Buffer.alloc(length);
  content.bytes.copy(larger);
  bytes.copy(larger, offset);
  content.bytes = larger;
  const end = offset + bytes.length;
  for (let sector = Math.floor(offset / sectorBytes); sector * sectorBytes < end; sector++)
    content.dirty.add(sector);
}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}
