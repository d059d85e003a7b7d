/** Requests of a restore, folder by folder, so that each folder's tree is gone through once. */
import { type ExtractRequest, type RawName, type RawPath, rawBaseName, rawParent } from "#image";

/** Files of one folder that are looked up in one pass over its tree. */
const maxGroupFiles = 32_768;

export type RequestsOfFolder = Map<RawName, ExtractRequest[]>;

/** Requests for files of one folder that come one after another: only one folder's are held. */
export function* groupByFolder(
  requests: Iterable<ExtractRequest>,
): Generator<readonly [RawPath, RequestsOfFolder], void, undefined> {
  let folder: RawPath | undefined;
  let ofFolder: RequestsOfFolder = new Map();
  for (const request of requests) {
    const parent = rawParent(request.path);
    if (parent !== folder || ofFolder.size >= maxGroupFiles) {
      if (folder !== undefined) yield [folder, ofFolder];
      [folder, ofFolder] = [parent, new Map()];
    }
    const name = rawBaseName(request.path);
    const same = ofFolder.get(name);
    if (same === undefined) ofFolder.set(name, [request]);
    else same.push(request);
  }
  if (folder !== undefined) yield [folder, ofFolder];
}
