/** Apart from the results that it is part of: whoever opens a copy does not load the planner for it. */
import { fileTypes, type Storage } from "#storage";

/** Everything that lies in a storage. A listing that fails throws: it is no small copy. */
export async function bytesIn(storage: Storage, signal?: AbortSignal): Promise<number> {
  let total = 0;
  for (const type of fileTypes) {
    if (type === "config") continue;
    for await (const { sizeBytes } of storage.list(type, signal === undefined ? {} : { signal }))
      total += sizeBytes;
  }
  return total;
}
