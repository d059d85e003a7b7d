import { join } from "node:path";
import type { RecoveryPoint } from "#copies";
import { type Image, openDirectoryImage, type RawPath, rawPathFromText, walkImage } from "#image";
import { phaseClock } from "../phase-clock.ts";
import type { Surroundings } from "../terminal.ts";
import type { OpenedCopy } from "./demo-copies.ts";
import type { DemoCopy } from "./keep-copies.ts";
import { compareMessageFiles, type MessageFiles, readMessageFiles } from "./message-files.ts";
import type { DemoPlaces } from "./places.ts";
import { putBack } from "./put-back.ts";
import { removeTree } from "./remove-tree.ts";
import type { SampleMailbox } from "./sample-server.ts";
import type { RehearsedEvent } from "./site-event.ts";

/** Name by name what an image lists: type, mode and size, and the time of the last change. */
export type Listed = ReadonlyMap<RawPath, { readonly what: string; readonly mtimeNs: bigint }>;

export type RehearseOptions = {
  readonly places: DemoPlaces;
  readonly surroundings: Surroundings;
  readonly mailbox: SampleMailbox;
  /** The server as every copy is to have it. */
  readonly before: MessageFiles;
  readonly listing: Listed;
};

/** Restores the largest mailbox and then everything from a copy into an empty folder, and compares. */
export async function rehearse(
  { kept, open }: DemoCopy,
  options: RehearseOptions,
): Promise<RehearsedEvent> {
  const { places, surroundings, mailbox, before } = options;
  const { method, point } = kept;
  const startedMs = surroundings.clockMs();
  const target = join(places.trial, "mailbox");
  let failed = 0;
  {
    await using opened = await open();
    await using image = await openNewest(opened, { point, surroundings });
    const scope = mailbox.path.slice(places.mail.length + 1);
    const { failures } = await putBack(image, { scope, target, surroundings });
    failed += failures.length;
  }
  const messages = (await readMessageFiles(target, surroundings.signal)).hashes.size;
  const elapsedMs = surroundings.clockMs() - startedMs;
  await removeTree(target);
  const all = join(places.trial, "all");
  const whole = await recoverAll(open, { ...options, point, target: all });
  const after = whole.after;
  await removeTree(all);
  return {
    kind: "rehearsed",
    method,
    point,
    ...differences(options.listing, whole.listing),
    mailbox: { address: mailbox.address, messages, elapsedMs },
    comparison: compareMessageFiles(before, after, { arrived: 0 }),
    phases: whole.phases,
    failed: failed + whole.failed,
  };
}

export type RecoverAllOptions = {
  readonly point: RecoveryPoint;
  readonly target: string;
  readonly surroundings: Surroundings;
};

export type RecoveredAll = Pick<RehearsedEvent, "phases" | "failed"> & {
  readonly listing: Listed;
  readonly after: MessageFiles;
  readonly filesVerified: number;
};

/** From a copy that nobody has opened yet to every message read again and hashed. */
export async function recoverAll(
  open: () => Promise<OpenedCopy>,
  { point, target, surroundings }: RecoverAllOptions,
): Promise<RecoveredAll> {
  const clock = phaseClock(surroundings.clockMs);
  clock.begin("open");
  await using opened = await open();
  await using image = await openNewest(opened, { point, surroundings });
  clock.pause();
  // Not a part of recovery: an image is whole when it lists what the server had.
  const listing = await listingOf(image, surroundings.signal);
  const result = await putBack(image, { scope: "", target, surroundings, clock });
  clock.begin("compare");
  const after = await readMessageFiles(target, surroundings.signal);
  clock.pause();
  const { failures, filesVerified } = result;
  return { listing, after, filesVerified, failed: failures.length, phases: clock.phases() };
}

async function openNewest(
  { copy }: OpenedCopy,
  { point, surroundings }: Pick<RecoverAllOptions, "point" | "surroundings">,
): Promise<Image> {
  const points = await copy.moments(point.group, surroundings.signal);
  const found = points.find(({ id }) => id === point.id) ?? point;
  return await copy.open(found, surroundings.signal);
}

export async function listFolder(folder: string, signal: AbortSignal): Promise<Listed> {
  await using image = await openDirectoryImage(rawPathFromText(folder));
  return await listingOf(image, signal);
}

async function listingOf(image: Image, signal: AbortSignal): Promise<Listed> {
  const listing: Map<RawPath, { what: string; mtimeNs: bigint }> = new Map();
  for await (const { path, entry } of walkImage(image, "" as RawPath, { signal })) {
    const { type, mode, sizeBytes, mtimeNs } = entry;
    const size = type === "directory" ? 0 : sizeBytes;
    listing.set(path, { what: [type, mode, size].join(" "), mtimeNs });
  }
  return listing;
}

/** What Node can set of a time on a full copy is exact to the microsecond. */
const mtimeToleranceNs = 1000n;

/** Names that only one has, or both have otherwise. */
export function differences(
  before: Listed,
  after: Listed,
): Pick<RehearsedEvent, "listed" | "listedDifferently"> {
  const names = new Set([...before.keys(), ...after.keys()]);
  const different = [...names].filter((name) => {
    const [then, now] = [before.get(name), after.get(name)];
    if (then === undefined || now === undefined || then.what !== now.what) return true;
    const apartNs = now.mtimeNs - then.mtimeNs;
    return apartNs > mtimeToleranceNs || apartNs < -mtimeToleranceNs;
  });
  return { listed: after.size, listedDifferently: different.length };
}
