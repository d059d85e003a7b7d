import {
  displayPath,
  type Entry,
  type Image,
  type ImageProblem,
  openDirectoryImage,
  rawBaseName,
  rawParent,
  type RawPath,
  rawPathFromText,
  rootPath,
  walkImage,
} from "#image";
import { openMailStore } from "#mail";

/** What a mail store holds and how fast it grows, as far as its files tell. */
export type StoreFacts = {
  /** A file with several names (hard links) is counted once. */
  readonly bytes: number;
  readonly files: number;
  /** Owners of Maildirs; 0 where there are none. */
  readonly mailboxes: number;
  /** Mean of the last days, by the times of messages that are still there. Undefined without Maildirs. */
  readonly newBytesPerDay: number | undefined;
  /** The same, of the day with the most. */
  readonly busiestDayBytes: number | undefined;
  readonly newMessagesPerDay: number | undefined;
  /** Days that these three are taken from: 30, or fewer where the oldest message is younger. */
  readonly days: number;
  /** False where a limit was reached or something could not be looked at: then this is what was seen. */
  readonly complete: boolean;
  /** One sentence each, the first few of `problemCount`. */
  readonly problems: readonly string[];
  readonly problemCount: number;
};

export type StoreFactsOptions = {
  readonly limits: { readonly files: number; readonly ms: number };
  /** Nanoseconds since 1970 UTC; the limit in time is taken by it too. */
  readonly now: () => bigint;
  readonly signal?: AbortSignal;
  /** Told of every file that is counted: a sample is chosen by it. */
  readonly onFile?: (path: RawPath, entry: Entry) => void;
};

/** Days that the growth of a store is taken from. */
const windowDays = 30;
const dayNs = 86_400_000_000_000n;
const shownProblems = 20;

/**
 * Walks a store as far as the limits allow. What lies in a Maildir's `tmp` is no mail yet and left
 * out. Throws ImageError when the folder itself cannot be listed.
 */
export async function findStoreFacts(
  folder: string,
  options: StoreFactsOptions,
): Promise<StoreFacts> {
  const { signal } = options;
  await using image = await openDirectoryImage(rawPathFromText(folder));
  // Only the top is not forgiven: a store that cannot be listed is not an empty one.
  await image.list(rootPath, signal);
  const count = newCount(options.now());
  await countFiles(image, count, options);
  const mailboxes = count.maildirs.size === 0 ? 0 : await countOwners(image, count);
  return { ...count.totals, ...growthOf(count), mailboxes, ...problemsOf(count) };
}

/** Messages of one Maildir, by the age of their files in days. */
type Arrivals = { readonly bytes: Float64Array; messages: number; oldestDay: number };

type Count = {
  readonly startNs: bigint;
  readonly totals: { bytes: number; files: number };
  /** Files with several names that were counted. */
  readonly linked: Set<string>;
  readonly folders: Set<RawPath>;
  /** Folders that have `cur`, `new` or both. */
  readonly halves: Map<RawPath, number>;
  readonly maildirs: Set<RawPath>;
  readonly arrivals: Map<RawPath, Arrivals>;
  readonly problems: string[];
  problemCount: number;
  isCut: boolean;
  isHoled: boolean;
};

function newCount(startNs: bigint): Count {
  return {
    startNs,
    totals: { bytes: 0, files: 0 },
    linked: new Set(),
    folders: new Set([rootPath]),
    halves: new Map(),
    maildirs: new Set(),
    arrivals: new Map(),
    problems: [],
    problemCount: 0,
    isCut: false,
    isHoled: false,
  };
}

async function countFiles(image: Image, count: Count, options: StoreFactsOptions): Promise<void> {
  const { limits, now, signal, onFile } = options;
  const limitNs = count.startNs + BigInt(Math.round(limits.ms * 1e6));
  const walking = { onProblem: (one: ImageProblem) => addProblem(count, one) };
  for await (const { path, entry } of walkImage(image, rootPath, {
    ...walking,
    ...(signal === undefined ? {} : { signal }),
  })) {
    if (entry.type === "directory") addFolder(count, path);
    if (entry.type !== "file" || isTemporary(count, path)) continue;
    if (count.totals.files >= limits.files || now() > limitNs) {
      count.isCut = true;
      return;
    }
    if (!isFirstName(count, entry)) continue;
    count.totals.files++;
    count.totals.bytes += entry.sizeBytes;
    addArrival(count, path, entry);
    onFile?.(path, entry);
  }
}

