import { systemErrorCode } from "#errors";
import { displayPath, type RawPath } from "#image";
import { MethodError } from "../method-error.ts";

export function quotePath(path: RawPath): string {
  return path === "" ? "the top folder" : `"${displayPath(path)}"`;
}

/** "ENOENT: no such file or directory", without the system's path (it may hold control characters). */
export function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return "the reason is unknown";
  return /^([A-Z0-9]+: [^,]*)/.exec(cause.message)?.[1] ?? cause.message.replace(/\.$/, "");
}

export function momentGone(folder: RawPath): MethodError {
  return new MethodError(
    "methods.moment-gone",
    `Cannot open the moment in ${quotePath(folder)}: it was removed meanwhile`,
    { hint: "List the moments again and choose another." },
  );
}

/** The folder of replicas cannot be used: not there, no folder of ours, not to be listed. */
export function folderUnusable(folder: RawPath, state: string, cause?: unknown): MethodError {
  return new MethodError(
    "methods.replica-folder",
    `Cannot use the folder of replicas ${quotePath(folder)}: ${state}`,
    {
      hint: "Check the path, its permissions, and that its disk is mounted. A new folder has to be set up first.",
      ...(cause === undefined ? {} : { cause }),
    },
  );
}

export function damaged(path: RawPath, state: string, cause?: unknown): MethodError {
  return new MethodError(
    "methods.replica-damaged",
    `Cannot use the replica ${quotePath(path)}: ${state}`,
    {
      hint: "Choose another moment; verify this one to see what is left of it.",
      ...(cause === undefined ? {} : { cause }),
    },
  );
}

export function notVerified(path: RawPath, state: string): MethodError {
  return new MethodError(
    "methods.replica-not-verified",
    `Cannot keep the replica ${quotePath(path)}: ${state}`,
    {
      hint: "It was not listed. Take another; if that fails too, look at the disk and at what changes the store.",
      retryable: true,
    },
  );
}

export function full(folder: RawPath, state: string, cause?: unknown): MethodError {
  return new MethodError(
    "methods.replica-full",
    `Cannot keep another replica in ${quotePath(folder)}: ${state}`,
    {
      hint: "Those from before are all there. Make room on that disk, or keep fewer.",
      ...(cause === undefined ? {} : { cause }),
    },
  );
}

export function busy(folder: RawPath, holder: string): MethodError {
  return new MethodError(
    "methods.replica-busy",
    `Cannot take a replica into ${quotePath(folder)}: ${holder}`,
    {
      hint: 'Wait for that run to end. If it is gone for good, on another machine, remove the file ".lock" there.',
      retryable: true,
    },
  );
}

export function inUse(folder: RawPath, holder: string): MethodError {
  return new MethodError(
    "methods.replica-in-use",
    `Cannot remove the replica ${quotePath(folder)}: ${holder} has it open`,
    { hint: "Wait until it is closed.", retryable: true },
  );
}

const fullCodes: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT"]);

/** A refusal of the system, or of a snapshot provider, as an error that says what to do; anything else as it is. */
export function writeError(folder: RawPath, error: unknown): unknown {
  const code = systemErrorCode(error);
  const isFull =
    (code !== undefined && fullCodes.has(code)) ||
    (error as { readonly code?: unknown } | undefined)?.code === "snapshots.no-space";
  if (isFull) return full(folder, "its disk is full", error);
  if (code === undefined) return error;
  return new MethodError(
    "methods.replica-write-failed",
    `Cannot write the replica ${quotePath(folder)}: ${reasonOf(error)}`,
    { hint: "Look at the permissions of that folder and at its disk.", cause: error },
  );
}
