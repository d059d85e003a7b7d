import {
  entryTypeOf,
  type Image,
  isImageError,
  type Listing,
  joinRawPath,
  readAll,
  type RawName,
  type RawPath,
} from "#image";

/** Far above what a server writes; what is larger is not taken into memory. */
export const headerLimitBytes: number = 1024 * 1024;
/** An index of some ten million messages. */
export const indexLimitBytes: number = 1024 * 1024 * 1024;

const messageFile = /^([1-9][0-9]{0,9})\.$/;

/** The UID in the name of a message's file, `12.`; undefined for any other name. */
export function uidOfFile(name: string): number | undefined {
  const uid = Number(messageFile.exec(name)?.[1] ?? Number.NaN);
  return uid <= 0xffff_ffff ? uid : undefined;
}

/** A folder with a mailbox's own files; or, where those lie in a partition of their own, with messages. */
export function isMailboxFolder(listing: Listing): boolean {
  const names = ["cyrus.header", "cyrus.index"] as readonly string[] as readonly RawName[];
  if (names.some((name) => listing.indexOf(name) >= 0)) return true;
  return listing.names.slice(0, 1000).some((name) => messageFile.test(name));
}

export function foldersIn(listing: Listing): readonly RawName[] {
  return listing.names.filter(
    (_, index) => entryTypeOf(listing.modes[index] as number) === "directory",
  );
}

/**
 * All of a file, or its first `lengthBytes`. Undefined where it is not there; anything else that is
 * wrong is thrown as an ImageError.
 */
export async function readIfThere(
  image: Image,
  path: RawPath,
  options: {
    readonly limitBytes: number;
    readonly lengthBytes?: number | undefined;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<Uint8Array | undefined> {
  const { limitBytes, lengthBytes, signal } = options;
  const cancel = signal === undefined ? {} : { signal };
  try {
    if (lengthBytes === undefined) return await readAll(image, path, { limitBytes, ...cancel });
    const pieces = await Array.fromAsync(image.read(path, { offset: 0, lengthBytes, ...cancel }));
    return Buffer.concat(pieces);
  } catch (error) {
    if (isImageError(error, "image.not-found")) return undefined;
    throw error;
  }
}

/** Undefined where the folder is not there. */
export async function listIfThere(
  image: Image,
  path: RawPath,
  signal?: AbortSignal,
): Promise<Listing | undefined> {
  try {
    return await image.list(path, signal);
  } catch (error) {
    if (isImageError(error, "image.not-found")) return undefined;
    throw error;
  }
}

export function fileIn(folder: RawPath, name: string): RawPath {
  return joinRawPath(folder, name as RawName);
}
