/*
 * How an Image becomes a replica: the frozen folder itself where it is given away, a snapshot of the
 * folder that it shows where that stands still, else a copy of its files. Each is compared with the
 * Image before it counts.
 */
import {
  type Image,
  type ImageProblem,
  joinRawPath,
  openDirectoryImage,
  type RawName,
  type RawPath,
  rootPath,
  sameDevice,
  walkImage,
} from "#image";
import { detectProviders, readTaken, type SnapshotProvider } from "#snapshots";
import { compareKept } from "./compare-kept.ts";
import { copyImage } from "./copy-image.ts";
import {
  type KeptEntry,
  type ListingTotals,
  readListing,
  tallyOf,
  walkKept,
  writeListing,
} from "./kept-listing.ts";
import { listingName, storeName } from "./moment-name.ts";
import { roomOn, setImmutable, syncFilesystem } from "./raw-files.ts";
import { full, notVerified, quotePath } from "./replica-error.ts";

/** A delta may share blocks with production; a clone never does (paper §3.3, §3.4). */
export type ReplicaKind = "delta" | "clone";

export type KeepOptions = {
  readonly kind: ReplicaKind;
  readonly providers: readonly SnapshotProvider[];
  /** Told of files and bytes copied, where they are. */
  readonly onCopied?: (filesDone: number, bytesDone: number) => void;
  readonly signal?: AbortSignal | undefined;
};

export type Kept = ListingTotals & {
  readonly form: "snapshot" | "files";
  readonly provider: string;
  readonly shared: boolean;
  /** Bytes read from the Image. */
  readonly bytesRead: number;
  readonly problems: readonly ImageProblem[];
};

const expectedName = "expected.gz" as RawName;
/** What Node can set of a time is exact to the microsecond. */
const mtimeToleranceNs = 1000n;

/** Fills the moment's folder with the replica and its listing. Throws what stood in the way; the caller removes what is there then. */
export async function keepImage(
  image: Image,
  moment: RawPath,
  options: KeepOptions,
): Promise<Kept> {
  return (
    (await keepGiven(image, moment, options)) ??
    (await keepSnapshot(image, moment, options)) ??
    (await keepCopy(image, moment, options))
  );
}

/** The frozen folder behind the Image, renamed into its place. */
async function keepGiven(
  image: Image,
  moment: RawPath,
  { kind, providers, signal }: KeepOptions,
): Promise<Kept | undefined> {
  const { evidence } = image;
  if (image.handOver === undefined || evidence === undefined) return undefined;
  // A clone has to be one before it is taken: what was given cannot be given back.
  if (kind === "clone" && evidence.kind !== "clone") return undefined;
  const expected = await tallyOf(walkKept(image, walkOptions(signal)));
  const store = joinRawPath(moment, storeName);
  if ((await image.handOver(store, signal)) === undefined) return undefined;
  const provider = providers.find(({ name }) => name === readTaken(store).provider);
  if (provider === undefined)
    throw notVerified(moment, `nothing here knows a ${evidence.provider}`);
  await using frozen = await provider.open(store);
  const arrived = await tallyOf(walkKept(frozen, walkOptions(signal)));
  if (arrived.digest !== expected.digest)
    throw notVerified(moment, "what arrived is not what the image listed before");
  // A full copy is read once more for its hashes: that costs production nothing.
  const hash = provider.kind === "clone";
  const entries = walkKept(frozen, { ...walkOptions(signal), hash });
  const found = await writeListing(moment, listingName, entries);
  return {
    ...found,
    form: "snapshot",
    provider: provider.name,
    shared: provider.kind === "delta",
    bytesRead: 0,
    problems: image.problems,
  };
}

/** A snapshot of the folder that the Image shows, which must stand still for that. */
async function keepSnapshot(
  image: Image,
  moment: RawPath,
  { kind, providers, signal }: KeepOptions,
): Promise<Kept | undefined> {
  const root = image.local?.holdsMore === true ? undefined : image.local?.root;
  const standsStill = image.consistency !== "fuzzy" || image.evidence !== undefined;
  if (kind === "clone" || root === undefined || !standsStill) return undefined;
  const store = joinRawPath(moment, storeName);
  const given = signal === undefined ? {} : { signal };
  const deltas = providers.filter((provider) => provider.kind === "delta");
  const [best] = await detectProviders(root, store, { ...given, providers: deltas });
  if (best === undefined) return undefined;
  const { provider } = best;
  const taken = await provider.take(root, store, given);
  const found = await listSnapshot(provider, moment, signal);
  await ensureSame(
    walkKept(image, walkOptions(signal)),
    readListing(moment, listingName, found.digest),
    {
      moment,
    },
  );
  return {
    ...found,
    form: "snapshot",
    provider: provider.name,
    shared: true,
    bytesRead: 0,
    problems: [...image.problems, ...taken.problems],
  };
}

