import { RecoveryError, type RecoveryErrorOptions } from "#errors";

export type CatalogErrorCode =
  | "catalog.query"
  | "catalog.cursor"
  | "catalog.damaged"
  | "catalog.failed"
  | "catalog.worker";

/** Codes: docs/errors.md, "catalog". */
export class CatalogError extends RecoveryError {
  declare readonly code: CatalogErrorCode;

  constructor(code: CatalogErrorCode, message: string, options: RecoveryErrorOptions = {}) {
    super(code, message, options);
  }
}

export function isCatalogError(error: unknown, code?: CatalogErrorCode): error is CatalogError {
  return error instanceof CatalogError && (code === undefined || error.code === code);
}
