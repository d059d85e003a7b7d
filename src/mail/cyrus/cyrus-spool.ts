import {
  displayPath,
  type Image,
  isImageError,
  isWithin,
  joinRawPath,
  rawParent,
  type RawPath,
  rootPath,
} from "#image";
import { addProblem, type MailProblem } from "../mail-problem.ts";
import { indexHeaderBytes } from "./cyrus-index.ts";
import { type CyrusName, pathsOfUserFile } from "./cyrus-name.ts";
import { fileIn, headerLimitBytes, listIfThere, readIfThere } from "./mailbox-folder.ts";

export type CyrusOptions = {
  /** Only the account that has a mailbox at this path or around it; all where none has. */
  readonly around?: RawPath;
  readonly withDeleted?: boolean;
  readonly seenBy?: string;
};

/** One server's files within an Image. */
export type CyrusSpool = {
  readonly image: Image;
  /** The configuration folder, where there is one. */
  readonly config: RawPath | undefined;
  /** Partitions of messages, of metadata and of archives, ascending. A mailbox has the same path in each. */
  readonly spools: readonly RawPath[];
  /** Owner → unique ID of the inbox, after which the user's files are named. */
  readonly inboxIds: ReadonlyMap<string, string>;
  readonly options: CyrusOptions;
};

export type Reading = {
  /** What is wrong goes here. */
  readonly problems: MailProblem[];
  readonly signal: AbortSignal | undefined;
};

/** A mailbox of a spool, from mailboxes.db or from its own folder. */
export type KnownMailbox = {
  /** Absent: nothing that is left says it. */
  readonly name?: CyrusName;
  readonly uniqueId?: string;
  readonly uidValidity?: number;
  /** Where it may lie within a partition; the first that is there counts. */
  readonly paths: readonly RawPath[];
};

/** A mailbox's folder: the one with its cyrus.index, else the first that is there, else where it should be. */
export type LocatedMailbox = {
  readonly path: RawPath;
  /** The first bytes of its cyrus.index; absent where that is not there or cannot be read. */
  readonly indexStart?: Uint8Array;
};

export async function locateMailbox(
  { image, spools }: CyrusSpool,
  { paths }: KnownMailbox,
  { problems, signal }: Reading,
): Promise<LocatedMailbox> {
  const folders = paths.flatMap((path) => spools.map((spool) => within(spool, path)));
  const complainOf = (error: unknown): void => {
    if (!isImageError(error)) throw error;
    addProblem(problems, "index", error.message);
  };
  for (const path of folders) {
    try {
      const options = { limitBytes: headerLimitBytes, lengthBytes: indexHeaderBytes, signal };
      const indexStart = await readIfThere(image, fileIn(path, "cyrus.index"), options);
      if (indexStart !== undefined) return { path, indexStart };
    } catch (error) {
      complainOf(error);
      return { path };
    }
  }
  const [expected = "" as RawPath] = folders;
  addProblem(problems, "index", `"${displayPath(fileIn(expected, "cyrus.index"))}" is not there`);
  for (const path of folders) {
    try {
      if ((await listIfThere(image, path, signal)) !== undefined) return { path };
    } catch (error) {
      complainOf(error);
    }
  }
  return { path: expected };
}

/** The mailbox's folder first, then its places in the other partitions, which need not be there. */
export function foldersOfMailbox({ spools }: CyrusSpool, folder: RawPath): readonly RawPath[] {
  const home = spools.findLast((spool) => isWithin(folder, spool));
  if (home === undefined) return [folder];
  const inner = folder.slice(home === "" ? 0 : home.length + 1) as RawPath;
  return [folder, ...spools.filter((spool) => spool !== home).map((spool) => within(spool, inner))];
}

/** The folder that all partitions lie in; of one partition, itself. */
export function rootOf({ spools, config }: Pick<CyrusSpool, "spools" | "config">): RawPath {
  const [first = config ?? rootPath, ...others] = spools;
  let root = first;
  while (others.some((spool) => !isWithin(spool, root))) root = rawParent(root);
  return root;
}

/** Whether a path is a mailbox's folder or lies in it, wherever that may be. */
export function holdsPath(
  { paths }: KnownMailbox,
  { path, spools }: { readonly path: RawPath; readonly spools: readonly RawPath[] },
): boolean {
  return paths.some((inner) => spools.some((spool) => isWithin(path, within(spool, inner))));
}

/** Where a user's file may be. */
export function userFiles(
  { config, inboxIds }: CyrusSpool,
  owner: string,
  kind: "seen" | "sub",
): readonly RawPath[] {
  if (config === undefined) return [];
  const at = owner.lastIndexOf("@");
  const name =
    at < 0
      ? { user: owner, folders: [] }
      : { user: owner.slice(0, at), domain: owner.slice(at + 1), folders: [] };
  // It goes into a path.
  if (/[/\0]/.test(owner)) return [];
  return pathsOfUserFile(name, { kind, inboxId: inboxIds.get(owner) }).map((path) =>
    fileIn(config, path),
  );
}

function within(spool: RawPath, path: RawPath): RawPath {
  if (path === "") return spool;
  return joinRawPath(spool, path);
}
