import type { Storage } from "#storage";
import { sha256Hex } from "./crypto.ts";

/** The bytes of a pack that was stored; undefined where they are not those that its name was made of. */
export async function readBackPack(
  storage: Storage,
  { packId, signal }: { readonly packId: string; readonly signal: AbortSignal },
): Promise<Uint8Array | undefined> {
  const bytes = await storage.load({ type: "data", name: packId }, { signal });
  return sha256Hex(bytes) === packId ? bytes : undefined;
}
