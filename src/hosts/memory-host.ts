import { type Image, memoryImage, type MemoryNodes, ImageError, displayPath } from "#image";
import type { RawPath } from "#image";
import { memoryStorage, type Storage } from "#storage";
import {
  type CommandEnd,
  type CommandResult,
  defaultOutputBytes,
  type FreeSpace,
  type Host,
  type HostOptions,
  type OpenFolderOptions,
  type RunOptions,
} from "./host.ts";
import { hostClosed, HostError, hostErrorOf } from "./host-error.ts";
import { noBytes } from "./frame.ts";
import { checkAbsolute, pathAsText } from "./host-path.ts";
import type { LogFolder } from "./log-folder.ts";
import { memoryLogFolder } from "./memory-log.ts";
import { systemHostClock, withTimeLimit } from "./host-clock.ts";
import { checkCommand, notInTime } from "./run-command.ts";

/** What a program of a memory host does; it must end when the signal comes. */
export type MemoryProgram = (call: {
  readonly parameters: readonly string[];
  readonly input: Uint8Array;
  readonly signal: AbortSignal;
}) => Promise<CommandEnd & { readonly stdout?: Uint8Array; readonly stderr?: Uint8Array }>;

export type MemoryHostOptions = {
  /** Default "memory". */
  readonly name?: string;
  readonly kind?: Host["kind"];
  readonly programs?: Readonly<Record<string, MemoryProgram>>;
  /** Absolute path → the folder's nodes. */
  readonly folders?: Readonly<Record<string, MemoryNodes>>;
  readonly space?: FreeSpace;
};

/** A host that lives in this process. For tests of whoever uses a Host. */
export function memoryHost(options: MemoryHostOptions = {}): Host {
  return new MemoryHost(options);
}

class MemoryHost implements Host {
  readonly name: string;
  readonly kind: Host["kind"];
  readonly #options: MemoryHostOptions;
  readonly #logs = new Map<RawPath, Map<string, Buffer>>();
  readonly #storages = new Map<RawPath, Storage>();
  #closed = false;

  constructor(options: MemoryHostOptions) {
    this.#options = options;
    this.name = options.name ?? "memory";
    this.kind = options.kind ?? "local";
  }

  async run(command: readonly string[], options: RunOptions): Promise<CommandResult> {
    this.#ensureOpen();
    const { input = new Uint8Array(), timeoutMs, limitBytes = defaultOutputBytes } = options;
    const [name = "", ...parameters] = command;
    checkCommand(command, options);
    const program = this.#options.programs?.[name];
    if (program === undefined) {
      throw new HostError("host.command-not-run", `Cannot run "${name}": there is none in memory`);
    }
    const {
      stdout = noBytes,
      stderr = noBytes,
      ...end
    } = await withTimeLimit((signal) => program({ parameters, input, signal }), {
      clock: systemHostClock,
      limitMs: timeoutMs,
      expired: () => notInTime(name, timeoutMs),
      signal: options.signal,
    });
    // A program that ends because it was told to has not ended well.
    options.signal?.throwIfAborted();
    return {
      ...end,
      stdout: stdout.subarray(0, limitBytes),
      stderr: stderr.subarray(0, limitBytes),
      isCut: Math.max(stdout.length, stderr.length) > limitBytes,
    };
  }

  async openFolder(path: RawPath, options: OpenFolderOptions = {}): Promise<Image> {
    this.#ensureOpen();
    options.signal?.throwIfAborted();
    const nodes = this.#options.folders?.[checkAbsolute(path)];
    if (nodes === undefined) {
      throw new ImageError(
        "image.not-found",
        `Cannot open folder "${displayPath(path)}": there is none`,
      );
    }
    const { consistency = "crash", group = displayPath(path), ...at } = options;
    return memoryImage(nodes, {
      consistency,
      at: { group, sequence: at.sequence ?? 1, generation: at.generation ?? "" },
    });
  }

  /** The same storage for the same path, as on a disk; closing it keeps what it holds. */
  async openStorage(path: RawPath, options: HostOptions = {}): Promise<Storage> {
    this.#ensureOpen();
    options.signal?.throwIfAborted();
    const known = this.#storages.get(checkAbsolute(path));
    if (known !== undefined) return known;
    const storage = memoryStorage({ location: pathAsText(path) });
    this.#storages.set(path, storage);
    return storage;
  }

  openLog(path: RawPath): LogFolder {
    this.#ensureOpen();
    const files = this.#logs.get(checkAbsolute(path)) ?? new Map<string, Buffer>();
    this.#logs.set(path, files);
    return memoryLogFolder(path, files);
  }

  async freeSpace(path: RawPath, options: HostOptions = {}): Promise<FreeSpace> {
    this.#ensureOpen();
    options.signal?.throwIfAborted();
    const isThere =
      this.#options.folders?.[checkAbsolute(path)] !== undefined || this.#storages.has(path);
    if (!isThere) throw hostErrorOf(noEntry(), "measure the free space of", path);
    return this.#options.space ?? { freeBytes: 2 ** 40, totalBytes: 2 ** 40 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
  }

  #ensureOpen(): void {
    if (this.#closed) throw hostClosed(this.name);
  }
}

function noEntry(): Error {
  return Object.assign(new Error("ENOENT: no such file or directory"), { code: "ENOENT" });
}
