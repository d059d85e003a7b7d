import { opendir } from "node:fs/promises";
import { resolve } from "node:path";
import { systemErrorCode } from "#errors";
import { tidyPath } from "#policy";
import { safeText } from "../text.ts";
import { fact, type Fact } from "./site-fact.ts";

/** Where mail servers keep mail, the usual first. */
export const storePlaces = [
  "/var/mail",
  "/var/vmail",
  "/srv/mail",
  "/srv/vmail",
  "/home/vmail",
  "/var/spool/mail",
  "/var/spool/imap",
] as const;

export type StoreFolderOptions = {
  /** A folder that a person named; nothing else is looked for. */
  readonly folder?: string;
  readonly workingFolder: string;
  /** Of the configuration's servers. */
  readonly configured: readonly string[];
  readonly places: readonly string[];
  readonly signal: AbortSignal;
};

/** The folder of the mail store, absolute; undefined where no usual place has anything in it. */
export async function findStoreFolder(
  options: StoreFolderOptions,
): Promise<Fact<string> | undefined> {
  const { folder, workingFolder, configured, places, signal } = options;
  if (folder !== undefined)
    return fact(tidyPath(resolve(workingFolder, folder)), "as it was named");
  const [first] = configured;
  if (first !== undefined) return fact(tidyPath(first), "from the configuration");
  let closed: string | undefined;
  for (const place of places) {
    signal.throwIfAborted();
    const state = await stateOf(place);
    if (state === "filled") return fact(place, `found in ${safeText(place)}`);
    if (state === "closed") closed ??= place;
  }
  // Better than nothing: somebody else's folder in a usual place is the store more often than not.
  return closed === undefined
    ? undefined
    : fact(closed, `${safeText(closed)} is there and this user may not look into it`, false);
}

/** What a new filesystem has by itself. */
const notMail: ReadonlySet<string> = new Set(["lost+found"]);

async function stateOf(place: string): Promise<"filled" | "closed" | "nothing"> {
  try {
    for await (const { name } of await opendir(place)) if (!notMail.has(name)) return "filled";
    return "nothing";
  } catch (error) {
    const code = systemErrorCode(error);
    return code === "EACCES" || code === "EPERM" ? "closed" : "nothing";
  }
}
