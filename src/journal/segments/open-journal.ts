import { randomBytes } from "node:crypto";
import type { ScryptCost } from "#derivation";
import { systemErrorCode } from "#errors";
import { JournalError } from "../journal-error.ts";
import { FolderJournal, type JournalEnd } from "./folder-journal.ts";
import { FolderJournalReader } from "./folder-journal-reader.ts";
import { GroupCommit } from "./group-commit.ts";
import { createJournalKey, findJournalKey, type JournalSecret } from "./journal-key.ts";
import { readFailure, writeFailure } from "./journal-failure.ts";
import { folderFiles, type JournalFiles } from "./journal-files.ts";
import { preparePosition } from "./position-file.ts";
import { recoverSegments } from "./recover-segments.ts";
import { frameOverheadBytes } from "./frame.ts";
import { tagBytes } from "./frame-cipher.ts";
import { firstOfSegment } from "./segment-name.ts";
import type { LoadedSegment, SegmentRow } from "./segment-row.ts";
import { lockForWriting, type ProcessIdentity, thisProcess } from "./writer-lock.ts";

export type OpenJournalOptions = JournalSettings & {
  /** Made where it is not there yet. */
  readonly folder: string;
  readonly secret: JournalSecret;
  /** How hard a new journal's password is to guess. Only tests choose another. */
  readonly cost?: ScryptCost;
};

export type JournalSettings = {
  /** Protection group. Throws `journal.other-group` where the folder holds another one's journal. */
  readonly group: string;
  /** Nanoseconds since 1970 UTC: labels what the journal itself writes. */
  readonly clock: () => bigint;
  /** When a segment is as long as this, the next one is begun. Default 64 MiB. */
  readonly segmentBytes?: number;
  /** Also when it is as old as this and something is to be added. Default: however old. */
  readonly sealAfterMs?: number;
  /** When `ready` lets a writer wait. Default 16 MiB. */
  readonly maxWaitingBytes?: number;
};

export type OpenReaderOptions = {
  readonly folder: string;
  readonly secret: JournalSecret;
  readonly signal?: AbortSignal;
};

/** Everything of the machine that a journal in a folder needs. */
export type JournalSite = {
  readonly files: JournalFiles;
  readonly identity: ProcessIdentity;
  /** The journal's key; `isNew` where there is no segment yet. */
  readonly key: (isNew: boolean) => Promise<Uint8Array>;
};

const defaultSegmentBytes = 64 * 1024 * 1024;
const smallestSegmentBytes = 16 * 1024;
const largestSegmentBytes = 1024 * 1024 * 1024;
const defaultWaitingBytes = 16 * 1024 * 1024;

/**
 * Opens the journal of a group in a folder as its only writer, and begins a new one where there is
 * none. What a killed writer left behind is looked at, and `problems` says what was found. When this
 * returns, a `start` mark is durable. Throws `journal.locked` while another process writes,
 * `journal.wrong-password`, `journal.other-group`, `journal.unreadable`, `journal.unsupported`,
 * `journal.full`, `journal.write-failed`.
 */
export async function openJournal(options: OpenJournalOptions): Promise<FolderJournal> {
  const { folder, secret, clock, cost } = options;
  const key = async (isNew: boolean): Promise<Uint8Array> => {
    const found = await findJournalKey(folder, secret);
    if (found !== undefined) return found;
    if (!isNew) throw withoutKey(folder);
    const costs = cost === undefined ? {} : { cost };
    return await createJournalKey(folder, secret, { nowNs: clock(), ...costs });
  };
  return await openJournalAt({ files: folderFiles(folder), identity: thisProcess(), key }, options);
}

/**
 * Opens a journal for reading, while it is written or not. Changes nothing in the folder. Throws
 * `journal.not-found`, `journal.wrong-password`, `journal.unreadable`, `journal.unsupported`.
 */
export async function openJournalReader(options: OpenReaderOptions): Promise<FolderJournalReader> {
  const { folder, secret, signal } = options;
  const key = async (): Promise<Uint8Array> => {
    const found = await findJournalKey(folder, secret);
    if (found === undefined) throw withoutKey(folder);
    return found;
  };
  return await openReaderAt({ files: folderFiles(folder), identity: thisProcess(), key }, signal);
}

export async function openJournalAt(
  site: JournalSite,
  settings: JournalSettings,
): Promise<FolderJournal> {
  const { files } = site;
  try {
    await files.make();
    const lock = await lockForWriting(files, site.identity);
    try {
      return await openLocked(site, settings, lock);
    } catch (error) {
      await lock[Symbol.asyncDispose]();
      throw error;
    }
  } catch (error) {
    throw writeFailure(error, files.location);
  }
}

