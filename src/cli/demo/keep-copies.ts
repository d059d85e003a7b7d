import { mkdir } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Image } from "#image";
import { rawPathFromText } from "#image";
import {
  backUpToDisk,
  backUpToTape,
  initClones,
  initDeltas,
  openVirtualTapeLibrary,
  type ReplicaMethod,
  type TakeResult,
  tapeCopy,
} from "#methods";
import { detectProviders, type SnapshotProvider } from "#snapshots";
import { bytesIn } from "../bytes-in.ts";
import {
  cloneProvider,
  demoClones,
  demoDeltas,
  demoProviders,
  openDisk,
  type OpenedCopy,
  openReplicas,
  openTapes,
} from "./demo-copies.ts";
import { freezeServer, type KeepCopiesOptions } from "./freeze-server.ts";
import type { DemoPlaces } from "./places.ts";
import type { KeptEvent } from "./site-event.ts";

/** A moment that a method keeps, and its copy, opened anew from where it lies. */
export type DemoCopy = {
  readonly kept: KeptEvent;
  readonly open: () => Promise<OpenedCopy>;
};

type Keeping = KeepCopiesOptions & { readonly places: DemoPlaces };

const barcode = "DEMO01";

/** Freezes the server and keeps what was frozen by every method of operational recovery that is there. */
export async function keepCopies(
  places: DemoPlaces,
  options: KeepCopiesOptions,
): Promise<readonly DemoCopy[]> {
  const keeping = { ...options, places };
  const { signal } = options.surroundings;
  for (const folder of [places.work, places.trial]) await mkdir(folder, { mode: 0o700 });
  const [best] = await detectProviders(
    rawPathFromText(places.mail),
    rawPathFromText(join(places.work, "probe")),
    { signal, providers: demoProviders() },
  );
  return [
    ...(await keepFrozen(best?.provider ?? cloneProvider(), keeping)),
    await keepClone(keeping),
  ];
}

/** The same frozen image for three methods; the deltas come last, since they take its folder over. */
async function keepFrozen(
  provider: SnapshotProvider,
  keeping: Keeping,
): Promise<readonly DemoCopy[]> {
  await using image = await freezeServer(provider, keeping);
  const disk = await keepOnDisk(image, keeping);
  const tape = await keepOnTape(image, keeping);
  await initDeltas(rawPathFromText(keeping.places.deltas));
  const deltas = await keepReplica(image, demoDeltas(keeping.places), keeping);
  return [disk, tape, deltas];
}

/** A clone shares nothing with the server's disk, so it is frozen by a full copy. */
async function keepClone(keeping: Keeping): Promise<DemoCopy> {
  await using image = await freezeServer(cloneProvider(), keeping);
  await initClones(rawPathFromText(keeping.places.clones));
  return await keepReplica(image, demoClones(keeping.places), keeping);
}

async function keepOnDisk(image: Image, keeping: Keeping): Promise<DemoCopy> {
  const { places, surroundings } = keeping;
  const { signal, now } = surroundings;
  const open = async (): ReturnType<typeof openDisk> => await openDisk(places, signal);
  await using opened = await open();
  const take = async (): Promise<TakeResult> =>
    await backUpToDisk(image, { repository: opened.repository, now, ...ofMail(keeping) });
  return await keep(keeping, {
    method: opened.copy.method,
    section: "3.2",
    take,
    open,
    stored: async () => ({
      points: await opened.copy.moments(places.mail, signal),
      storedBytes: await bytesIn(opened.storage, signal),
    }),
  });
}

async function keepOnTape(image: Image, keeping: Keeping): Promise<DemoCopy> {
  const { places, surroundings } = keeping;
  const { signal, now } = surroundings;
  await using library = await openVirtualTapeLibrary(places.tapes);
  await library.addVolume(barcode, signal);
  const copy = tapeCopy(library);
  let storedBytes = 0;
  const take = async (): Promise<TakeResult> => {
    const result = await backUpToTape(image, { library, now, ...ofMail(keeping) });
    storedBytes = result.bytesStored;
    return result;
  };
  return await keep(keeping, {
    method: copy.method,
    section: "3.1",
    take,
    open: async () => await openTapes(places),
    stored: async () => ({
      points: await copy.moments(places.mail, signal),
      storedBytes,
      tapes: (await library.inventory(signal)).length,
    }),
  });
}

async function keepReplica(
  image: Image,
  method: ReplicaMethod,
  keeping: Keeping,
): Promise<DemoCopy> {
  const { places, surroundings } = keeping;
  const { signal } = surroundings;
  const notes: string[] = [];
  const take = async (): Promise<TakeResult> => {
    const result = await method.take(image, { group: places.mail, signal });
    if (result.shared)
      notes.push("It shares what has not changed with the store, and is lost with its disk.");
    notes.push(...result.notes);
    return result;
  };
  return await keep(keeping, {
    method: method.name,
    section: method.section,
    take,
    notes,
    open: async () => openReplicas(method),
    stored: async () => {
      const { moments } = await method.space(places.mail, signal);
      return {
        points: await method.copy.moments(places.mail, signal),
        storedBytes: moments.reduce((sum, { ownBytes }) => sum + ownBytes, 0),
      };
    },
  });
}

function ofMail({ places, surroundings }: Keeping): {
  readonly path: ReturnType<typeof rawPathFromText>;
  readonly group: string;
  readonly hostname: string;
  readonly signal: AbortSignal;
} {
  return {
    path: rawPathFromText(places.mail),
    group: places.mail,
    hostname: hostname(),
    signal: surroundings.signal,
  };
}

type Way = Pick<KeptEvent, "method" | "section"> &
  Pick<DemoCopy, "open"> & {
    readonly notes?: readonly string[];
    readonly take: () => Promise<TakeResult>;
    readonly stored: () => Promise<Pick<KeptEvent, "points" | "storedBytes" | "tapes">>;
  };

async function keep(
  { surroundings, tell }: Keeping,
  { method, section, open, take, notes = [], stored }: Way,
): Promise<DemoCopy> {
  const { clockMs } = surroundings;
  const startedMs = clockMs();
  const { point, bytesTotal: mailBytes } = await take();
  const elapsedMs = clockMs() - startedMs;
  const what = { method, section, point, notes, mailBytes, elapsedMs };
  const kept: KeptEvent = { kind: "kept", ...what, ...(await stored()) };
  await tell(kept);
  return { kept, open };
}
