import type {
  ByteRange,
  FileHandle,
  FileType,
  Storage,
  StorageOptions,
  StoragePromises,
  StoredFile,
} from "./storage.ts";
import { StorageError, type StorageErrorCode } from "./storage-error.ts";

export type StorageAction = "create" | "save" | "load" | "stat" | "list" | "remove";

/** One call to the storage, in the order in which they were made. */
export type StorageOperation = {
  /** 1, 2, 3, … */
  readonly number: number;
  readonly action: StorageAction;
  readonly type?: FileType;
  readonly name?: string;
  /** Of a save. */
  readonly sizeBytes?: number;
};

/** Which operations a rule is about. Without any of these: every one. */
type Selection = {
  /** The number of the operation; with `action` or `type`, the n-th among those. */
  readonly at?: number;
  readonly action?: StorageAction;
  readonly type?: FileType;
};

type Fault =
  /** Throws, before the operation has taken effect or after it has. */
  | {
      readonly kind: "fail";
      readonly when: "before" | "after";
      readonly code?: StorageErrorCode;
      readonly retryable?: boolean;
    }
  /** Waits for what the test decides. */
  | { readonly kind: "delay"; readonly until: () => Promise<void> }
  /** A save keeps only its first bytes, and says that all is well or that it failed. */
  | {
      readonly kind: "truncate";
      readonly keepBytes: number;
      readonly report: "success" | "failure";
    }
  /** Reported as done, yet undone by `crash()`: as a disk that loses its cache. */
  | { readonly kind: "unsynced" }
  /** Calls `kill`. */
  | { readonly kind: "kill"; readonly when: "before" | "after" };

export type FaultRule = Selection & Fault;

export type FaultyStorageOptions = {
  readonly rules?: readonly FaultRule[];
  /** Saves beyond this many bytes are `storage.full`; removing gives room back. */
  readonly capacityBytes?: number;
  /**
   * By default the process kills itself with SIGKILL. One that only pretends is called once, and no
   * operation has any effect from then on.
   */
  readonly kill?: () => void;
  readonly onOperation?: (operation: StorageOperation) => void;
};

export interface FaultyStorage extends Storage {
  /** All calls so far. */
  readonly operations: readonly StorageOperation[];
  /** Undoes what was `unsynced`, latest first. The storage goes on afterwards, as after a reboot. */
  crash(): Promise<void>;
}

/** Wraps a storage so that it fails where the rules say. For tests of whoever writes to a Storage. */
export function faultyStorage(storage: Storage, options: FaultyStorageOptions = {}): FaultyStorage {
  return new FaultyStorageOf(storage, options);
}

/** Rules that let operations fail at random, the same ones for the same seed. */
export function seededRules(options: {
  readonly seed: number;
  /** How many operations are expected; faults fall among them. */
  readonly operations: number;
  readonly faults: number;
}): readonly FaultRule[] {
  const random = seededNumbers(options.seed);
  return Array.from({ length: options.faults }, (): FaultRule => {
    const at = 1 + Math.floor(random() * options.operations);
    const when = random() < 0.5 ? "before" : "after";
    return { at, kind: "fail", when, retryable: random() < 0.5 };
  });
}

class FaultyStorageOf implements FaultyStorage {
  readonly operations: StorageOperation[] = [];
  readonly #storage: Storage;
  readonly #options: FaultyStorageOptions;
  readonly #matches: number[];
  readonly #undo: (() => Promise<void>)[] = [];
  #usedBytes = 0;
  #isDead = false;

  constructor(storage: Storage, options: FaultyStorageOptions) {
    this.#storage = storage;
    this.#options = options;
    this.#matches = (options.rules ?? []).map(() => 0);
  }

  get location(): string {
    return this.#storage.location;
  }

  get promises(): StoragePromises {
    return this.#storage.promises;
  }

  async create(options?: StorageOptions): Promise<void> {
    await this.#run({ action: "create" }, () => this.#storage.create(options));
  }

