import {
  type Image,
  joinRawPath,
  rawBaseName,
  type RawName,
  rawParent,
  type RawPath,
} from "#image";
import { indexFiles, readMailIndex } from "../dovecot/index/read-mail-index.ts";
import { placementOf } from "../dovecot/stored-flags.ts";

const prefix = "dovecot.index";
/** The index has something of this message that is not in the file yet. */
const dirtyFlag = 0x80;

/** What Dovecot's index beside an mbox knows better than the file. */
export type IndexBeside = {
  readonly uidValidity: number;
  readonly uidNext: number;
  /** By UID, of messages whose change was not written into the file yet. */
  readonly changed: ReadonlyMap<
    number,
    { readonly flags: readonly string[]; readonly keywords: readonly string[] }
  >;
};

/** Where it is: `.imap/NAME/dovecot.index*` in the folder of the mbox. */
export function indexFilesBeside(mbox: RawPath): readonly RawPath[] {
  return indexFiles(folderOf(mbox), prefix);
}

/**
 * Reads it. Undefined where there is none, or none that can be read: Dovecot makes it anew from the
 * file then, and so what the file says holds.
 */
export async function readIndexBeside(
  image: Image,
  mbox: RawPath,
  signal: AbortSignal | undefined,
): Promise<IndexBeside | undefined> {
  const { index, isMissing, isDamaged } = await readMailIndex(image, {
    folder: folderOf(mbox),
    prefix,
    problems: [],
    signal,
  });
  const { uidValidity, nextUid } = index.header;
  if (isMissing || isDamaged || uidValidity === 0) return undefined;
  const changed = new Map<number, ReturnType<typeof placementOf>>();
  for (const row of index.messages())
    if ((row.flags & dirtyFlag) !== 0) changed.set(row.uid, placementOf(index, row));
  return { uidValidity, uidNext: nextUid, changed };
}

function folderOf(mbox: RawPath): RawPath {
  const indexes = joinRawPath(rawParent(mbox), ".imap" as RawName);
  return joinRawPath(indexes, rawBaseName(mbox));
}
