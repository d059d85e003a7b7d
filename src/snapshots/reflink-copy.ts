import { closeSync, mkdirSync, writeFileSync } from "node:fs";
import { isRecoveryError, systemErrorCode } from "#errors";
import {
  joinRawPath,
  type RawName,
  rawParent,
  type RawPath,
  rawPathToBytes,
  sameDevice,
} from "#image";
import { makeContainer } from "./container.ts";
import { openSource, shareBytes, shareOpenFile } from "./copy-file.ts";
import { type CopyProviderOptions, copyProvider } from "./copy-provider.ts";
import { currentMaker } from "./maker.ts";
import { attributesNote } from "./plain-copy.ts";
import { takeApart } from "./remove-snapshot.ts";
import { reasonOf } from "./snapshot-error.ts";
import { frozenName } from "./snapshot-record.ts";
import type { SnapshotProvider, Suitability } from "./snapshot-provider.ts";

/** A file by file copy whose files share their blocks with production until either changes (paper §3.4): XFS, btrfs. */
export function reflinkCopies(options: CopyProviderOptions = {}): SnapshotProvider {
  return copyProvider(
    {
      name: "reflink copy",
      section: "§3.4",
      kind: "delta",
      copyBytes: shareBytes,
      // FICLONE takes all of a file at one instant.
      mustStandStill: false,
      suits: async ({ store, destination }) => {
        const parent = rawParent(destination);
        if (!(await sameDevice(store.root, parent)))
          return {
            suits: false,
            why: "The destination lies on another filesystem than the store.",
          };
        const tried = await probe(parent);
        return tried.suits ? { ...tried, why: `${tried.why}${attributesNote()}` } : tried;
      },
      space: ({ totalBytes, unsharedBytes }) => ({
        totalBytes,
        ownBytes: unsharedBytes ?? totalBytes,
        basis:
          unsharedBytes === undefined
            ? "An upper bound: this system does not tell which blocks are shared."
            : "Blocks that no other file shares, as the filesystem maps them; names and folders are not counted.",
      }),
    },
    options,
  );
}

/** Whether the filesystem shares blocks: tried on a file of our own, not on mail. */
async function probe(parent: RawPath): Promise<Suitability> {
  const draft = { version: 1, provider: "reflink copy", maker: currentMaker() } as const;
  try {
    const folder = await makeContainer(parent, { ...draft, state: "taking", root: frozenName });
    try {
      return tryToShare(joinRawPath(folder, frozenName));
    } finally {
      await takeApart(folder);
    }
  } catch (error) {
    if (!isRecoveryError(error)) throw error;
    return { suits: false, why: `${error.message}.` };
  }
}

function tryToShare(folder: RawPath): Suitability {
  const first = joinRawPath(folder, "probe" as RawName);
  try {
    mkdirSync(rawPathToBytes(folder), { mode: 0o700 });
    writeFileSync(rawPathToBytes(first), Buffer.alloc(16_384, "probe"));
    const source = openSource(first);
    if (source === undefined) return { suits: false, why: "Its probe was removed by somebody." };
    try {
      shareOpenFile(source.descriptor, joinRawPath(folder, "shared" as RawName));
    } finally {
      closeSync(source.descriptor);
    }
    return {
      suits: true,
      why: "Files share their blocks with the store until one of both changes.",
    };
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return {
      suits: false,
      why: `The filesystem does not share blocks of files (${reasonOf(error)}).`,
    };
  }
}
