import { homedir } from "node:os";
import { resolve } from "node:path";
import { directoryStorage, type Storage } from "#storage";
import { CliError } from "./cli-error.ts";
import { safeText } from "./text.ts";

/**
 * Opens the storage of a repository by where it lies: the one place that knows every kind of location.
 * So far an absolute folder of this machine; another machine's plugs in here.
 */
export async function openStorageAt(location: string): Promise<Storage> {
  if (isElsewhere(location)) throw notHereYet(location);
  return directoryStorage(location);
}

/** A repository is a folder of this machine, written as restic would: "/srv/recovery" or "local:/srv/recovery". */
export function repositoryFolder(named: string, workingFolder: string): string {
  const path = named.replace(/^local:/, "");
  if (isElsewhere(path)) throw notHereYet(named);
  return resolve(workingFolder, path.replace(/^~(?=\/|$)/, homedir()));
}

function isElsewhere(location: string): boolean {
  return /^[a-z][a-z0-9+.-]+:/i.test(location);
}

function notHereYet(location: string): CliError {
  return new CliError(
    "cli.no-copy",
    `Cannot open "${safeText(withoutSecret(location))}": only folders of this machine hold a copy so far`,
    {
      hint: "Name a folder; one that is mounted from elsewhere will do.",
    },
  );
}

/** A URL may hold a password between its user and its host. */
function withoutSecret(url: string): string {
  return url.replace(/(:\/\/[^/@:]*):[^/@]*@/, "$1@");
}
