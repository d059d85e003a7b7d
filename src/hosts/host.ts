/**
 * The Host port: where things live and run. The same program stands on both sides, so that backup
 * over a LAN (paper §3.1.2), a replica mounted on another machine (§2.1) and a vault (§2.2.2) are
 * all "the same thing on another host".
 */
import type { Consistency, Image, MomentOptions, RawPath } from "#image";
import type { Storage } from "#storage";
import type { LogFolder } from "./log-folder.ts";

export type RunOptions = {
  /** Then the command, and whatever it has started, is ended: `host.command-timeout`. */
  readonly timeoutMs: number;
  /** Given to it as standard input, at most `largestInputBytes`. Default: nothing. */
  readonly input?: Uint8Array;
  /** How much of each output is kept: the beginning. What follows is read and dropped. Default 1 MiB, at most `largestOutputBytes`. */
  readonly limitBytes?: number;
  readonly signal?: AbortSignal;
};

/** Largest standard input of a command, on any host: one frame of the peer's protocol. */
export const largestInputBytes: number = 4 * 1024 * 1024;
export const defaultOutputBytes: number = 1024 * 1024;
/** Most of each output that may be asked for. */
export const largestOutputBytes: number = 64 * 1024 * 1024;

export type CommandResult = CommandEnd & {
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  /** It wrote more than `limitBytes` to one of them. */
  readonly isCut: boolean;
};

/** How a command ended: by itself, or by a signal that somebody else sent. */
export type CommandEnd = { readonly exitCode: number } | { readonly signal: string };

export type OpenFolderOptions = Pick<MomentOptions, "group" | "sequence" | "generation"> & {
  /** How whoever made the folder stand still did so. Default "crash". */
  readonly consistency?: Consistency;
  readonly signal?: AbortSignal;
};

export type FreeSpace = {
  /** What the host's user may still write. */
  readonly freeBytes: number;
  readonly totalBytes: number;
};

export type HostOptions = { readonly signal?: AbortSignal };

/**
 * Errors are HostError; those of an Image or Storage that was opened are ImageError and
 * StorageError, also when the connection is what failed. `retryable` says which may pass by itself.
 * Paths are absolute paths of that host, names as bytes.
 */
export interface Host extends AsyncDisposable {
  /** What a person calls it. */
  readonly name: string;
  readonly kind: "local" | "ssh";
  /**
   * Runs a program with arguments, without a shell, to its end. It must not leave something running
   * that writes to what it was given as output: nobody reads that later.
   */
  run(command: readonly string[], options: RunOptions): Promise<CommandResult>;
  /** A folder that stands still, as an Image. */
  openFolder(path: RawPath, options?: OpenFolderOptions): Promise<Image>;
  /** The repository in a folder, or an empty place for one. */
  openStorage(path: RawPath, options?: HostOptions): Promise<Storage>;
  /** A folder of a log, which may not be there yet. Throws `host.bad-path`, `host.closed`. */
  openLog(path: RawPath): LogFolder;
  /** Of the filesystem that the path lies on. */
  freeSpace(path: RawPath, options?: HostOptions): Promise<FreeSpace>;
}
