import { type Image, isImageError, joinRawPath, rawBaseName, type RawPath } from "#image";
import { addProblem, type MailProblem } from "../mail-problem.ts";
import { type CyrusHeader, parseCyrusHeader } from "./cyrus-header.ts";
import { indexHeaderBytes, parseIndexHeader } from "./cyrus-index.ts";
import { type CyrusName, isUniqueId, parseInternalName } from "./cyrus-name.ts";
import type { KnownMailbox } from "./cyrus-spool.ts";
import {
  fileIn,
  foldersIn,
  headerLimitBytes,
  isMailboxFolder,
  readIfThere,
} from "./mailbox-folder.ts";

const depthLimit = 40;

export type ScanOptions = {
  /** A mailbox's files may be spread over these; each is searched. */
  readonly spools: readonly RawPath[];
  readonly problems: MailProblem[];
  readonly signal: AbortSignal | undefined;
};

/**
 * Every mailbox that has a folder, by what its own cyrus.header says of it: for a mailboxes.db that is
 * not there or damaged. Costs a listing for each folder of the spool.
 */
export async function scanSpools(
  image: Image,
  options: ScanOptions,
): Promise<readonly KnownMailbox[]> {
  const { spools, problems, signal } = options;
  const found = new Map<RawPath, KnownMailbox>();
  for (const spool of spools) {
    const waiting = [{ inner: "" as RawPath, depth: 0 }];
    for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
      signal?.throwIfAborted();
      const { inner, depth } = folder;
      if (depth > depthLimit) {
        addProblem(problems, "too-deep", "Folders of the spool are nested too deeply");
        continue;
      }
      const path = inner === "" ? spool : joinRawPath(spool, inner);
      try {
        const listing = await image.list(path, signal);
        if (isMailboxFolder(listing) && !found.has(inner)) {
          const mailbox = await readMailbox(image, { inner, options });
          if (mailbox !== undefined) found.set(inner, mailbox);
        }
        for (const name of foldersIn(listing).toReversed())
          waiting.push({ inner: joinRawPath(inner, name), depth: depth + 1 });
      } catch (error) {
        if (!isImageError(error)) throw error;
        addProblem(problems, "unreadable", error.message);
      }
    }
  }
  return [...found.values()];
}

/** Undefined where it is no mailbox with mail. */
async function readMailbox(
  image: Image,
  { inner, options }: { readonly inner: RawPath; readonly options: ScanOptions },
): Promise<KnownMailbox | undefined> {
  let header: CyrusHeader | undefined;
  let uidValidity: number | undefined;
  for (const spool of options.spools) {
    const folder = inner === "" ? spool : joinRawPath(spool, inner);
    const bytes = await readPart(image, fileIn(folder, "cyrus.header"), options);
    if (bytes !== undefined) header ??= parseCyrusHeader(bytes);
    const index = parseIndexHeader(
      (await readPart(image, fileIn(folder, "cyrus.index"), options, indexHeaderBytes)) ??
        new Uint8Array(),
    );
    if (index?.isDeleted === true) return undefined;
    uidValidity ??= index?.uidValidity;
  }
  if (/^[abcfnps]/.test(header?.type ?? "")) return undefined;
  const folderName = rawBaseName(inner);
  const isById = inner.startsWith("uuid/") && isUniqueId(folderName);
  const uniqueId = isById ? folderName : header?.uniqueId;
  const name =
    header?.name === undefined
      ? isById
        ? undefined
        : nameOfPath(inner)
      : parseInternalName(header.name);
  return {
    ...(name === undefined ? {} : { name }),
    ...(uniqueId === undefined ? {} : { uniqueId }),
    ...(uidValidity === undefined ? {} : { uidValidity }),
    paths: [inner],
  };
}

/** From `[domain/[e/]example.org/][c/]user/cass/Folder`. */
function nameOfPath(path: RawPath): CyrusName | undefined {
  const parts = path.split("/");
  const isHash = (): boolean => (parts[0]?.length ?? 0) === 1 && parts.length > 1;
  let domain: string | undefined;
  if (parts[0] === "domain" && parts.length > 2) {
    parts.shift();
    if (isHash()) parts.shift();
    domain = parts.shift();
  }
  if (isHash()) parts.shift();
  return parseInternalName(`${domain === undefined ? "" : `${domain}!`}${parts.join(".")}`);
}

async function readPart(
  image: Image,
  path: RawPath,
  { problems, signal }: ScanOptions,
  lengthBytes?: number,
): Promise<Uint8Array | undefined> {
  try {
    return await readIfThere(image, path, { limitBytes: headerLimitBytes, lengthBytes, signal });
  } catch (error) {
    if (!isImageError(error)) throw error;
    addProblem(problems, "unreadable", error.message);
    return undefined;
  }
}
