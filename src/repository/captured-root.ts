import { type RawName, type RawPath, rawPathFromText } from "#image";
import { isRecoveryError } from "#errors";
import type { BlobReader } from "./blob-reader.ts";
import { entryOfNode, parseTree } from "./parse-tree.ts";
import type { Snapshot } from "./repository.ts";
import { manifestFolder } from "./snapshot-tree.ts";

/**
 * Where in a snapshot's tree the captured folder lies. With an absolute path it lies at that path;
 * `restic backup mail` in /srv stores it as "mail" and `restic backup .` as the tree itself, though
 * the snapshot says "/srv/mail" each time. "" where several folders were captured.
 */
export async function findCapturedRoot(
  reader: BlobReader,
  snapshot: Snapshot,
  signal?: AbortSignal,
): Promise<RawPath> {
  const [only, ...others] = snapshot.paths;
  if (only === undefined || others.length > 0) return "" as RawPath;
  const whole = rawPathFromText(only);
  const names = only.split("/").filter((name) => name !== "");
  try {
    for (let from = 0; from < names.length; from++) {
      const found = await descend(reader, {
        treeId: snapshot.tree,
        names: names.slice(from),
        isExact: from === 0,
        ...optional(signal),
      });
      if (found !== undefined) return found;
    }
    return "" as RawPath;
  } catch (error) {
    if (
      signal?.aborted === true ||
      !isRecoveryError(error) ||
      !error.code.startsWith("repository.")
    )
      throw error;
    // Lost or damaged on the way there: whoever lists the folder is told.
    return whole;
  }
}

type Descent = {
  readonly treeId: string;
  readonly names: readonly string[];
  /** Otherwise each folder on the way must hold nothing else, or the name is there by chance. */
  readonly isExact: boolean;
  readonly signal?: AbortSignal;
};

type NamedNode = { readonly name: RawName | undefined; readonly subtree: string | undefined };

/** The path of `names` below a tree; undefined where it is not there. */
async function descend(
  reader: BlobReader,
  { treeId, names, isExact, signal }: Descent,
): Promise<RawPath | undefined> {
  const path: string[] = [];
  let tree: string | undefined = treeId;
  for (const name of names) {
    if (tree === undefined) return undefined;
    const bytes = await reader.read(Buffer.from(tree, "hex"), {
      type: "tree",
      ...optional(signal),
    });
    const nodes: readonly NamedNode[] = parseTree(bytes, tree).map((record) => ({
      name: entryOfNode(record)?.name,
      subtree: record.subtree,
    }));
    if (
      !isExact &&
      nodes.some((node) => node.name !== manifestFolder && textOf(node.name) !== name)
    )
      return undefined;
    const exact = rawPathFromText(name) as string;
    // A path that is not UTF-8 is kept in the snapshot with U+FFFD, in the tree with its own bytes.
    const node: NamedNode | undefined =
      nodes.find((one) => one.name === exact) ?? nodes.find((one) => textOf(one.name) === name);
    if (node?.name === undefined) return undefined;
    path.push(node.name);
    tree = node.subtree;
  }
  return tree === undefined ? undefined : (path.join("/") as RawPath);
}

function textOf(raw: string | undefined): string | undefined {
  return raw === undefined ? undefined : Buffer.from(raw, "latin1").toString("utf8");
}

function optional(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
