/** Backup to tape (paper §3.1): an Image as one set on one tape or several, read back before it is a moment. */
import { randomBytes } from "node:crypto";
import type { Consistency, Image, RawPath } from "#image";
import { displayPath } from "#image";
import { systemClock } from "#time";
import type { RecoveryMethod, TakeOptions, TakeResult } from "../method.ts";
import type { Barcode, TapeLibrary } from "./drive/index.ts";
import { encodeManifest, mostProblems, type SetFacts, type SetManifest } from "./format/index.ts";
import {
  labelExpiryNs,
  type Lineage,
  planTapeExpiry,
  type TapeRotation,
  withSet,
} from "./media/index.ts";
import { prepareTape } from "./prepare-tape.ts";
import { recoveryPointOfSet } from "./recovery-point.ts";
import { IndexSpool, SetWriter, writeImage, type WrittenImage } from "./set/index.ts";
import { settleInterrupted } from "./settle-interrupted.ts";
import { type TapeCopy, tapeCopy, type TapeCopyOptions, tapeMethodName } from "./tape-copy.ts";
import { isTapeError, tapeError } from "./tape-error.ts";
import { manifestName } from "./format/index.ts";
import { TapeState } from "./tape-state.ts";

export type TapeWriteOptions = {
  /** Default: everything is kept for ever. */
  readonly rotation?: TapeRotation;
  /** Default 256 KiB. A multiple of 512, at most 8 MiB. */
  readonly blockBytes?: number;
  /** Default 2 GiB. */
  readonly dataFileBytes?: number;
  readonly now?: () => bigint;
};

export type BackupToTapeOptions = TakeOptions &
  TapeWriteOptions & {
    /** Folder of the source machine that the Image shows. */
    readonly path: RawPath;
    /** Where the Image is of several folders of a machine (`joinImages`): these, and `path` is "/". */
    readonly paths?: readonly RawPath[];
    readonly hostname: string;
  };

/** Writes an Image to tape as a new moment of its group. */
export async function backUpToTape(
  image: Image,
  { library, ...options }: BackupToTapeOptions & { readonly library: TapeLibrary },
): Promise<TakeResult> {
  const { group, hostname, path, paths = [path], tags = [] } = options;
  return await writeSet(image, {
    ...options,
    library,
    moment: (lineage) => ({ ...lineage, group, hostname, paths: paths.map(displayPath), tags }),
  });
}

/** What a set is told to be: a moment of a lineage of ours, or that of another copy. */
export type SetMoment = Omit<SetFacts, "set" | "fromNs" | "consistency"> & {
  /** The instant that it stands for, where it is not the end of reading the Image. */
  readonly atNs?: bigint;
  readonly consistency?: Consistency | "unknown";
};

export type WriteSetOptions = TakeOptions &
  TapeWriteOptions & {
    readonly library: TapeLibrary;
    readonly moment: (next: Pick<Lineage, "generation" | "sequence">) => SetMoment;
  };

/** The whole of it: lock, settle what was interrupted, write, read back, list. */
export async function writeSet(image: Image, options: WriteSetOptions): Promise<TakeResult> {
  const { library, group, signal } = options;
  checkOptions(options);
  const now = options.now ?? systemClock();
  await using state = await TapeState.open(library, { nowNs: now(), signal });
  await using drive = await library.openDrive(signal);
  await settleInterrupted(state, { drive, signal });
  const next = nextOf(state, group);
  const moment = options.moment(next);
  const serverFacts = await image.serverFacts?.(signal);
  const facts: SetFacts = {
    set: randomBytes(16).toString("hex"),
    group: moment.group,
    sequence: moment.sequence,
    generation: moment.generation,
    fromNs: image.at.fromNs,
    consistency: moment.consistency ?? image.consistency,
    hostname: moment.hostname,
    paths: moment.paths,
    tags: moment.tags,
    ...(serverFacts === undefined ? {} : { serverFacts }),
  };
  const run = new SetRun({ state, image, facts, moment, now, options });
  const { manifest, problems, lastIsFull, bytesStored } = await run.write(
    async (used) =>
      await prepareTape(state, { ...prepared(options), drive, set: facts.set, now, used, signal }),
  );
  await state.change((catalogue) => {
    const listed = withSet(catalogue, { manifest, reconstructed: false }, { lastIsFull });
    const isOurs = moment.generation === next.generation && moment.sequence === next.sequence;
    const others = listed.lineages.filter((lineage) => lineage.group !== group);
    const clockNs = trustedClock(catalogue, { ...options.rotation, nowNs: now() });
    if (!isOurs) return { ...listed, clockNs };
    return { ...listed, clockNs, lineages: [...others, { group, ...next }] };
  });
  const { files, sizeBytes } = manifest;
  return {
    point: recoveryPointOfSet({ manifest, reconstructed: false }),
    consistency: image.consistency,
    filesNew: files,
    filesRenamed: 0,
    filesChanged: 0,
    filesUnmodified: 0,
    filesTotal: files,
    bytesTotal: sizeBytes,
    bytesRead: sizeBytes,
    bytesAdded: sizeBytes,
    bytesStored,
    problems,
    partial: problems.length > 0,
  };
}

const defaultBlockBytes = 256 * 1024;

function prepared(options: WriteSetOptions): { rotation: TapeRotation; blockBytes: number } {
  const { rotation = {}, blockBytes = defaultBlockBytes } = options;
  return { rotation, blockBytes };
}

