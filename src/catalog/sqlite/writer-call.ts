/** What goes between a fill and the thread that writes for it: calls, one after another. */
import type { RecoveryError } from "#errors";
import type { CatalogFill, LastSighting, MomentFacts, MomentFill } from "../catalog.ts";
import { CatalogError, type CatalogErrorCode } from "../catalog-error.ts";

export type WriterData = { readonly location: string };

/** The methods of a fill and of its moment, by name. */
export type WriterCalls = Pick<CatalogFill, "keepOnly"> &
  Pick<MomentFill, "openPlacements" | "messagesOf" | "addMessages" | "record" | "finish"> & {
    beginMoment(moment: MomentFacts): Promise<BegunMoment>;
    end(): Promise<void>;
  };
export type BegunMoment = {
  readonly notes: ReadonlyMap<string, string>;
  readonly last: readonly LastSighting[];
};

export type WriterCall = { readonly name: keyof WriterCalls; readonly given: unknown };
export type WriterReply = { readonly value: unknown } | { readonly failure: CarriedFailure };

export type CarriedFailure = {
  readonly code?: string;
  readonly message: string;
  readonly hint?: string;
  readonly retryable: boolean;
};

export function carriedFailure(error: unknown): CarriedFailure {
  const { code, message, hint, retryable } = error as Partial<RecoveryError> & Error;
  const isOurs = error instanceof CatalogError;
  return {
    ...(isOurs && code !== undefined ? { code } : {}),
    message: isOurs ? message : String(error),
    ...(hint === undefined ? {} : { hint }),
    retryable: retryable ?? false,
  };
}

export function failureOf({ code, message, hint, retryable }: CarriedFailure): Error {
  if (code === undefined) return writerFailed(message);
  const options = hint === undefined ? { retryable } : { hint, retryable };
  return new CatalogError(code as CatalogErrorCode, message, options);
}

export function writerFailed(state: string, cause?: unknown): CatalogError {
  return new CatalogError("catalog.worker", `Cannot fill the catalog: a thread failed: ${state}`, {
    hint: "Run it again: it goes on where it was.",
    ...(cause === undefined ? {} : { cause }),
  });
}