function addFolder(count: Count, path: RawPath): void {
  count.folders.add(path);
  const half = ["cur", "new"].indexOf(rawBaseName(path));
  if (half < 0) return;
  const parent = rawParent(path);
  const halves = (count.halves.get(parent) ?? 0) | (1 << half);
  count.halves.set(parent, halves);
  if (halves === 3) count.maildirs.add(parent);
}

/** Deliveries that are not finished. Names come in order: `cur` and `new` were seen before `tmp`. */
function isTemporary(count: Count, path: RawPath): boolean {
  const folder = rawParent(path);
  return rawBaseName(folder) === "tmp" && count.maildirs.has(rawParent(folder));
}

function isFirstName(count: Count, { links, deviceId, inode }: Entry): boolean {
  if (links <= 1) return true;
  const identity = `${deviceId}:${inode}`;
  if (count.linked.has(identity)) return false;
  count.linked.add(identity);
  return true;
}

function addArrival(count: Count, path: RawPath, entry: Entry): void {
  const folder = rawParent(path);
  const name = rawBaseName(folder);
  // A clock that is ahead, or a date that is invented: it says nothing of the last days.
  if ((name !== "cur" && name !== "new") || entry.mtimeNs > count.startNs) return;
  const maildir = rawParent(folder);
  let arrivals = count.arrivals.get(maildir);
  if (arrivals === undefined) {
    arrivals = { bytes: new Float64Array(windowDays), messages: 0, oldestDay: 0 };
    count.arrivals.set(maildir, arrivals);
  }
  const day = Number((count.startNs - entry.mtimeNs) / dayNs);
  arrivals.oldestDay = Math.max(arrivals.oldestDay, day);
  if (day >= windowDays) return;
  arrivals.bytes[day] = (arrivals.bytes[day] ?? 0) + entry.sizeBytes;
  arrivals.messages++;
}

type Growth = Pick<StoreFacts, "newBytesPerDay" | "busiestDayBytes" | "newMessagesPerDay" | "days">;

function growthOf({ arrivals, maildirs }: Count): Growth {
  const bytes = new Float64Array(windowDays);
  let messages = 0;
  let oldestDay = 0;
  for (const [maildir, some] of arrivals) {
    // A folder named "cur" alone is no mail.
    if (!maildirs.has(maildir)) continue;
    for (const [day, dayBytes] of some.bytes.entries()) bytes[day] = (bytes[day] ?? 0) + dayBytes;
    messages += some.messages;
    oldestDay = Math.max(oldestDay, some.oldestDay);
  }
  const days = Math.min(windowDays, oldestDay + 1);
  if (maildirs.size === 0)
    return {
      newBytesPerDay: undefined,
      busiestDayBytes: undefined,
      newMessagesPerDay: undefined,
      days,
    };
  return {
    newBytesPerDay: bytes.reduce((total, some) => total + some, 0) / days,
    busiestDayBytes: Math.max(...bytes),
    newMessagesPerDay: messages / days,
    days,
  };
}

function problemsOf(count: Count): Pick<StoreFacts, "complete" | "problems" | "problemCount"> {
  const { isCut, isHoled, problems, problemCount } = count;
  return { complete: !isCut && !isHoled, problems, problemCount };
}

function addProblem(count: Count, { path, code, message }: ImageProblem): void {
  // Mail that is expunged or renamed meanwhile is daily business.
  if (code !== "vanished") count.isHoled = true;
  count.problemCount++;
  if (count.problems.length < shownProblems)
    count.problems.push(`"${displayPath(path)}": ${message}`);
}

/** Owners of Maildirs. Folders that the walk did not come to are not listed now either. */
async function countOwners(image: Image, { folders, isCut }: Count): Promise<number> {
  const seen: Image = {
    at: image.at,
    consistency: image.consistency,
    volumes: image.volumes,
    fingerprintScope: image.fingerprintScope,
    problems: [],
    list: async (path, signal) => {
      if (!folders.has(path)) throw new RangeError("beyond the limit of the walk");
      return await image.list(path, signal);
    },
    read: (path, options) => image.read(path, options),
    extendedAttributes: (path) => image.extendedAttributes(path),
    fingerprint: (path) => image.fingerprint(path),
    [Symbol.asyncDispose]: async () => undefined,
  };
  return (await openMailStore(isCut ? seen : image)).accounts.length;
}
