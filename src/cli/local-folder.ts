import { homedir } from "node:os";
import { resolve } from "node:path";

/** The absolute folder that a location of this machine names, "/srv/recovery" or "local:/srv/recovery"; undefined for one elsewhere. */
export function localFolder(named: string, workingFolder: string): string | undefined {
  const path = named.replace(/^local:/, "");
  if (isElsewhere(path)) return undefined;
  return resolve(workingFolder, path.replace(/^~(?=\/|$)/, homedir()));
}

/** Whether a location is on another machine. */
export function isElsewhere(location: string): boolean {
  return /^[a-z][a-z0-9+.-]+:/i.test(location);
}
