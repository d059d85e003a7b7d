import { isWithin } from "./folders.ts";
import type { MailServer, ProtectedItem, ServerVolume } from "./mail-server.ts";

/** What a capture of these folders would not have. */
export type Missed = {
  readonly volumes: readonly ServerVolume[];
  readonly items: readonly ProtectedItem[];
};

/** Volumes and state of a server that lie in none of the captured folders; what is not there is not missed. */
export function missedBy(
  server: Pick<MailServer, "volumes">,
  items: readonly ProtectedItem[],
  capturedFolders: readonly string[],
): Missed {
  const isCaptured = ({ path }: { readonly path: string }): boolean =>
    capturedFolders.some((folder) => isWithin(path, folder));
  return {
    volumes: server.volumes.filter((volume) => !isCaptured(volume)),
    items: items.filter((item) => item.isThere !== false && !isCaptured(item)),
  };
}
