import { createHash } from "node:crypto";
import { openDirectoryImage, type RawPath, rawPathFromText, readAll, walkImage } from "#image";
import { messageIdentityOf } from "#mail";

/** Every message file below a folder: by path its hash, and how often each message is there. */
export type MessageFiles = {
  /** Path below the folder → SHA-256 of the file's bytes. */
  readonly hashes: ReadonlyMap<RawPath, string>;
  /** Identity of a message → number of files that hold it. */
  readonly identities: ReadonlyMap<string, number>;
};

export async function readMessageFiles(folder: string, signal: AbortSignal): Promise<MessageFiles> {
  const hashes = new Map<RawPath, string>();
  const identities = new Map<string, number>();
  await using image = await openDirectoryImage(rawPathFromText(folder));
  for await (const { path, entry } of walkImage(image, "" as RawPath, { signal })) {
    if (entry.type !== "file" || !/(?:^|\/)(?:cur|new)\/[^/]+$/.test(path)) continue;
    const bytes = await readAll(image, path, { signal });
    hashes.set(path, createHash("sha256").update(bytes).digest("hex"));
    const identity = messageIdentityOf(bytes);
    identities.set(identity, (identities.get(identity) ?? 0) + 1);
  }
  return { hashes, identities };
}

export type Comparison = {
  /** Files that are there under the same path with the same bytes. */
  readonly same: number;
  readonly missing: number;
  readonly different: number;
  /** Files that came later. */
  readonly added: number;
  /** Messages that are there less often than before, and messages that are there more often although nothing new came. */
  readonly lostMessages: number;
  readonly doubledMessages: number;
};

/** Before against after. `arrived` new messages are expected and are no doubles. */
export function compareMessageFiles(
  before: MessageFiles,
  after: MessageFiles,
  { arrived }: { readonly arrived: number },
): Comparison {
  let same = 0;
  let missing = 0;
  let different = 0;
  for (const [path, hash] of before.hashes) {
    const now = after.hashes.get(path);
    if (now === hash) same++;
    else if (now === undefined) missing++;
    else different++;
  }
  let lost = 0;
  let more = 0;
  for (const [identity, count] of before.identities)
    lost += Math.max(0, count - (after.identities.get(identity) ?? 0));
  for (const [identity, count] of after.identities)
    more += Math.max(0, count - (before.identities.get(identity) ?? 0));
  return {
    same,
    missing,
    different,
    added: after.hashes.size - same - different,
    lostMessages: lost,
    doubledMessages: Math.max(0, more - arrived),
  };
}

export function isWhole({
  missing,
  different,
  lostMessages,
  doubledMessages,
}: Comparison): boolean {
  return missing + different + lostMessages + doubledMessages === 0;
}
