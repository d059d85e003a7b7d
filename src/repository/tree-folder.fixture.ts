import assert from "node:assert/strict";
import { isRecoveryError } from "#errors";
import { parsedFolder, readTreeFolder, type TreeFolder } from "./tree-folder.ts";

/** The folder as it is read equals the one of the general parser in everything that can be asked of it, or both are refused alike. */
export function assertSameFolder(bytes: Uint8Array): void {
  assertContents(bytes);
  assert.deepEqual(
    told(() => readTreeFolder(bytes, "tree")),
    told(() => parsedFolder(bytes, "tree")),
  );
}

function told(read: () => TreeFolder): unknown {
  let folder: TreeFolder;
  try {
    folder = read();
  } catch (error) {
    if (!isRecoveryError(error)) throw error;
    return { code: error.code, message: error.message };
  }
  const { listing, treeId, hasAttributes, unsafe } = folder;
  return {
    treeId,
    hasAttributes,
    unsafe,
    names: listing.names,
    entries: [...listing],
    records: Array.from({ length: listing.length + 1 }, (_, index) => folder.record(index)),
  };
}

/** What is told of a file's content without its record is what its record says. */
function assertContents(bytes: Uint8Array): void {
  let folder: TreeFolder;
  try {
    folder = readTreeFolder(bytes, "tree");
  } catch {
    return;
  }
  for (let index = 0; index <= folder.listing.length; index++) {
    const text = folder.contentText(index);
    if (text !== undefined) assert.equal(text, folder.record(index)?.content?.join("+"));
  }
}
