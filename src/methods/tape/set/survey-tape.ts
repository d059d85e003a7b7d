/** What is on a tape, by its labels alone: quick, since the drive passes over the data. */
import { type Barcode, type TapeDrive, type TapePosition, volumeSerialOf } from "../drive/index.ts";
import {
  type LabelKind,
  parseFileIdentifier,
  parseLabel,
  type TapeFileKind,
} from "../format/index.ts";
import { isTapeError, tapeError } from "../tape-error.ts";

export type SurveyedFile = {
  readonly kind: TapeFileKind;
  /** First eight digits of the set's ID. */
  readonly setStart: string;
  /** Number of the tape's file that holds the archive, as `mt asf` counts. */
  readonly file: number;
  /** "EOV": it goes on on another tape. Undefined where the labels behind it are missing: its writing never ended. */
  readonly ending: Exclude<LabelKind, "HDR"> | undefined;
  readonly blockBytes: number;
  readonly expiresAtNs: bigint | undefined;
  readonly tornAtByte?: number;
};

export type Survey =
  | { readonly kind: "blank" }
  /** Something else was written on it. */
  | { readonly kind: "foreign"; readonly why: string }
  | {
      readonly kind: "ours";
      readonly serial: string;
      readonly files: readonly SurveyedFile[];
      /** Number of the tape's file behind the last one that is whole with its labels. */
      readonly endFile: number;
      /** Blocks of labels that cannot be read, or a tape that ends within something. */
      readonly problems: readonly string[];
    };

/** Reads all labels from the beginning of the tape on. */
export async function surveyTape(drive: TapeDrive, signal?: AbortSignal): Promise<Survey> {
  await drive.rewind(signal);
  const problems: string[] = [];
  const first = await readLabels(drive, { problems, signal });
  if (first.blocks.length === 0 && first.damaged === 0)
    return first.ended ? { kind: "blank" } : foreign("it begins with a file mark");
  const volume = first.labels.find((label) => label.kind === "volume");
  if (first.damaged > 0 && volume === undefined) return foreign("the first label cannot be read");
  if (volume === undefined) return foreign("it has no label VOL1");
  const found = await surveyFrom(drive, { labels: first, problems, signal });
  const isOurs = found.files.some(({ kind }) => kind === "readme");
  const system = first.labels.find((label) => label.kind === "file-1")?.system;
  if (!isOurs && system !== "RESTANTE")
    return foreign(`another program labelled it${system === undefined ? "" : ` ("${system}")`}`);
  return { kind: "ours", serial: volume.serial, ...found, problems };
}

/** Files from where the drive stands, which is before a group of labels, or at the end. */
export async function surveyRest(
  drive: TapeDrive,
  signal?: AbortSignal,
): Promise<{ readonly files: readonly SurveyedFile[]; readonly problems: readonly string[] }> {
  const problems: string[] = [];
  const labels = await readLabels(drive, { problems, signal });
  const { files } = await surveyFrom(drive, { labels, problems, signal });
  return { files, problems };
}

function foreign(why: string): Survey {
  return { kind: "foreign", why };
}

/** Throws `methods.tape-wrong`, `methods.tape-foreign` unless the tape in the drive is the one that is meant. */
export async function checkVolumeLabel(
  drive: TapeDrive,
  volume: Barcode,
  signal?: AbortSignal,
): Promise<"ours" | "blank"> {
  const { barcode } = await drive.status(signal);
  if (barcode !== undefined && barcode !== volume) throw wrongTape(volume, barcode);
  await drive.rewind(signal);
  let block: Uint8Array | undefined;
  try {
    const read = await drive.readBlock(signal);
    if (read.kind === "end-of-data") return "blank";
    if (read.kind === "block") block = read.bytes;
  } catch (error) {
    if (!isTapeError(error, "methods.tape-block-damaged")) throw error;
    throw foreignTape(volume, { why: "its first label cannot be read", cause: error });
  }
  const label = block === undefined ? undefined : parseLabel(block);
  if (label?.kind !== "volume") throw foreignTape(volume, { why: "it has no label VOL1" });
  if (label.serial !== volumeSerialOf(volume)) throw wrongTape(volume, label.serial);
  return "ours";
}

export function foreignTape(
  volume: Barcode,
  { why, cause }: { readonly why: string; readonly cause?: unknown },
): Error {
  return tapeError("methods.tape-foreign", `Cannot use tape ${volume}: ${why}`, {
    hint: "Look what is on it. If nobody needs that, label the tape anew with that said expressly.",
    ...(cause === undefined ? {} : { cause }),
  });
}

