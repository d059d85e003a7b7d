import { isRecoveryError, type RecoveryError } from "#errors";
import { displayPath, ImageError, isImageError, type RawPath } from "#image";

/** Why a file is listed and has no bytes. */
export const unseenMessage =
  "It was seen to be there, but neither the journal nor the copy that the replay began with has its bytes.";

/** The walk that took the base may have lost its way there. */
export const movedEarlyMessage =
  "It moved while the copy that the replay began with was taken: of what was in it before, that copy may not have all.";

export function notFound(path: RawPath): ImageError {
  return new ImageError(
    "image.not-found",
    `Cannot open ${quoted(path)}: it is not in that moment`,
    {
      hint: "List its folder to see what is there.",
    },
  );
}

export function notAFolder(path: RawPath): ImageError {
  return new ImageError("image.not-a-folder", `Cannot list ${quoted(path)}: it is not a folder`, {
    hint: "Read it as a file, or list the folder that it lies in.",
  });
}

export function notAFile(path: RawPath): ImageError {
  return new ImageError("image.not-a-file", `Cannot read ${quoted(path)}: it is not a plain file`, {
    hint: "Only plain files have bytes; symbolic links are not followed.",
  });
}

export function unreadable(path: RawPath, why: RecoveryError | string): ImageError {
  const reason = typeof why === "string" ? why.replace(/\.$/, "") : why.message;
  const hint = typeof why === "string" ? undefined : why.hint;
  return new ImageError("image.unreadable", `Cannot read ${quoted(path)}: ${reason}`, {
    hint: hint ?? "Look for it in a later moment, or in another copy.",
    cause: typeof why === "string" ? undefined : why,
  });
}

export function closed(): ImageError {
  return new ImageError("image.closed", "Cannot use the image: it was closed", {
    hint: "Open it again.",
  });
}

/** An error of the base, for who knows a file by the name that it has now. */
export function renamed<Thrown>(error: Thrown, path: RawPath): Thrown | ImageError {
  if (!isImageError(error)) return error;
  const { code, hint } = error;
  const at = error.message.lastIndexOf(": ");
  const action = code === "image.unlistable" ? "list" : "read";
  return new ImageError(code, `Cannot ${action} ${quoted(path)}: ${error.message.slice(at + 2)}`, {
    ...(hint === undefined ? {} : { hint }),
    cause: isRecoveryError(error.cause) ? error.cause : error,
  });
}

function quoted(path: RawPath): string {
  return path === "" ? "the top folder" : `"${displayPath(path)}"`;
}
