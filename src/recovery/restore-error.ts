import { RecoveryError, type RecoveryErrorOptions } from "#errors";
import { displayPath, isImageError, type RawPath } from "#image";

export type RestoreErrorCode =
  | "restore.scope-not-found"
  | "restore.target-invalid"
  | "restore.target-unlistable"
  | "restore.image-incomplete"
  | "restore.image-empty"
  | "restore.unsafe-target"
  | "restore.not-verified"
  | "restore.full"
  | "restore.name-taken"
  | "restore.still-needed";

export class RestoreError extends RecoveryError {
  declare readonly code: RestoreErrorCode;

  constructor(code: RestoreErrorCode, message: string, options: RecoveryErrorOptions = {}) {
    super(code, message, options);
  }
}

/** A listing of the target that fails must never look like an empty target: it ends the planning. */
export async function listingNow<Result>(
  path: RawPath,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!isImageError(error)) throw error;
    throw new RestoreError(
      "restore.target-unlistable",
      `Cannot compare with "${displayPath(path)}" in the target: ${error.message}`,
      {
        hint: "Nothing was written; make the folder readable and try again.",
        cause: error,
      },
    );
  }
}