async function listSnapshot(
  provider: SnapshotProvider,
  moment: RawPath,
  signal: AbortSignal | undefined,
): Promise<ListingTotals> {
  await using frozen = await provider.open(joinRawPath(moment, storeName));
  return await writeListing(moment, listingName, walkKept(frozen, walkOptions(signal)));
}

/** Folders that could not be frozen are among the problems already. */
function walkOptions(signal: AbortSignal | undefined): Parameters<typeof walkKept>[1] {
  return { hash: false, signal, onProblem: () => undefined };
}

/** Every file written anew, read back and compared by its hash, or by what its inode says where it shares blocks. */
async function keepCopy(image: Image, moment: RawPath, options: KeepOptions): Promise<Kept> {
  const { kind, signal, onCopied } = options;
  const store = joinRawPath(moment, storeName);
  const share = kind === "delta" && (await isTogether(image, moment));
  if (!share) await ensureRoom(image, moment, signal);
  const problems: ImageProblem[] = [];
  const done = { files: 0, bytes: 0 };
  const shared = { files: 0, bytes: 0 };
  async function* counted(): AsyncGenerator<KeptEntry> {
    const copying = copyImage(image, {
      to: store,
      share,
      signal,
      onProblem: (problem) => void problems.push(problem),
      onFile: (sizeBytes) => {
        done.files++;
        done.bytes += sizeBytes;
        onCopied?.(done.files, done.bytes);
      },
    });
    for await (const entry of copying) {
      if (entry.type === "file" && entry.sha256 === "") {
        shared.files++;
        shared.bytes += entry.sizeBytes;
      }
      yield entry;
    }
  }
  const expected = await writeListing(moment, expectedName, counted());
  await syncFilesystem(moment);
  await setImmutable(store, true);
  await using kept = await openDirectoryImage(store, { volumes: [] });
  // Bytes that were not read for the copy are not read for the check of it either.
  const found = await writeListing(
    moment,
    listingName,
    walkKept(kept, { hash: shared.files === 0, signal }),
  );
  await ensureSame(
    readListing(moment, expectedName, expected.digest),
    readListing(moment, listingName, found.digest),
    { moment, owners: process.geteuid?.() === 0 },
  );
  return {
    ...found,
    form: "files",
    provider: "copy of the image",
    shared: shared.files > 0,
    bytesRead: done.bytes - shared.bytes,
    problems: [...problems, ...image.problems],
  };
}

async function ensureSame(
  expected: AsyncIterable<KeptEntry>,
  found: AsyncIterable<KeptEntry>,
  { moment, owners = true }: { readonly moment: RawPath; readonly owners?: boolean },
): Promise<void> {
  for await (const { path, message } of compareKept(expected, found, { mtimeToleranceNs, owners }))
    throw notVerified(
      moment,
      `${quotePath(path)} in it differs from the image. ${message.replace(/\.$/, "")}`,
    );
}

async function isTogether(image: Image, moment: RawPath): Promise<boolean> {
  const root = image.local?.root;
  if (root === undefined) return false;
  const places = image.volumes.map((volume) => joinRawPath(root, volume.root));
  for (const place of places.length === 0 ? [root] : places)
    if (!(await sameDevice(place, moment))) return false;
  return true;
}

/** Says before the first byte that there is no room, where that is known. */
async function ensureRoom(
  image: Image,
  moment: RawPath,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { sizeBytes } = await tallyOf(walkKept(image, walkOptions(signal)));
  const { freeBytes } = roomOn(moment);
  // Links of one file count for each name: what seems too much may fit, so that only the sure case is refused.
  if (freeBytes < sizeBytes && !(await hasLinks(image, signal)))
    throw full(moment, `${sizeBytes} bytes are to be copied, and ${freeBytes} are free`);
}

async function hasLinks(image: Image, signal: AbortSignal | undefined): Promise<boolean> {
  const walk = { onProblem: () => undefined, ...(signal === undefined ? {} : { signal }) };
  for await (const { entry } of walkImage(image, rootPath, walk))
    if (entry.type === "file" && entry.links > 1) return true;
  return false;
}
