import { isImageError, rawPathFromText } from "#image";
import { type Host, isHostError } from "#hosts";
import { commonFolder, isWithin, parentFolder } from "./folders.ts";
import type { MailServer, ProtectedItem, ProtectedKind, ServerVolume } from "./mail-server.ts";
import { missedBy } from "./missed-items.ts";

/** How all of a server's state is captured. */
export type CaptureAdvice = {
  /** The folder of its mail, absolute. */
  readonly path: string;
  /** What belongs to it and lies in that folder, where it lies there now. */
  readonly within: readonly ProtectedKind[];
  /** Volumes of the store that lie elsewhere, of one moment with it; none lies in another. */
  readonly volumes: readonly ServerVolume[];
  /** Folders that must be captured beside it, absolute; none lies in another. */
  readonly folders: readonly string[];
  /** Files of which one would have to capture half of the system to have them. */
  readonly left: readonly ProtectedItem[];
};

/** Folders that hold much more than a mail server's things. */
const tooWide: ReadonlySet<string> = new Set([
  "/",
  "/etc",
  "/home",
  "/opt",
  "/root",
  "/srv",
  "/usr",
  "/usr/local",
  "/usr/local/etc",
  "/var",
  "/var/lib",
  "/var/spool",
]);

/**
 * What to capture of a server: `path`, or the folder that all its volumes lie in where that holds
 * little else, so that they are of one instant; else that of its first volume. Undefined where none is known.
 */
export async function captureAdvice(
  server: MailServer,
  {
    host,
    path = usualPath(server),
    signal,
  }: {
    readonly host: Host;
    readonly path?: string | undefined;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<CaptureAdvice | undefined> {
  if (path === undefined) return undefined;
  const items = await server.alsoProtect(signal);
  const missed = missedBy(server, items, [path]);
  const volumes = missed.volumes.filter(
    (one, index, all) =>
      !isWithin(path, one.path) &&
      !all.some((other, at) =>
        other.path === one.path ? at < index : isWithin(one.path, other.path),
      ),
  );
  const folders: string[] = [];
  const left: ProtectedItem[] = [];
  for (const item of missed.items) {
    const folder = (await isFolder(host, item.path, signal)) ? item.path : parentFolder(item.path);
    if (volumes.some((volume) => isWithin(item.path, volume.path))) continue;
    if (tooWide.has(folder)) left.push(item);
    else folders.push(folder);
  }
  const outermost = [...new Set(folders)]
    .filter((one) => !folders.some((other) => other !== one && isWithin(one, other)))
    .toSorted();
  const store = [path, ...volumes.map((volume) => volume.path)];
  const within = items.filter(
    (item) => item.isThere === true && store.some((folder) => isWithin(item.path, folder)),
  );
  return {
    path,
    volumes,
    within: [...new Set(within.map(({ kind }) => kind))],
    folders: outermost,
    left: left.filter((item) => !outermost.some((folder) => isWithin(item.path, folder))),
  };
}

function usualPath({ volumes }: MailServer): string | undefined {
  const common = commonFolder(volumes.map(({ path }) => path));
  return common === undefined || tooWide.has(common) ? volumes[0]?.path : common;
}

async function isFolder(
  host: Host,
  path: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    await using _ = await host.openFolder(
      rawPathFromText(path),
      signal === undefined ? {} : { signal },
    );
    return true;
  } catch (error) {
    signal?.throwIfAborted();
    if (isImageError(error, "image.not-a-folder") || isImageError(error, "image.not-found"))
      return false;
    // It is there and may not be entered by this user: whoever captures may.
    if (isImageError(error) || isHostError(error)) return true;
    throw error;
  }
}
