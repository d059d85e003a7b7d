import { stat, statfs } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { describeError, isRecoveryError } from "#errors";
import { rawPathFromText, sameDevice } from "#image";
import { formatBytes } from "#time";
import type { CommandContext } from "../command.ts";
import { type CopyPlace, openCopyAt } from "../copy-access.ts";
import { isInterruption } from "../exit-codes.ts";
import { isElsewhere } from "../local-folder.ts";
import { freeSpaceAt, hostOf } from "../storage-at.ts";
import { plural, safeText } from "../text.ts";
import { type Check, fail, ok, warn } from "./check.ts";

/** Below this share of the volume a copy soon has no room. */
const tightShare = 0.1;

export type CopyChecks = {
  readonly context: CommandContext;
  readonly place: CopyPlace;
  /** The mail store it protects, absolute, where one was named. */
  readonly store?: string;
};

/** Whether the copy is there, opens with the password, has room, and would survive the mail's disk. */
export async function* checkCopy({ context, place, store }: CopyChecks): AsyncGenerator<Check> {
  if (isElsewhere(place.folder)) yield* checkCopyElsewhere({ context, place });
  else yield* checkCopyHere({ context, place, ...(store === undefined ? {} : { store }) });
}

async function* checkCopyHere({ context, place, store }: CopyChecks): AsyncGenerator<Check> {
  const shown = safeText(place.folder);
  const there = await nearestFolder(place.folder);
  if (there !== place.folder) {
    yield fail(
      "copy",
      `there is no repository in ${shown}`,
      `Make one: restante init --copy ${shown}`,
    );
  } else {
    yield* checkOpens({ context, place });
  }
  yield await checkRoom(there);
  if (store !== undefined) yield await checkApart(there, store);
}

/** On another machine: what cannot be reached is told once, and not asked for its room as well. */
async function* checkCopyElsewhere({ context, place }: CopyChecks): AsyncGenerator<Check> {
  let isThere = true;
  for await (const check of checkOpens({ context, place })) {
    isThere &&= check.state !== "fail";
    yield check;
  }
  if (!isThere) return;
  const { freeBytes, totalBytes } = await freeSpaceAt(place.folder, context.surroundings);
  yield roomCheck(freeBytes, totalBytes);
  const host = hostOf(place.folder);
  yield isThisMachine(host)
    ? warn(
        "copy.apart",
        `the copy is reached over SSH on this same machine (${safeText(host)})`,
        "Keep a copy on another machine.",
      )
    : ok("copy.apart", `the copy lies on another host than the mail: ${safeText(host)}`);
}

/** As far as its name tells. */
function isThisMachine(host: string): boolean {
  const name = host.replace(/^.*@/, "").replace(/(?<=[^:]|\]):\d+$/, "");
  return /^(?:localhost|127\.[0-9.]+|\[?::1\]?)$/i.test(name) || name === hostname();
}

async function* checkOpens({ context, place }: CopyChecks): AsyncGenerator<Check> {
  const shown = safeText(place.folder);
  try {
    await using opened = await openCopyAt(place, context);
    const moments = await opened.copy.moments(undefined, context.surroundings.signal);
    yield ok(
      "copy",
      `the copy in ${shown} opens with the password; ${plural(moments.length, "moment")}`,
    );
  } catch (error) {
    if (!isRecoveryError(error) || isInterruption(error)) throw error;
    const [message = "", hint] = describeError(error).split("\n");
    yield fail("copy", safeText(message), hint?.trim() ?? "See `restante help init`.");
  }
}

async function checkRoom(folder: string): Promise<Check> {
  const { bavail, blocks, bsize } = await statfs(folder);
  return roomCheck(bavail * bsize, blocks * bsize);
}

function roomCheck(freeBytes: number, totalBytes: number): Check {
  const free = `${formatBytes(freeBytes)} of ${formatBytes(totalBytes)} free for the copy`;
  if (totalBytes === 0 || freeBytes / totalBytes >= tightShare) return ok("copy.room", free);
  return warn("copy.room", free, "Make room, or move the copy to a larger volume.");
}

/** One broken disk must not take the mail and its copy (paper §1.3.1). */
async function checkApart(folder: string, store: string): Promise<Check> {
  const together = await sameDevice(
    rawPathFromText(folder),
    rawPathFromText(await nearestFolder(store)),
  );
  if (!together) return ok("copy.apart", "the copy lies on another device than the mail");
  return warn(
    "copy.apart",
    "the copy shares its device with the mail: one broken disk takes both",
    "Keep a copy on another disk or machine.",
  );
}

/** The folder, or the nearest one above it that exists. */
export async function nearestFolder(path: string): Promise<string> {
  for (let folder = path; ; folder = dirname(folder)) {
    try {
      await stat(folder);
      return folder;
    } catch (error) {
      if (dirname(folder) === folder) throw error;
    }
  }
}