export async function openReaderAt(
  { files, identity, key }: JournalSite,
  signal?: AbortSignal,
): Promise<FolderJournalReader> {
  if (!(await hasSegments(files))) throw notFound(files.location);
  const reader = new FolderJournalReader(files, { key: await key(false), identity });
  await reader.refresh(signal);
  if (reader.row.entries.length === 0) throw notFound(files.location);
  if (reader.row.newest === undefined) throw noneFits(files.location);
  return reader;
}

async function openLocked(
  { files, identity, key }: JournalSite,
  settings: JournalSettings,
  lock: AsyncDisposable,
): Promise<FolderJournal> {
  const journalKey = await key(!(await hasSegments(files)));
  const own: { commit?: GroupCommit } = {};
  const reader = new FolderJournalReader(files, {
    key: journalKey,
    identity,
    ownPosition: () => own.commit?.position,
  });
  const { row } = reader;
  await row.loadAll();
  const newest = row.newest?.opened.header;
  if (newest === undefined && row.entries.length > 0) throw noneFits(files.location);
  if (newest !== undefined && newest.group !== settings.group)
    throw otherGroup(files.location, newest.group, settings.group);
  reader.survey();
  await recoverSegments(files, row, journalKey);
  reader.survey();
  await preparePosition(files);
  const end = endOf(row);
  const commit = new GroupCommit(files, end.lastSequence);
  own.commit = commit;
  const journal = new FolderJournal({
    id: newest?.id ?? randomBytes(16).toString("hex"),
    group: settings.group,
    key: journalKey,
    session: (newest?.session ?? 0) + 1,
    clock: settings.clock,
    sealAfterNs:
      settings.sealAfterMs === undefined ? undefined : BigInt(settings.sealAfterMs) * 1_000_000n,
    segmentBytes: Math.min(
      Math.max(settings.segmentBytes ?? defaultSegmentBytes, smallestSegmentBytes),
      largestSegmentBytes,
    ),
    maxWaitingBytes: settings.maxWaitingBytes ?? defaultWaitingBytes,
    end,
    files,
    reader,
    commit,
    lock,
  });
  try {
    await journal.append({ type: "mark", name: "start" }, settings.clock()).durable;
    await reader.refresh();
    return journal;
  } catch (error) {
    await journal[Symbol.asyncDispose]();
    throw error;
  }
}

function endOf(row: SegmentRow): JournalEnd {
  const { newest, entries, position } = row;
  const lastBefore = row.lastSequence;
  return {
    lastSequence: Math.max(lastBefore, position?.sequence ?? 0, mostIn(entries.at(-1))),
    lastBefore,
    tagBefore: newest?.lastTag ?? Buffer.alloc(tagBytes),
    segmentNumber: (newest?.opened.header.number ?? 0) + unreadableAtEnd(row),
  };
}

/** The last sequence that a segment may hold whose header cannot be read: no number is given twice. */
function mostIn(entry: LoadedSegment | undefined): number {
  if (entry === undefined || entry.segment !== undefined) return 0;
  return entry.firstOfName + Math.ceil(entry.sizeBytes / frameOverheadBytes);
}

/** Segments have numbers, also those whose header is not to be read. */
function unreadableAtEnd({ entries }: SegmentRow): number {
  return entries.length - 1 - entries.findLastIndex(({ segment }) => segment !== undefined);
}

async function hasSegments(files: JournalFiles): Promise<boolean> {
  try {
    return (await files.list()).some((name) => firstOfSegment(name) !== undefined);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return false;
    throw readFailure(error, files.location);
  }
}

function notFound(location: string): JournalError {
  return new JournalError("journal.not-found", `Cannot read journal "${location}": there is none`, {
    hint: "Look at the folder's name; a journal is there once its writer has started.",
  });
}

function withoutKey(location: string): JournalError {
  return new JournalError(
    "journal.unreadable",
    `Cannot open journal "${location}": it has no key file`,
    {
      hint: 'Take the folder "keys" of the journal from a backup of it; without a key nothing in it can be read.',
    },
  );
}

function noneFits(location: string): JournalError {
  return new JournalError(
    "journal.unreadable",
    `Cannot open journal "${location}": no header of a segment is whole, or they are another key's`,
    {
      hint: "Set the folder aside, so that a new journal can begin, and look at the disk.",
    },
  );
}

function otherGroup(location: string, found: string, wanted: string): JournalError {
  return new JournalError(
    "journal.other-group",
    `Cannot open journal "${location}" for group "${wanted}": it is the journal of "${found}"`,
    { hint: "Give each group a folder of its own." },
  );
}
