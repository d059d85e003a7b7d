import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { systemErrorCode } from "#errors";
import { displayPath, rawPathFromText } from "#image";
import {
  backUpToDisk,
  backUpToTape,
  checkReplicas,
  cloneRotation,
  clones,
  deltaRotation,
  deltas,
  type ReplicaMethod,
  type ReplicaMethodOptions,
  tapeCopy,
} from "#methods";
import { duplicateCopy } from "#offsite";
import { heldBy, type RetentionHold, shrinkAlarm } from "#policy";
import { tagValue } from "#repository";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { type CopyPlace, openCopyAt } from "../copy-access.ts";
import { bytesIn } from "../bytes-in.ts";
import { holdsInForce } from "../holds-in-force.ts";
import type { Site } from "../site.ts";
import { isElsewhere } from "../local-folder.ts";
import { openStorageAt } from "../storage-at.ts";
import { configuredPlace, type LibraryPlace, openLibraryAt } from "../tape/open-library.ts";
import { safeText } from "../text.ts";
import type { AnyCopy } from "./any-copy.ts";
import { methodNamed } from "./method-words.ts";
import { kindAt, markedMethod } from "./place-kind.ts";

export type OpenAnyOptions = { readonly context: CommandContext; readonly site: Site };

/** Opens a copy of whatever kind. Throws where it is not set up: an empty folder may be a disk that is not mounted. */
export async function openAnyCopy(place: CopyPlace, options: OpenAnyOptions): Promise<AnyCopy> {
  const isRepository = options.site.copies.includes(place);
  const kind = isRepository ? "repository" : kindAt(place);
  if (kind !== "repository" && isElsewhere(place.folder)) throw notHere(place);
  switch (kind) {
    case "repository":
      return await openDisk(place, options);
    case "replicas":
      return openReplicas(place, options);
    case "tape library":
      return await openTapes(place, options);
  }
}

async function openDisk(place: CopyPlace, { context, site }: OpenAnyOptions): Promise<AnyCopy> {
  const opened = await openCopyAt(place, context);
  const { repository } = opened;
  const config = site.config?.copies.find(({ name }) => name === place.name);
  const isDuplicate = config?.layer === "disaster";
  const copy = isDuplicate ? duplicateCopy(repository, { name: place.name }) : opened.copy;
  return {
    place,
    copy,
    repository,
    take: async (image, request) => await backUpToDisk(image, { repository, ...request }),
    storedBytes: async (signal) => {
      await using storage = await openStorageAt(place.folder, context.surroundings);
      return await bytesIn(storage, signal);
    },
    [Symbol.asyncDispose]: async () => await opened[Symbol.asyncDispose](),
  };
}

/** The method of a folder of replicas: as the configuration fills it, else as its mark says. */
export function replicasMethod(place: CopyPlace, site: Site): string | undefined {
  const filling = site.groups.flatMap(({ methods }) =>
    methods.filter(({ copy, folder }) => copy === place.name || folder === place.folder),
  );
  return filling[0]?.method ?? markedMethod(place.folder);
}

function openReplicas(place: CopyPlace, { context, site }: OpenAnyOptions): AnyCopy {
  const folder = rawPathFromText(place.folder);
  const words = replicasMethod(place, site) ?? "rotation of clones";
  checkReplicas(folder, words);
  const isClones = methodNamed(words) === "rotation of clones";
  const methodOf = (
    options: Pick<
      ReplicaMethodOptions,
      "path" | "paths" | "hostname" | "rotation" | "clock" | "alarm"
    >,
  ): ReplicaMethod => (isClones ? clones : deltas)({ folder, name: place.name, ...options });
  const rotation = isClones ? cloneRotation : deltaRotation;
  const reading = methodOf({ path: "/", hostname: "", rotation });
  return {
    place,
    copy: reading.copy,
    replicas: reading.copy,
    take: async (image, { path, paths, hostname, rotation: asked = rotation, group, ...rest }) => {
      const { now, ...take } = rest;
      const method = methodOf({
        path: displayPath(path),
        ...(paths === undefined ? {} : { paths: paths.map(displayPath) }),
        hostname,
        rotation: asked,
        clock: now,
        alarm: heldOrShrunk(await holdsInForce(context)),
      });
      return await method.take(image, { ...take, group: tagValue(group) });
    },
    storedBytes: async (signal) => {
      const groups = new Set(
        (await reading.copy.moments(undefined, signal)).map((one) => one.group),
      );
      let total = 0;
      for (const group of groups)
        for (const { ownBytes } of (await reading.space(group, signal)).moments) total += ownBytes;
      return total;
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** A rotation drops nothing of a group while a moment of it is held: its newest would push that out. */
function heldOrShrunk(holds: readonly RetentionHold[]): NonNullable<ReplicaMethodOptions["alarm"]> {
  return (points) => {
    const held = points
      .map((point) => heldBy(point, holds))
      .filter((hold) => hold !== undefined)
      .map(({ id, reason }) => `held by ${id}: ${reason}`);
    if (held.length === 0) return shrinkAlarm(points);
    return { stopped: true, reasons: [...new Set(held)] };
  };
}

async function openTapes(place: CopyPlace, { context, site }: OpenAnyOptions): Promise<AnyCopy> {
  const opened = await openLibraryAt(libraryPlaceOf(place, site), { site });
  const { library, rotation } = opened;
  const copy = tapeCopy(library, { name: place.name });
  const outside = opened.vaultFolder ?? join(opened.folder, "outside");
  return {
    place,
    copy,
    tapes: copy,
    take: async (image, { group, ...request }) =>
      await backUpToTape(image, {
        library,
        ...request,
        group: tagValue(group),
        rotation: { ...rotation, holds: await holdsInForce(context) },
      }),
    storedBytes: async () => (await tapeBytes(opened.folder)) + (await tapeBytes(outside)),
    [Symbol.asyncDispose]: async () => await opened[Symbol.asyncDispose](),
  };
}

export function libraryPlaceOf(place: CopyPlace, site: Site): LibraryPlace {
  const config = site.config?.copies.find(({ name }) => name === place.name);
  if (config?.kind !== "tape library")
    return { name: place.name, folder: place.folder, groups: [] };
  if (config.layer === "operational") return configuredPlace(config, site);
  throw new CliError(
    "cli.no-copy",
    `Cannot open "${safeText(place.name)}": it is where tapes lie that have left their library`,
    { hint: "Name the library; `restante tape list` says where each tape is." },
  );
}

async function tapeBytes(folder: string): Promise<number> {
  let total = 0;
  try {
    for (const name of await readdir(folder))
      if (name.endsWith(".tap")) total += (await stat(join(folder, name))).size;
  } catch (error) {
    // A vault that is not mounted: its tapes count when they are back.
    if (systemErrorCode(error) !== "ENOENT") throw error;
  }
  return total;
}

function notHere({ name }: CopyPlace): CliError {
  return new CliError(
    "cli.no-copy",
    `Cannot open "${safeText(name)}": replicas and tapes are opened on the machine that they lie on`,
    { hint: "Run this command there." },
  );
}