function wrongTape(volume: Barcode, found: string): Error {
  return tapeError(
    "methods.tape-wrong",
    `Cannot use tape ${volume}: the tape in the drive says that it is ${found}`,
    { hint: "Compare the barcode on the cartridge with its label; put the right tape in." },
  );
}

type Labels = {
  readonly blocks: readonly Uint8Array[];
  readonly labels: readonly NonNullable<ReturnType<typeof parseLabel>>[];
  readonly damaged: number;
  /** The end of data came before a file mark. */
  readonly ended: boolean;
  readonly torn: boolean;
};

/** More blocks than any group of labels has: what is there is data, and nothing to be read through. */
const mostLabels = 12;

async function readLabels(drive: TapeDrive, how: How): Promise<Labels> {
  const { problems, signal } = how;
  const blocks: Uint8Array[] = [];
  let damaged = 0;
  const done = (ended: boolean, torn: boolean): Labels => {
    const labels = blocks.map(parseLabel).filter((label) => label !== undefined);
    return { blocks, labels, damaged, ended, torn };
  };
  while (blocks.length + damaged < mostLabels) {
    try {
      const read = await drive.readBlock(signal);
      if (read.kind === "file-mark") return done(false, false);
      if (read.kind === "end-of-data") return done(true, read.torn);
      blocks.push(read.bytes);
    } catch (error) {
      if (!isTapeError(error, "methods.tape-block-damaged")) throw error;
      damaged++;
      problems.push(`A label is damaged: ${(error as Error).message}.`);
    }
  }
  return done(!(await spaceOne(drive, signal)), false);
}

type How = { readonly problems: string[]; readonly signal: AbortSignal | undefined };

/** Labels, data, labels: groups of three until a group is empty. `labels` are those before the first file. */
async function surveyFrom(
  drive: TapeDrive,
  { labels: first, ...how }: How & { readonly labels: Labels },
): Promise<{ readonly files: readonly SurveyedFile[]; readonly endFile: number }> {
  const files: SurveyedFile[] = [];
  let before = first;
  let endFile = (await positionOf(drive, how.signal)).file - (before.ended ? 0 : 1);
  while (before.blocks.length + before.damaged > 0) {
    const isCut = before.ended;
    const { file } = await positionOf(drive, how.signal);
    const hasData = !isCut && (await spaceOne(drive, how.signal));
    const after = hasData ? await readLabels(drive, how) : undefined;
    // A label that cannot be read stands in the other group once more.
    const known = fileOf([...before.labels, ...(after?.labels ?? [])]);
    const ending = after === undefined || after.ended ? undefined : endingOf(after);
    if (known === undefined) how.problems.push(`File ${file} has labels that say nothing of it.`);
    else files.push({ ...known, file, ending });
    if (after === undefined || after.ended) {
      how.problems.push(`The tape ends within file ${file}, or within its labels.`);
      break;
    }
    endFile = (await positionOf(drive, how.signal)).file;
    before = await readLabels(drive, how);
  }
  return { files, endFile };
}

type LabelList = Labels["labels"];

function fileOf(labels: LabelList): Omit<SurveyedFile, "file" | "ending"> | undefined {
  const first = labels.find((label) => label.kind === "file-1");
  const second = labels.findLast((label) => label.kind === "file-2");
  const named = first === undefined ? undefined : parseFileIdentifier(first.fileIdentifier);
  if (first === undefined || named === undefined) return undefined;
  const torn = second?.tornAtByte === undefined ? {} : { tornAtByte: second.tornAtByte };
  const { expiresAtNs } = first;
  return { ...named, blockBytes: second?.blockBytes ?? NaN, expiresAtNs, ...torn };
}

function endingOf({ labels, damaged }: Labels): SurveyedFile["ending"] {
  const label = labels.find((each) => each.kind === "file-1" || each.kind === "file-2");
  if (label?.position === "EOV") return "EOV";
  // Labels that are there and cannot be read are not labels that were never written.
  return label?.position === "EOF" || damaged > 0 ? "EOF" : undefined;
}

async function positionOf(drive: TapeDrive, signal?: AbortSignal): Promise<TapePosition> {
  return (await drive.status(signal)).position ?? { file: 0, block: 0 };
}

async function spaceOne(drive: TapeDrive, signal?: AbortSignal): Promise<boolean> {
  try {
    await drive.spaceFileMarks(1, signal);
    return true;
  } catch (error) {
    if (isTapeError(error, "methods.tape-end-of-data")) return false;
    throw error;
  }
}
