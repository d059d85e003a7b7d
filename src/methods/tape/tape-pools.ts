import { releasedTag } from "#policy";
import type { Barcode, TapeLibrary } from "./drive/index.ts";
import {
  mediaFile,
  type MediumUse,
  planTapeExpiry,
  poolOf,
  readStateFile,
  setsOn,
  type TapePool,
  type TapeRotation,
  useOf,
  wornReason,
} from "./media/index.ts";
import { readCatalogue, TapeState } from "./tape-state.ts";

export type PooledTape = {
  readonly barcode: Barcode;
  readonly pool: TapePool;
  /** IDs of the moments on it, oldest first. */
  readonly sets: readonly string[];
  readonly use: MediumUse;
  /** Why it is not written to any more. */
  readonly worn?: string;
};

export type TapePools = {
  readonly tapes: readonly PooledTape[];
  /** Moments that nothing keeps; they can be opened until their tape is written over. */
  readonly expired: ReadonlySet<string>;
  /** Why nothing expires although it might. */
  readonly stopped: readonly string[];
};

/** Every tape of the catalogue with its pool. */
export async function tapePoolsOf(
  library: TapeLibrary,
  options: {
    readonly rotation: TapeRotation;
    readonly nowNs: bigint;
    readonly signal?: AbortSignal;
  },
): Promise<TapePools> {
  const { rotation, nowNs, signal } = options;
  const { limits = {} } = rotation;
  const catalogue = await readCatalogue(library, signal);
  const media = (await readStateFile(library.stateFolder, mediaFile)) ?? new Map();
  const { expired, stopped } = planTapeExpiry(catalogue, { ...rotation, nowNs });
  const tapes = catalogue.tapes.map(({ barcode }): PooledTape => {
    const use = useOf(media, barcode);
    const worn = wornReason(use, limits);
    return {
      barcode,
      pool: poolOf(barcode, { catalogue, media, limits, expired }),
      sets: setsOn(catalogue, barcode).map(({ manifest }) => manifest.set),
      use,
      ...(worn === undefined ? {} : { worn }),
    };
  });
  return {
    tapes: tapes.toSorted((a, b) => (a.barcode < b.barcode ? -1 : 1)),
    expired,
    stopped,
  };
}

/** Says that a tape is not to be written to any more, and why. What is on it can still be read. */
export async function retireTape(
  library: TapeLibrary,
  options: { readonly barcode: Barcode; readonly reason: string; readonly nowNs: bigint },
): Promise<void> {
  const { barcode, reason, nowNs } = options;
  await using state = await TapeState.open(library, { nowNs });
  await state.changeMedia(
    (media) => new Map([...media, [barcode, { ...useOf(media, barcode), retired: reason }]]),
  );
}

/** A person confirms that the clock is right although it is far ahead of the last run: expiry goes on. */
export async function confirmTapeClock(
  library: TapeLibrary,
  { nowNs }: { readonly nowNs: bigint },
): Promise<void> {
  await using state = await TapeState.open(library, { nowNs });
  await state.change((catalogue) => ({ ...catalogue, clockNs: nowNs }));
}

/** A person looked at a moment that has shrunk: expiry of its group goes on. Forgotten when the catalogue is rebuilt. */
export async function releaseTapeExpiry(
  library: TapeLibrary,
  options: { readonly set: string; readonly nowNs: bigint },
): Promise<void> {
  const { set, nowNs } = options;
  await using state = await TapeState.open(library, { nowNs });
  await state.change((catalogue) => ({
    ...catalogue,
    sets: catalogue.sets.map((listed) => {
      const { manifest } = listed;
      if (manifest.set !== set || manifest.tags.includes(releasedTag)) return listed;
      return { ...listed, manifest: { ...manifest, tags: [...manifest.tags, releasedTag] } };
    }),
  }));
}
