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
