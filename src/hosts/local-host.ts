import { statfs } from "node:fs/promises";
import {
  type Image,
  openDirectoryImage,
  type OwnerNames,
  type RawPath,
  rawPathToBytes,
} from "#image";
import { directoryStorage, type Storage } from "#storage";
import type {
  CommandResult,
  FreeSpace,
  Host,
  HostOptions,
  OpenFolderOptions,
  RunOptions,
} from "./host.ts";
import { hostClosed, hostErrorOf } from "./host-error.ts";
import { checkAbsolute, pathAsText } from "./host-path.ts";
import { type LogFolder, localLogFolder } from "./log-folder.ts";
import { runCommand } from "./run-command.ts";

export type LocalHostOptions = {
  /** Default "localhost". */
  readonly name?: string;
  /** Default: read from /etc/passwd and /etc/group for each Image. */
  readonly ownerNames?: OwnerNames;
};

/** This machine. What was opened on it lives on after the host was closed. */
export function localHost(options: LocalHostOptions = {}): Host {
  return new LocalHost(options);
}

class LocalHost implements Host {
  readonly name: string;
  readonly kind = "local";
  readonly #ownerNames: { readonly ownerNames?: OwnerNames };
  readonly #closed = new AbortController();

  constructor({ name = "localhost", ownerNames }: LocalHostOptions) {
    this.name = name;
    this.#ownerNames = ownerNames === undefined ? {} : { ownerNames };
  }

  async run(command: readonly string[], options: RunOptions): Promise<CommandResult> {
    this.#ensureOpen();
    const { signal } = options;
    return await runCommand(command, {
      ...options,
      signal:
        signal === undefined ? this.#closed.signal : AbortSignal.any([signal, this.#closed.signal]),
    });
  }

  async openFolder(path: RawPath, options: OpenFolderOptions = {}): Promise<Image> {
    this.#ensureOpen();
    const { signal, ...rest } = options;
    signal?.throwIfAborted();
    return await openDirectoryImage(checkAbsolute(path), { ...rest, ...this.#ownerNames });
  }

  async openStorage(path: RawPath, options: HostOptions = {}): Promise<Storage> {
    this.#ensureOpen();
    options.signal?.throwIfAborted();
    return directoryStorage(pathAsText(checkAbsolute(path)));
  }

  openLog(path: RawPath): LogFolder {
    this.#ensureOpen();
    return localLogFolder(path);
  }

  async freeSpace(path: RawPath, options: HostOptions = {}): Promise<FreeSpace> {
    this.#ensureOpen();
    options.signal?.throwIfAborted();
    try {
      const { bavail, blocks, bsize } = await statfs(rawPathToBytes(checkAbsolute(path)));
      return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
    } catch (error) {
      throw hostErrorOf(error, "measure the free space of", path);
    }
  }

  /** Ends the commands that still run. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort(hostClosed(this.name));
  }

  #ensureOpen(): void {
    if (this.#closed.signal.aborted) throw hostClosed(this.name);
  }
}
