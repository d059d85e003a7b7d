/** What stands between an Image of a snapshot and who reads it, as an Image tells it. */
import { displayPath, ImageError, type RawPath } from "#image";
import { isRecoveryError } from "#errors";

/** Paths are names joined by single slashes: none is "", "." or "..". */
export function staysWithin(path: RawPath): boolean {
  return path === "" || !/(?:^|\/)\.{0,2}(?:\/|$)/.test(path);
}

/** Damage as an Image tells it: this folder or file is lost, the others are not. Storage that fails is no damage. */
export function lostFromImage(
  error: unknown,
  code: "image.unlistable" | "image.unreadable",
  path: RawPath,
): unknown {
  if (!isRecoveryError(error) || !error.code.startsWith("repository.")) return error;
  const action = code === "image.unlistable" ? "list" : "read";
  return new ImageError(code, `Cannot ${action} "${displayPath(path)}": ${error.message}`, {
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    cause: error,
  });
}

export function notAFile(path: RawPath): ImageError {
  return new ImageError("image.not-a-file", `Cannot read "${displayPath(path)}": it is not a file`);
}

export function notFound(path: RawPath): ImageError {
  return new ImageError(
    "image.not-found",
    `Cannot find "${displayPath(path)}": the moment does not have it`,
  );
}
