/** The demo's copies, each opened from where it lies alone, as on the day after. */
import { hostname } from "node:os";
import type { Copy } from "#copies";
import { rawPathFromText } from "#image";
import {
  clones,
  deltas,
  diskCopy,
  openVirtualTapeLibrary,
  type ReplicaMethod,
  tapeCopy,
} from "#methods";
import { duplicateCopy } from "#offsite";
import { openRepository, type Repository } from "#repository";
import { plainCopies, reflinkCopies, type SnapshotProvider } from "#snapshots";
import { directoryStorage, type Storage } from "#storage";
import type { DemoPlaces, DemoRepository } from "./places.ts";

export type OpenedCopy = AsyncDisposable & { readonly copy: Copy };

export type OpenedRepository = OpenedCopy & {
  readonly repository: Repository;
  readonly storage: Storage;
};

export async function openDisk(
  places: DemoRepository,
  signal: AbortSignal,
): Promise<OpenedRepository> {
  return await openAt(places, signal, (repository) =>
    diskCopy(repository, { name: places.repository, reach: "at-hand" }),
  );
}

/** Needs nothing of the first site. */
export async function openDuplicate(
  { secondSite }: Pick<DemoPlaces, "secondSite">,
  signal: AbortSignal,
): Promise<OpenedRepository> {
  return await openAt(secondSite, signal, (repository) =>
    duplicateCopy(repository, { name: secondSite.repository }),
  );
}

async function openAt(
  { repository: folder, cache, password }: DemoRepository,
  signal: AbortSignal,
  copyOf: (repository: Repository) => Copy,
): Promise<OpenedRepository> {
  await using disposables = new AsyncDisposableStack();
  const storage = disposables.use(directoryStorage(folder));
  const repository = disposables.use(
    await openRepository(storage, { password, cacheFolder: cache, signal }),
  );
  const held = disposables.move();
  return {
    repository,
    storage,
    copy: copyOf(repository),
    [Symbol.asyncDispose]: async () => await held.disposeAsync(),
  };
}

export async function openTapes({ tapes }: DemoPlaces): Promise<OpenedCopy> {
  const library = await openVirtualTapeLibrary(tapes);
  return {
    copy: tapeCopy(library),
    [Symbol.asyncDispose]: async () => await library[Symbol.asyncDispose](),
  };
}

export function openReplicas({ copy }: ReplicaMethod): OpenedCopy {
  return { copy, [Symbol.asyncDispose]: async () => undefined };
}

/** What may share blocks with the server's disk, and goes with it. */
export function demoDeltas(places: DemoPlaces): ReplicaMethod {
  return deltas({ name: "deltas", folder: rawPathFromText(places.deltas), ...ofMail(places) });
}

export function demoClones(places: DemoPlaces): ReplicaMethod {
  return clones({ name: "clones", folder: rawPathFromText(places.clones), ...ofMail(places) });
}

function ofMail({ mail }: DemoPlaces): {
  readonly path: string;
  readonly hostname: string;
  readonly providers: readonly SnapshotProvider[];
} {
  return { path: mail, hostname: hostname(), providers: demoProviders() };
}

/**
 * Best first. Not immutable, so that the demo's folder can be removed by anybody's `rm`. A btrfs snapshot is not
 * among them: it is of the whole subvolume, which holds more than the demo's own.
 */
export function demoProviders(): readonly SnapshotProvider[] {
  return [reflinkCopies({ makeImmutable: false }), cloneProvider()];
}

export function cloneProvider(): SnapshotProvider {
  return plainCopies({ makeImmutable: false });
}