/** A clock that jumped ahead is not believed before somebody confirms it: expiry would take everything. */
function trustedClock(
  catalogue: TapeState["catalogue"],
  options: TapeRotation & { readonly nowNs: bigint },
): bigint {
  const { nowNs } = options;
  const { clockNs } = catalogue;
  const jumped = planTapeExpiry({ sets: [], clockNs }, { ...options, keepDays: 1, nowNs }).stopped;
  return jumped.length > 0 || nowNs < clockNs ? clockNs : nowNs;
}

function nextOf(state: TapeState, group: string): Pick<Lineage, "generation" | "sequence"> {
  const known = state.catalogue.lineages.find((lineage) => lineage.group === group);
  if (known !== undefined) return { generation: known.generation, sequence: known.sequence + 1 };
  return { generation: randomBytes(8).toString("hex"), sequence: 1 };
}

function checkOptions({ blockBytes = 512, dataFileBytes = 512 }: TapeWriteOptions): void {
  const isBlock = Number.isSafeInteger(blockBytes) && blockBytes >= 512 && blockBytes % 512 === 0;
  if (isBlock && blockBytes <= 8 * 1024 * 1024 && dataFileBytes > 0) return;
  throw tapeError(
    "methods.tape-option",
    `Cannot write blocks of ${blockBytes} bytes in files of ${dataFileBytes}: these are no sizes for tape`,
    { hint: "A block has a multiple of 512 bytes, at most 8 MiB." },
  );
}

type SetRunOptions = {
  readonly state: TapeState;
  readonly image: Image;
  readonly facts: SetFacts;
  readonly moment: SetMoment;
  readonly now: () => bigint;
  readonly options: WriteSetOptions;
};

type Written = {
  readonly manifest: SetManifest;
  readonly problems: WrittenImage["problems"];
  readonly lastIsFull: boolean;
  readonly bytesStored: number;
};

class SetRun {
  readonly #run: SetRunOptions;

  constructor(run: SetRunOptions) {
    this.#run = run;
  }

  async write(
    nextTape: (used: ReadonlySet<Barcode>) => ReturnType<typeof prepareTape>,
  ): Promise<Written> {
    const { state, facts, now, options } = this.#run;
    const { rotation = {}, blockBytes = defaultBlockBytes, signal } = options;
    const used = new Set<Barcode>();
    const createdAtNs = now();
    let current: Barcode | undefined;
    let lastIsFull = false;
    await using spool = await IndexSpool.create(state.library.stateFolder, facts.set);
    const writer = new SetWriter({
      facts,
      blockBytes,
      dataFileBytes: options.dataFileBytes ?? 2 * 1024 ** 3,
      createdAtNs,
      expiresAtNs: labelExpiryNs(createdAtNs, rotation),
      nextTape: async () => {
        const tape = await nextTape(used);
        current = tape.barcode;
        used.add(tape.barcode);
        return tape;
      },
      onVerified: async (session) => {
        lastIsFull = session.full;
        await state.count(session.barcode, "writes");
      },
      signal,
    });
    try {
      const written = await writeImage(this.#run.image, {
        writer,
        spool,
        onFile: ({ files, sizeBytes }) =>
          options.onProgress?.({
            phase: "read",
            filesDone: files,
            filesTotal: 0,
            bytesDone: sizeBytes,
            bytesTotal: 0,
          }),
        signal,
      });
      const manifest = await this.#finish({ writer, spool, written, blockBytes });
      return {
        manifest,
        problems: written.problems,
        lastIsFull,
        bytesStored: writer.writtenBytes,
      };
    } catch (error) {
      const isMedium = isTapeError(
        error,
        "methods.tape-not-verified",
        "methods.tape-block-damaged",
      );
      // What went wrong first is what is told.
      if (isMedium && current !== undefined)
        await state.count(current, "errors").catch(() => undefined);
      throw error;
    }
  }

  async #finish(work: {
    readonly writer: SetWriter;
    readonly spool: IndexSpool;
    readonly written: WrittenImage;
    readonly blockBytes: number;
  }): Promise<SetManifest> {
    const { writer, spool, written, blockBytes } = work;
    const { facts, image, moment, options } = this.#run;
    const { files, sizeBytes, problems } = written;
    const progress = { filesDone: files, filesTotal: files, bytesTotal: sizeBytes };
    options.onProgress?.({ phase: "finish", ...progress, bytesDone: sizeBytes });
    await writer.finishData();
    const pieces = await spool.finish();
    const manifestAt = (indexFile: number): SetManifest => ({
      ...facts,
      atNs: moment.atNs ?? image.at.toNs,
      volumes: image.volumes,
      files,
      sizeBytes,
      problemCount: problems.length,
      problems: problems.slice(0, mostProblems),
      blockBytes,
      parts: writer.parts.map((part) => ({ ...part, data: [...part.data] })),
      indexFile,
      pieces,
    });
    let manifest: SetManifest | undefined;
    await writer.writeIndex(async function* (indexFile) {
      manifest = manifestAt(indexFile);
      yield { name: manifestName(facts.set), bytes: encodeManifest(manifest) };
      for (const [index, { name }] of pieces.entries())
        yield { name, bytes: await spool.read(index) };
    });
    await writer.finish();
    if (manifest === undefined) throw new Error("the index was written without its manifest");
    return manifest;
  }
}

export type TapeMethodOptions = TapeCopyOptions &
  TapeWriteOptions &
  Pick<BackupToTapeOptions, "path" | "hostname">;

/** Backup to tape behind the port. */
export function backupToTape(
  library: TapeLibrary,
  options: TapeMethodOptions,
): RecoveryMethod & { readonly copy: TapeCopy } {
  return {
    name: tapeMethodName,
    section: "3.1",
    copy: tapeCopy(library, options),
    take: async (image, take) => await backUpToTape(image, { library, ...options, ...take }),
  };
}
