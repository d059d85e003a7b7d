import { errorToJson, isRecoveryError, type RecoveryError } from "#errors";
import { ImageError, type ImageErrorCode } from "#image";
import { StorageError, type StorageErrorCode } from "#storage";
import type { Header } from "./frame.ts";
import { HostError, hostErrorCodes, type HostErrorCode } from "./host-error.ts";

const longestText = 2000;

const imageCodes: readonly ImageErrorCode[] = [
  "image.not-found",
  "image.not-a-folder",
  "image.not-a-file",
  "image.unlistable",
  "image.unreadable",
  "image.changed",
  "image.too-large",
  "image.closed",
  "image.attribute-failed",
];
const storageCodes: readonly StorageErrorCode[] = [
  "storage.not-found",
  "storage.exists",
  "storage.full",
  "storage.denied",
  "storage.truncated",
  "storage.invalid-name",
  "storage.failed",
];

/** An error as the header of a frame: code, message, hint, retryable. Causes and stacks stay at home. */
export function errorToHeader(error: unknown): Header {
  const { code, message, hint, retryable } = errorToJson(error);
  return {
    code,
    message: cut(message),
    retryable,
    ...(hint === undefined ? {} : { hint: cut(hint) }),
  };
}

/** The error that a peer reported, as ours. A code of no room that could have failed there is `host.failed`. */
export function errorFromHeader(header: Header, name: string): RecoveryError {
  const { code, message, hint } = header;
  const text = `${textOr(message, "it failed and does not say why")} (on host ${plain(name)})`;
  const options = {
    retryable: header["retryable"] === true,
    ...(typeof hint === "string" ? { hint: plain(hint) } : {}),
  };
  const image = imageCodes.find((known) => known === code);
  if (image !== undefined) return new ImageError(image, text, options);
  const storage = storageCodes.find((known) => known === code);
  if (storage !== undefined) return new StorageError(storage, text, options);
  return new HostError(codeOf(code), text, options);
}

/** Of an error in a Storage, what its port promises: a StorageError. */
export function asStorageError(error: unknown): unknown {
  if (!(error instanceof HostError)) return error;
  return new StorageError("storage.failed", error.message, optionsOf(error));
}

/** Of an error in an Image, what its port promises: an ImageError. */
export function asImageError(error: unknown, code: ImageErrorCode): unknown {
  if (!(error instanceof HostError)) return error;
  return new ImageError(code, error.message, optionsOf(error));
}

export function isStorageError(error: unknown, code: StorageErrorCode): boolean {
  return isRecoveryError(error) && error.code === code;
}

function optionsOf(error: HostError): { retryable: boolean; cause: unknown; hint?: string } {
  const { retryable, hint } = error;
  return { retryable, cause: error, ...(hint === undefined ? {} : { hint }) };
}

/** What only the near side can know is not believed of the far one. */
const nearCodes: readonly HostErrorCode[] = [
  "host.unreachable",
  "host.disconnected",
  "host.silent",
  "host.closed",
];

function codeOf(code: unknown): HostErrorCode {
  const known = hostErrorCodes.find((one) => one === code);
  return known === undefined || nearCodes.includes(known) ? "host.failed" : known;
}

function textOr(value: unknown, otherwise: string): string {
  return typeof value === "string" && value !== "" ? plain(value) : otherwise;
}

/** A hostile peer can neither break a line nor move a cursor. */
function plain(text: string): string {
  return cut(text).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "\u{fffd}");
}

function cut(text: string): string {
  return text.length > longestText ? `${text.slice(0, longestText)}…` : text;
}
