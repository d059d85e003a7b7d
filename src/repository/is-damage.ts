import { type RecoveryError, isRecoveryError } from "#errors";
import type { RepositoryCore } from "./repository-core.ts";
import { notARepository } from "./key-file.ts";
import { hasConfig } from "./repository-config.ts";

/** Whether what failed is damage to the bytes, which other bytes do not share; storage that does not answer is none. */
export function isDamage(error: unknown): error is RecoveryError {
  if (!isRecoveryError(error)) return false;
  return !(error.retryable && error.code.startsWith("storage."));
}

/**
 * Throws where the whole repository is gone (a disk that was pulled out): a million blobs that are
 * "damaged" would be the wrong answer.
 */
export async function assertStillThere(core: RepositoryCore, signal?: AbortSignal): Promise<void> {
  const { storage } = core.context;
  if (!(await hasConfig(storage, signal))) throw notARepository(storage.location);
}
