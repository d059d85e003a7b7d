import { isRecoveryError } from "#errors";
import type { Image } from "#image";
import type { Catalog, KnownMoment, MomentFacts, MomentFill, ProvisionalFill } from "../catalog.ts";
import { FactsPool } from "./facts-pool.ts";
import { type FillableMoment, type FillSource, historyOf, textLimit } from "./fill-catalog.ts";
import { fillMoment, fingerprintNotes } from "./fill-moment.ts";

export type FillProvisionallyOptions = {
  /** In the order of their time. The moment of the copy before each should be known. */
  readonly moments: readonly FillableMoment[];
  /** Opens one of them; closed here. */
  readonly open: (moment: FillableMoment) => Promise<FillSource>;
  /** Opens a moment that the catalog knew before, to see what is the same in it; closed here. */
  readonly openKnown: (moment: KnownMoment) => Promise<Image>;
  /** As `fillCatalog` has it. */
  readonly workers?: number;
  readonly onWait?: () => void;
  readonly signal?: AbortSignal;
};

export type Provisional = AsyncDisposable & {
  /** What is not whole in the moments that were told. */
  readonly problems: readonly { readonly moment: FillableMoment; readonly problem: string }[];
};

/**
 * Tells a catalog moments that no copy holds, for as long as what is returned is not disposed of: then
 * it is as it was. Reads what differs from the moment before alone. A moment that cannot be opened throws.
 */
export async function fillProvisionally(
  catalog: Catalog,
  options: FillProvisionallyOptions,
): Promise<Provisional> {
  const { signal, onWait } = options;
  await using disposables = new AsyncDisposableStack();
  const fill = disposables.use(
    await catalog.beginProvisional({
      ...(onWait === undefined ? {} : { onWait }),
      ...(signal === undefined ? {} : { signal }),
    }),
  );
  const limit = catalog.fullText ? textLimit : 0;
  await using pool = new FactsPool({ textLimit: limit, workers: options.workers });
  const told = new Map<string, ReadonlyMap<string, string>>();
  const problems: { readonly moment: FillableMoment; readonly problem: string }[] = [];
  for (const moment of options.moments) {
    signal?.throwIfAborted();
    for (const problem of await tell(catalog, { ...options, fill, pool, told, moment }))
      problems.push({ moment, problem });
  }
  const held = disposables.move();
  return { problems, [Symbol.asyncDispose]: async () => await held.disposeAsync() };
}

type Telling = FillProvisionallyOptions & {
  readonly fill: ProvisionalFill;
  readonly pool: FactsPool;
  /** Fingerprints of the moments that were told before, by what they are called. */
  readonly told: Map<string, ReadonlyMap<string, string>>;
  readonly moment: FillableMoment;
};

async function tell(
  catalog: Catalog,
  { fill, pool, told, moment: fillable, open, openKnown, signal }: Telling,
): Promise<readonly string[]> {
  const moment: MomentFacts = { ...fillable, history: historyOf(fillable) };
  const source = await open(fillable);
  await using image = source.image;
  const notes = await notesBefore(moment, { catalog, told, openKnown, signal });
  const begun = await fill.beginMoment(moment, notes);
  return await fillMoment(image, {
    fill: noting(begun, (kept) => told.set(keyOf(moment), kept)),
    pool,
    textLimit: catalog.fullText ? textLimit : 0,
    missing: source.missing,
    onRead: () => undefined,
    signal,
  });
}

function keyOf({ history, id }: Pick<MomentFacts, "history" | "id">): string {
  return `${history}\n${id}`;
}

/** The same fill, which also says what fingerprints it ended with. */
function noting(
  fill: MomentFill,
  onNotes: (notes: ReadonlyMap<string, string>) => void,
): MomentFill {
  return {
    notes: fill.notes,
    last: fill.last,
    openPlacements: async (mailbox) => await fill.openPlacements(mailbox),
    messagesOf: async (contents) => await fill.messagesOf(contents),
    addMessages: async (messages) => await fill.addMessages(messages),
    record: async (facts) => await fill.record(facts),
    finish: async (result) => {
      await fill.finish(result);
      onNotes(result.notes);
    },
  };
}

/** Of the newest moment the catalog has them itself; of one that was told just before they are at hand. */
async function notesBefore(
  { history, atNs }: MomentFacts,
  {
    catalog,
    openKnown,
    told,
    signal,
  }: Pick<Telling, "openKnown" | "told"> & {
    readonly catalog: Catalog;
    readonly signal: AbortSignal | undefined;
  },
): Promise<ReadonlyMap<string, string>> {
  const known = (await catalog.moments()).filter((one) => one.history === history);
  const before = known.findLast((one) => one.atNs <= atNs);
  if (before === undefined || before === known.at(-1)) return new Map();
  const kept = told.get(keyOf(before));
  if (kept !== undefined) return kept;
  try {
    await using image = await openKnown(before);
    return await fingerprintNotes(image, { isWhole: before.problems.length === 0, signal });
  } catch (error) {
    // Then everything is looked at.
    if (!isRecoveryError(error) || error.retryable) throw error;
    return new Map();
  }
}
