import { describeError, isRecoveryError } from "#errors";
import type { RepositoryCore } from "./repository-core.ts";
import type { VerifyFinding, VerifyOptions } from "./verify-report.ts";

/** One verification under way: what is looked at, and what was found. */
export class VerifyRun {
  readonly core: RepositoryCore;
  readonly options: VerifyOptions;
  readonly findings: VerifyFinding[] = [];
  /** Blobs known to be unreadable, by `blobIdKey`. */
  readonly badBlobs: Set<string> = new Set();
  /** Packs that an index describes oddly, or that a piece could not be read of: they are read whole. */
  readonly suspectPacks: Set<string> = new Set();
  bytesRead = 0;
  readonly #told = new Set<string>();

  constructor(core: RepositoryCore, options: VerifyOptions) {
    this.core = core;
    this.options = options;
  }

  get signal(): { readonly signal?: AbortSignal } {
    return this.options.signal === undefined ? {} : { signal: this.options.signal };
  }

  /** The same thing is told once, though it may be met on several ways. */
  find(finding: VerifyFinding): void {
    const key = `${finding.code}\0${finding.file ?? ""}\0${finding.message}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.findings.push(finding);
  }

  /** Storage that does not answer is no damage: it ends the verification. */
  findError(error: unknown, finding: Omit<VerifyFinding, "message">): void {
    this.options.signal?.throwIfAborted();
    if (!isRecoveryError(error) || (error.retryable && error.code.startsWith("storage.")))
      throw error;
    this.find({ ...finding, message: describeError(error).split("\n", 1)[0] as string });
  }
}

export function blobIdKey(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString("latin1");
}
