import type { MasterKey } from "./crypto.ts";
import type { LocalCache } from "./local-cache.ts";
import type { UnpackedContext } from "./unpacked-file.ts";

/** What every operation on an open repository needs. */
export type RepositoryCore = {
  readonly id: string;
  readonly context: UnpackedContext;
  readonly masterKey: MasterKey;
  readonly polynomial: bigint;
  readonly cache: LocalCache;
};

/**
 * How one open repository reaches into another when moments are duplicated. Not a part of the
 * port: whoever only imitates a repository has no core to give.
 */
export const coreOf: unique symbol = Symbol("core of a repository");

export type HasCore = { [coreOf](): RepositoryCore };
