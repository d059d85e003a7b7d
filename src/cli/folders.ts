import { mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import type { Surroundings } from "./terminal.ts";

type Environment = Surroundings["environment"];

/** Rebuildable caches: XDG Base Directory §2; /var/cache for a service that has no home. */
export function cacheFolder(environment: Environment): string {
  return join(
    absolute(environment["XDG_CACHE_HOME"]) ?? homeFolder(environment, ".cache") ?? "/var/cache",
    "restante",
  );
}

/** What should outlive a run and is not a cache (XDG Base Directory §2); /var/lib for root, as a service would. */
export function stateFolder(
  environment: Environment,
  { isRoot }: { readonly isRoot: boolean },
): string {
  const named = absolute(environment["XDG_STATE_HOME"]);
  if (named !== undefined) return join(named, "restante");
  const home = isRoot ? undefined : homeFolder(environment, ".local/state");
  return join(home ?? "/var/lib", "restante");
}

/** Makes the folder for its owner alone: names of mailboxes and of messages are nobody else's. */
export async function ownFolder(path: string): Promise<string> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  return path;
}

/** The specification says that a relative path is to be ignored. */
function absolute(path: string | undefined): string | undefined {
  return path !== undefined && isAbsolute(path) ? path : undefined;
}

function homeFolder(environment: Environment, below: string): string | undefined {
  const home = absolute(environment["HOME"]) ?? absolute(homedir());
  return home === undefined ? undefined : join(home, below);
}
