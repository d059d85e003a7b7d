import { RecoveryError, type RecoveryErrorOptions } from "#errors";
import { displayPath, type RawPath } from "./raw-path.ts";

export type ImageErrorCode =
  | "image.not-found"
  | "image.not-a-folder"
  | "image.not-a-file"
  | "image.unlistable"
  | "image.unreadable"
  | "image.changed"
  | "image.too-large"
  | "image.closed"
  | "image.attribute-failed";

/** What can go wrong between somebody who reads an Image and the Image. */
export class ImageError extends RecoveryError {
  declare readonly code: ImageErrorCode;

  constructor(code: ImageErrorCode, message: string, options: RecoveryErrorOptions = {}) {
    super(code, message, options);
  }
}

export function isImageError(error: unknown, code?: ImageErrorCode): error is ImageError {
  return error instanceof ImageError && (code === undefined || error.code === code);
}

/** "the top folder" or the quoted path. */
export function quotePath(path: RawPath): string {
  return path === "" ? "the top folder" : `"${displayPath(path)}"`;
}

export function notFound(path: RawPath, cause?: unknown): ImageError {
  return new ImageError(
    "image.not-found",
    `Cannot open ${quotePath(path)}: it is not in this image`,
    {
      hint: "List its folder to see what is there.",
      cause,
    },
  );
}

export function notAFolder(path: RawPath, cause?: unknown): ImageError {
  return new ImageError(
    "image.not-a-folder",
    `Cannot list ${quotePath(path)}: it is not a folder`,
    {
      hint: "Read it as a file, or list the folder that it lies in.",
      cause,
    },
  );
}

export function notAFile(path: RawPath, cause?: unknown): ImageError {
  return new ImageError(
    "image.not-a-file",
    `Cannot read ${quotePath(path)}: it is not a plain file`,
    {
      hint: "Only plain files have bytes; symbolic links are not followed.",
      cause,
    },
  );
}

export function unlistable(path: RawPath, cause: unknown): ImageError {
  return new ImageError("image.unlistable", `Cannot list ${quotePath(path)}: ${reasonOf(cause)}`, {
    hint: "Look at the folder's permissions and at the disk it lies on.",
    cause,
  });
}

export function unreadable(path: RawPath, cause: unknown): ImageError {
  return new ImageError("image.unreadable", `Cannot read ${quotePath(path)}: ${reasonOf(cause)}`, {
    hint: "Look at the file's permissions and at the disk it lies on.",
    cause,
  });
}

export function changed(path: RawPath): ImageError {
  return new ImageError(
    "image.changed",
    `Cannot read ${quotePath(path)}: it changed while it was read`,
    {
      hint: "Read it again; what was read so far is not the file as it was at any moment.",
      retryable: true,
    },
  );
}

export function closed(): ImageError {
  return new ImageError("image.closed", "Cannot use the image: it was closed", {
    hint: "Open it again.",
  });
}

/** One line on what stood in the way, without the system's path (it may hold control characters). */
export function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return "the reason is unknown";
  const match = /^([A-Z0-9]+: [^,]*)/.exec(cause.message);
  return match?.[1] ?? cause.message;
}