  async save(
    file: FileHandle,
    parts: readonly Uint8Array[],
    options?: StorageOptions,
  ): Promise<void> {
    const sizeBytes = parts.reduce((sum, part) => sum + part.length, 0);
    await this.#run({ action: "save", ...file, sizeBytes }, async (rules) => {
      if (this.#usedBytes + sizeBytes > (this.#options.capacityBytes ?? Infinity)) {
        throw new StorageError(
          "storage.full",
          `Cannot save in "${this.location}": no space is left (on purpose)`,
        );
      }
      const cut = rules.find((rule) => rule.kind === "truncate");
      const kept = cut === undefined ? parts : [Buffer.concat(parts).subarray(0, cut.keepBytes)];
      const isNew = rules.some((rule) => rule.kind === "unsynced") && !(await this.#has(file));
      await this.#storage.save(file, kept, options);
      this.#usedBytes += cut === undefined ? sizeBytes : Math.min(sizeBytes, cut.keepBytes);
      if (isNew) this.#undo.push(() => this.#storage.remove(file));
      if (cut?.report === "failure") throw failure("save", this.location, {});
    });
  }

  async load(file: FileHandle, options?: ByteRange & StorageOptions): Promise<Uint8Array> {
    return await this.#run({ action: "load", ...file }, () => this.#storage.load(file, options));
  }

  async stat(file: FileHandle, options?: StorageOptions): Promise<StoredFile> {
    return await this.#run({ action: "stat", ...file }, () => this.#storage.stat(file, options));
  }

  /** `after` lists everything, then throws. */
  async *list(type: FileType, options?: StorageOptions): AsyncIterable<StoredFile> {
    const { operation, rules } = this.#begin({ action: "list", type });
    await this.#strike(operation, rules, "before");
    yield* this.#storage.list(type, options);
    await this.#strike(operation, rules, "after");
  }

  async remove(file: FileHandle, options?: StorageOptions): Promise<void> {
    await this.#run({ action: "remove", ...file }, async (rules) => {
      const { sizeBytes } = await this.#storage.stat(file);
      if (rules.some((rule) => rule.kind === "unsynced")) {
        const bytes = await this.#storage.load(file);
        this.#undo.push(() => this.#storage.save(file, [bytes]));
      }
      await this.#storage.remove(file, options);
      this.#usedBytes -= sizeBytes;
    });
  }

  async crash(): Promise<void> {
    for (const undo of this.#undo.splice(0).toReversed()) {
      try {
        await undo();
      } catch (error) {
        // What was lost may have been removed since, or saved again.
        if (
          !(error instanceof StorageError) ||
          !["storage.not-found", "storage.exists"].includes(error.code)
        )
          throw error;
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#storage[Symbol.asyncDispose]();
  }

  async #run<Result>(
    what: Omit<StorageOperation, "number">,
    work: (rules: readonly FaultRule[]) => Promise<Result>,
  ): Promise<Result> {
    const { operation, rules } = this.#begin(what);
    await this.#strike(operation, rules, "before");
    const result = await work(rules);
    await this.#strike(operation, rules, "after");
    return result;
  }

  #begin(what: Omit<StorageOperation, "number">): {
    readonly operation: StorageOperation;
    readonly rules: readonly FaultRule[];
  } {
    const operation: StorageOperation = { number: this.operations.length + 1, ...what };
    this.operations.push(operation);
    this.#options.onOperation?.(operation);
    const rules = (this.#options.rules ?? []).filter((rule, index) => {
      if (rule.action !== undefined && rule.action !== operation.action) return false;
      if (rule.type !== undefined && rule.type !== operation.type) return false;
      const count = (this.#matches[index] ?? 0) + 1;
      this.#matches[index] = count;
      return rule.at === undefined || rule.at === count;
    });
    return { operation, rules };
  }

  async #strike(
    operation: StorageOperation,
    rules: readonly FaultRule[],
    when: "before" | "after",
  ): Promise<void> {
    if (this.#isDead) throw failure(operation.action, this.location, {});
    for (const rule of rules) {
      if (rule.kind === "delay" && when === "before") await rule.until();
      if (rule.kind === "kill" && rule.when === when) {
        this.#isDead = true;
        (this.#options.kill ?? killThisProcess)();
        throw failure(operation.action, this.location, {});
      }
      if (rule.kind === "fail" && rule.when === when)
        throw failure(operation.action, this.location, rule);
    }
  }

  async #has(file: FileHandle): Promise<boolean> {
    try {
      await this.#storage.stat(file);
      return true;
    } catch (error) {
      if (error instanceof StorageError && error.code === "storage.not-found") return false;
      throw error;
    }
  }
}

function failure(
  action: StorageAction,
  location: string,
  fault: { readonly code?: StorageErrorCode; readonly retryable?: boolean },
): StorageError {
  return new StorageError(
    fault.code ?? "storage.failed",
    `Cannot ${action} in "${location}": it fails on purpose`,
    {
      retryable: fault.retryable ?? false,
    },
  );
}

function killThisProcess(): void {
  process.kill(process.pid, "SIGKILL");
}

/** Numbers from 0 on, below 1, the same ones for the same seed (mulberry32). */
export function seededNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
