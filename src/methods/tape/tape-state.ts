import type { Barcode, TapeDrive, TapeLibrary } from "./drive/index.ts";
import {
  type Catalogue,
  catalogueFile,
  type CountedUse,
  emptyCatalogue,
  mediaFile,
  type MediaRecord,
  readStateFile,
  takeWriterLock,
  vaultFile,
  withUse,
  type WriterLock,
  writeStateFile,
} from "./media/index.ts";
import { checkVolumeLabel, removeSpoolLeftovers } from "./set/index.ts";
import { isTapeError, tapeError } from "./tape-error.ts";

/** The catalogue as it stands. Throws `methods.tape-catalogue-missing` where there is none, and tapes that are not blank. */
export async function readCatalogue(
  library: TapeLibrary,
  signal?: AbortSignal,
): Promise<Catalogue> {
  const catalogue = await readStateFile(library.stateFolder, catalogueFile);
  if (catalogue !== undefined) return catalogue;
  const reason = await whyNotNew(library, signal);
  if (reason === undefined) return emptyCatalogue;
  throw tapeError(
    "methods.tape-catalogue-missing",
    `Cannot say what is on the tapes of library "${library.name}": there is no catalogue, and ${reason}`,
    { hint: "Rebuild the catalogue from the tapes." },
  );
}

/** Why a library without a catalogue is not simply a new one. */
async function whyNotNew(library: TapeLibrary, signal?: AbortSignal): Promise<string | undefined> {
  const { stateFolder } = library;
  if ((await readStateFile(stateFolder, mediaFile)) !== undefined)
    return `${mediaFile.name} says that there was one`;
  if ((await readStateFile(stateFolder, vaultFile)) !== undefined)
    return `${vaultFile.name} says that there was one`;
  const slots = await library.inventory(signal);
  if (slots.every(({ barcode }) => barcode === undefined)) return undefined;
  await using drive = await library.openDrive(signal);
  for (const { barcode } of slots) {
    if (barcode !== undefined && !(await isBlank(drive, barcode, signal)))
      return `tape ${barcode} is not blank`;
  }
  return undefined;
}

async function isBlank(drive: TapeDrive, barcode: Barcode, signal?: AbortSignal): Promise<boolean> {
  await drive.load(barcode, signal);
  try {
    return (await checkVolumeLabel(drive, barcode, signal)) === "blank";
  } catch (error) {
    // Whatever else is on it, it is not blank.
    if (isTapeError(error, "methods.tape-foreign", "methods.tape-wrong")) return false;
    throw error;
  }
}

export type OpenStateOptions = {
  readonly nowNs: bigint;
  readonly signal?: AbortSignal | undefined;
};

/** What is known of a library, while one run alone may change it. */
export class TapeState implements AsyncDisposable {
  readonly library: TapeLibrary;
  readonly #lock: WriterLock;
  #catalogue: Catalogue;
  #media: MediaRecord;

  private constructor(
    library: TapeLibrary,
    known: {
      readonly lock: WriterLock;
      readonly catalogue: Catalogue;
      readonly media: MediaRecord;
    },
  ) {
    this.library = library;
    this.#lock = known.lock;
    this.#catalogue = known.catalogue;
    this.#media = known.media;
  }

  /** Throws `methods.tape-locked`, `methods.tape-catalogue-missing`. `catalogue`: instead of the one that is kept. */
  static async open(
    library: TapeLibrary,
    options: OpenStateOptions & { readonly catalogue?: () => Promise<Catalogue> },
  ): Promise<TapeState> {
    const { stateFolder } = library;
    const lock = await takeWriterLock(stateFolder, options);
    try {
      await removeSpoolLeftovers(stateFolder);
      const catalogue = await (options.catalogue?.() ?? readCatalogue(library, options.signal));
      const media = (await readStateFile(stateFolder, mediaFile)) ?? new Map();
      return new TapeState(library, { lock, catalogue, media });
    } catch (error) {
      await lock[Symbol.asyncDispose]();
      throw error;
    }
  }

  get catalogue(): Catalogue {
    return this.#catalogue;
  }

  get media(): MediaRecord {
    return this.#media;
  }

  /** Changes the catalogue, durably: what it says from then on is promised. */
  async change(to: (catalogue: Catalogue) => Catalogue): Promise<void> {
    await this.#lock.confirm();
    const value = to(this.#catalogue);
    await writeStateFile(this.library.stateFolder, { file: catalogueFile, value });
    this.#catalogue = value;
  }

  async count(barcode: Barcode, counted: CountedUse): Promise<void> {
    await this.changeMedia((media) => withUse(media, { barcode, counted }));
  }

  async changeMedia(to: (media: MediaRecord) => MediaRecord): Promise<void> {
    await this.#lock.confirm();
    const value = to(this.#media);
    await writeStateFile(this.library.stateFolder, { file: mediaFile, value });
    this.#media = value;
  }

  /** Puts a tape into the drive, unless it is in there, and counts that. */
  async load(drive: TapeDrive, barcode: Barcode, signal?: AbortSignal): Promise<void> {
    if ((await drive.status(signal)).barcode === barcode) return;
    await drive.load(barcode, signal);
    await this.count(barcode, "mounts");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lock[Symbol.asyncDispose]();
  }
}
