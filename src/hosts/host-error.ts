import { quoted, RecoveryError, type RecoveryErrorOptions, systemErrorCode } from "#errors";
import { displayPath, type RawPath } from "#image";

export const hostErrorCodes = [
  "host.unreachable",
  "host.refused",
  "host.no-peer",
  "host.chatty-shell",
  "host.version",
  "host.protocol",
  "host.disconnected",
  "host.silent",
  "host.denied",
  "host.differs",
  "host.bad-path",
  "host.bad-destination",
  "host.not-found",
  "host.too-large",
  "host.command-not-run",
  "host.command-timeout",
  "host.failed",
  "host.closed",
] as const;
export type HostErrorCode = (typeof hostErrorCodes)[number];

/** What can go wrong between us and the machine where something lives or runs. */
export class HostError extends RecoveryError {
  declare readonly code: HostErrorCode;

  constructor(code: HostErrorCode, message: string, options: RecoveryErrorOptions = {}) {
    super(code, message, options);
  }
}

export function isHostError(error: unknown, code?: HostErrorCode): error is HostError {
  return error instanceof HostError && (code === undefined || error.code === code);
}

/** The link is gone or never came to be: another one may do what this one could not. */
export function isLinkFailure(error: unknown): error is HostError {
  return (
    error instanceof HostError &&
    error.retryable &&
    (error.code === "host.disconnected" ||
      error.code === "host.silent" ||
      error.code === "host.unreachable")
  );
}

/** What came over the wire breaks the rules of the protocol. */
export function brokenProtocol(what: string): HostError {
  return new HostError("host.protocol", `Cannot go on with the other side: ${what}`, {
    hint: "Check that nothing but Restante writes to the connection, and that both sides run a released version.",
  });
}

export function disconnected(name: string, why: string): HostError {
  return new HostError("host.disconnected", `Cannot finish on host ${quoted(name)}: ${why}`, {
    hint: "Try again; what has arrived there is kept.",
    retryable: true,
  });
}

export function hostClosed(name: string): HostError {
  return new HostError("host.closed", `Cannot use host ${quoted(name)}: it was closed`, {
    hint: "Open it again.",
  });
}

/** `action` reads as "give a command". */
export function tooLarge(action: string, sizeBytes: number, limitBytes: number): HostError {
  return new HostError(
    "host.too-large",
    `Cannot ${action} ${sizeBytes} bytes: the limit is ${limitBytes}`,
    { hint: "Let the command read from, or write to, a file there." },
  );
}

/** The system's error as ours, for a call on a path; everything else as it is. */
export function hostErrorOf(error: unknown, action: string, path: RawPath): unknown {
  const code = systemErrorCode(error);
  if (code === undefined) return error;
  const subject = `Cannot ${action} "${displayPath(path)}"`;
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return new HostError("host.not-found", `${subject}: there is none`, {
        hint: "Check the path, and that its disk is mounted.",
        cause: error,
      });
    case "EACCES":
    case "EPERM":
      return new HostError("host.denied", `${subject}: the system denies it (${code})`, {
        hint: "Check the owner and permissions of the path.",
        cause: error,
      });
    default:
      return new HostError("host.failed", `${subject}: the system reports ${code}`, {
        hint: "Check the disk and the system's log.",
        cause: error,
      });
  }
}
