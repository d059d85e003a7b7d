/*
 * What the two providers that copy file by file have in common. They differ in how a file's
 * bytes get across, and in where that is possible.
 */
import {
  type ClockNs,
  joinRawPath,
  openLiveImage,
  type RawPath,
  systemClockNs,
  volumeIdentity,
} from "#image";
import {
  boundProblems,
  buildSnapshot,
  closedMode,
  describeTaken,
  passableMode,
  readSnapshot,
  resolveSite,
  type Site,
  siteOrReason,
  startInterval,
  syncFilesystem,
  unsuitable,
} from "./build-snapshot.ts";
import { ensureFree, locateSnapshot, resolveDestination } from "./container.ts";
import { type CopyBytes, shareBytes } from "./copy-file.ts";
import { copyTree } from "./copy-tree.ts";
import { openFrozenImage } from "./frozen-image.ts";

import { measureTree, type TreeSpace } from "./measure-tree.ts";
import { protectTree } from "./protect-tree.ts";
import { removeSnapshot } from "./remove-snapshot.ts";
import { destinationError, quotePath } from "./snapshot-error.ts";
import { damaged, frozenName, type TakenFacts } from "./snapshot-record.ts";
import type {
  SnapshotOptions,
  SnapshotProvider,
  SnapshotSpace,
  Suitability,
  Taken,
  WritableCopyOptions,
  WritableLayer,
} from "./snapshot-provider.ts";
import { resolveStore } from "./store-identity.ts";

export type CopyProviderOptions = {
  /** Default: the system's clock. */
  readonly clock?: ClockNs;
  /** Make the copied files immutable where that is possible. Default true. */
  readonly makeImmutable?: boolean;
  /** Rounds of copying after which a store that never stands still is taken as it is. Default 6. */
  readonly roundLimit?: number;
};

export type CopyWay = Pick<SnapshotProvider, "name" | "section" | "kind"> & {
  readonly copyBytes: CopyBytes;
  /** Whether the bytes of one file are of several instants when it changes meanwhile. */
  readonly mustStandStill: boolean;
  readonly suits: (site: Site, options: SnapshotOptions) => Promise<Suitability>;
  readonly space: (measured: TreeSpace) => SnapshotSpace;
};

export function copyProvider(way: CopyWay, options: CopyProviderOptions): SnapshotProvider {
  const { name, section, kind } = way;
  return {
    name,
    section,
    kind,
    atomic: false,
    suits: async (folder, destination, suitsOptions = {}) => {
      const site = siteOrReason(folder, destination);
      return "suits" in site ? site : await way.suits(site, suitsOptions);
    },
    take: (folder, destination, takeOptions = {}) =>
      take(way, { folder, destination }, { ...options, ...takeOptions }),
    open: async (destination, openOptions = {}) =>
      await openFrozenImage(readSnapshot(destination, name).taken, openOptions),
    writableCopy: (destination, to, copyOptions = {}) =>
      writableCopy(way, { taken: readSnapshotLater(destination, way), to }, copyOptions),
    remove: async (destination, removeOptions = {}) =>
      await removeSnapshot(locateSnapshot(destination), name, removeOptions),
    space: async (destination, { signal } = {}) => {
      const { taken } = readSnapshot(destination, name);
      try {
        return way.space(await measureTree(taken.path, signal));
      } catch (error) {
        throw destinationError(taken.path, error);
      }
    },
  };
}

/** Within the promise that the caller waits for, so that what is wrong rejects it. */
function readSnapshotLater(destination: RawPath, way: CopyWay): () => Taken {
  return () => readSnapshot(destination, way.name).taken;
}

async function take(
  way: CopyWay,
  from: { readonly folder: RawPath; readonly destination: RawPath },
  options: CopyProviderOptions & SnapshotOptions,
): Promise<Taken> {
  const { signal, onProgress, roundLimit = 6, makeImmutable = true } = options;
  signal?.throwIfAborted();
  const site = resolveSite(from.folder, from.destination);
  const { store, destination } = site;
  const { suits, why } = await way.suits(site, options);
  if (!suits) throw unsuitable(site, why, way.name);
  const nothing = { files: 0, sizeBytes: 0 };
  onProgress?.({ phase: "freezing", ...nothing });
  const interval = startInterval(options.clock ?? systemClockNs);
  const record = await buildSnapshot(
    destination,
    { provider: way.name, mode: closedMode },
    async (folder, draft) => {
      const volumeId = await volumeIdentity(store.root);
      const to = joinRawPath(folder, frozenName);
      const { files, sizeBytes, settled, problems } = await copyTree({
        ...options,
        store,
        to,
        openImage: () => openLiveImage(store.root, signal === undefined ? {} : { signal }),
        copyBytes: way.copyBytes,
        mustStandStill: way.mustStandStill,
        roundLimit,
      });
      const times = interval();
      onProgress?.({ phase: "protecting", files, sizeBytes });
      const protection = makeImmutable ? await protectTree(to, signal) : "closed folder";
      onProgress?.({ phase: "finishing", files, sizeBytes });
      await syncFilesystem(folder, signal);
      const taken: TakenFacts = {
        store: store.root,
        volumeId,
        consistency: "fuzzy",
        settled,
        ...times,
        files,
        sizeBytes,
        protection,
        problems: boundProblems(problems),
      };
      return { ...draft, state: "frozen", taken };
    },
  );
  return describeTaken(destination, record, record.taken as TakenFacts);
}

/** A throw-away layer shares blocks with the frozen copy where it can, whichever way that was made. */
async function writableCopy(
  way: CopyWay,
  from: { readonly taken: () => Taken; readonly to: RawPath },
  options: WritableCopyOptions,
): Promise<WritableLayer> {
  options.signal?.throwIfAborted();
  const taken = from.taken();
  const destination = resolveDestination(from.to);
  ensureFree(destination);
  const mode = options.forOtherUsers === true ? passableMode : closedMode;
  await buildSnapshot(destination, { provider: way.name, mode }, async (folder, draft) => {
    const copied = await copyTree({
      ...options,
      store: resolveStore(taken.path),
      to: joinRawPath(folder, frozenName),
      openImage: () => openFrozenImage(taken),
      copyBytes: shareBytes,
      mustStandStill: true,
      roundLimit: 1,
    });
    const known = new Set(taken.problems.map(({ code, path }) => `${code} ${path}`));
    const fresh = copied.problems.find(({ code, path }) => !known.has(`${code} ${path}`));
    if (fresh !== undefined)
      throw damaged(taken.destination, `${quotePath(fresh.path)} in it: ${fresh.message}`);
    return { ...draft, state: "writable" };
  });
  return writableLayer(destination, joinRawPath(destination, frozenName), () =>
    removeSnapshot(destination, way.name),
  );
}

export function writableLayer(
  destination: RawPath,
  path: RawPath,
  remove: () => Promise<void>,
): WritableLayer {
  let removal: Promise<void> | undefined;
  return { destination, path, [Symbol.asyncDispose]: () => (removal ??= remove()) };
}
