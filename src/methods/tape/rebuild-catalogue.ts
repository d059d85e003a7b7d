/** The catalogue out of the tapes alone: labels and manifests, and the data files of sets whose index is damaged. */
import { join } from "node:path";
import { copyFile } from "node:fs/promises";
import { systemErrorCode } from "#errors";
import { systemClock } from "#time";
import { type Barcode, type TapeDrive, type TapeLibrary, volumeSerialOf } from "./drive/index.ts";
import { parseSetFacts, passesOfReadme, type SetFacts, type SetManifest } from "./format/index.ts";
import { asObject, FieldError, parseJsonObject } from "./json-fields.ts";
import {
  type Catalogue,
  catalogueFile,
  emptyCatalogue,
  type ListedSet,
  readStateFile,
  useOf,
  withForgotten,
  withSet,
  withTape,
} from "./media/index.ts";
import {
  labelledEndFile,
  readManifest,
  readTar,
  type Survey,
  type SurveyedFile,
  surveyTape,
  TapeReader,
} from "./set/index.ts";
import { isTapeError } from "./tape-error.ts";
import { TapeState } from "./tape-state.ts";

export type RebuildOptions = {
  readonly now?: () => bigint;
  readonly onTape?: (barcode: Barcode) => void;
  readonly signal?: AbortSignal;
};

export type RebuildReport = {
  readonly tapes: number;
  readonly sets: number;
  /** Sets whose index is lost: they open, by reading their data. */
  readonly reconstructed: number;
  /** Sets that were kept from the old catalogue, because a tape of theirs is not in the library. */
  readonly kept: number;
  readonly blank: readonly Barcode[];
  readonly foreign: readonly { readonly barcode: Barcode; readonly why: string }[];
  /** Damage, torn sets, tapes that are missing: one sentence each. */
  readonly problems: readonly string[];
};

type SurveyedTape = {
  readonly barcode: Barcode;
  readonly survey: Extract<Survey, { kind: "ours" }>;
};

/**
 * Reads every tape of the library, and writes a new catalogue. The old one stays beside it. Sets that it has on tapes
 * that are not here are kept: nobody can look at those.
 */
export async function rebuildCatalogue(
  library: TapeLibrary,
  options: RebuildOptions = {},
): Promise<RebuildReport> {
  const { signal } = options;
  const nowNs = (options.now ?? systemClock())();
  const old = await readOld(library);
  const catalogue = async (): Promise<Catalogue> => await Promise.resolve(old ?? emptyCatalogue);
  await using state = await TapeState.open(library, { nowNs, signal, catalogue });
  await using drive = await library.openDrive(signal);
  const rebuild = new Rebuild(state, { drive, old, options });
  const report = await rebuild.run();
  if (old !== undefined) await keepOld(library.stateFolder);
  await state.change(() => rebuild.catalogue);
  return report;
}

/** A damaged catalogue is why one rebuilds. */
async function readOld(library: TapeLibrary): Promise<Catalogue | undefined> {
  try {
    return await readStateFile(library.stateFolder, catalogueFile);
  } catch (error) {
    if (isTapeError(error, "methods.tape-catalogue-damaged")) return undefined;
    throw error;
  }
}

async function keepOld(stateFolder: string): Promise<void> {
  const path = join(stateFolder, catalogueFile.name);
  try {
    await copyFile(path, `${path}.before-rebuild`);
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw error;
  }
}

class Rebuild {
  catalogue: Catalogue;
  readonly #state: TapeState;
  readonly #drive: TapeDrive;
  readonly #old: Catalogue | undefined;
  readonly #options: RebuildOptions;
  readonly #problems: string[] = [];
  readonly #blank: Barcode[] = [];
  readonly #foreign: { barcode: Barcode; why: string }[] = [];
  readonly #tapes: SurveyedTape[] = [];

  constructor(
    state: TapeState,
    known: {
      readonly drive: TapeDrive;
      readonly old: Catalogue | undefined;
      readonly options: RebuildOptions;
    },
  ) {
    this.#state = state;
    this.#drive = known.drive;
    this.#old = known.old;
    this.#options = known.options;
    const { lineages, clockNs } = known.old ?? emptyCatalogue;
    this.catalogue = { tapes: [], sets: [], lineages, clockNs };
  }

  async run(): Promise<RebuildReport> {
    const slots = await this.#state.library.inventory(this.#options.signal);
    const present = new Set(slots.flatMap(({ barcode }) => barcode ?? []));
    for (const barcode of present) await this.#survey(barcode);
    for (const tape of this.#tapes) await this.#findIndexed(tape);
    const kept = this.#keepAbsent(present);
    for (const [setStart, tapes] of this.#unlisted()) await this.#findUnindexed(setStart, tapes);
    this.#nameAbsent(present);
    const { sets } = this.catalogue;
    return {
      tapes: this.#tapes.length,
      sets: sets.length,
      reconstructed: sets.filter(({ reconstructed }) => reconstructed).length,
      kept,
      blank: this.#blank,
      foreign: this.#foreign,
      problems: this.#problems,
    };
  }

  async #survey(barcode: Barcode): Promise<void> {
    const { signal, onTape } = this.#options;
    onTape?.(barcode);
    await this.#state.load(this.#drive, barcode, signal);
    const survey = await surveyTape(this.#drive, signal);
    if (survey.kind === "blank") this.#blank.push(barcode);
    else if (survey.kind === "foreign") this.#foreign.push({ barcode, why: survey.why });
    else if (survey.serial !== volumeSerialOf(barcode)) {
      const why = `its label says that it is ${survey.serial}`;
      this.#foreign.push({ barcode, why });
    } else {
      this.#tapes.push({ barcode, survey });
      for (const problem of survey.problems) this.#problems.push(`Tape ${barcode}: ${problem}`);
      const endFile = Math.min(labelledEndFile, survey.endFile);
      this.catalogue = withTape(this.catalogue, { barcode, endFile });
      await this.#rememberPasses({ barcode, survey });
    }
  }

  /** Where the record of use is lost, the tape itself says how often it was written. */
  async #rememberPasses({ barcode, survey }: SurveyedTape): Promise<void> {
    const use = useOf(this.#state.media, barcode);
    const readme = survey.files.find(({ kind }) => kind === "readme");
    if (use.passes > 0 || readme === undefined) return;
    const place = { reader: this.#reader(readme.blockBytes), barcode, ...readme };
    const passes = await readPasses({ ...place, signal: this.#options.signal });
    if (passes === undefined) return;
    await this.#state.changeMedia((media) => new Map([...media, [barcode, { ...use, passes }]]));
  }

  async #findIndexed({ barcode, survey }: SurveyedTape): Promise<void> {
    for (const file of survey.files) {
      // Without labels behind it the index was never finished, and the set never listed.
      if (file.kind !== "index" || file.ending !== "EOF") continue;
      const { blockBytes, file: number } = file;
      const { signal } = this.#options;
      const place = { reader: this.#reader(blockBytes), barcode, file: number, blockBytes, signal };
      try {
        const manifest = await readManifest(place);
        if (manifest.parts.at(-1)?.barcode !== barcode)
          throw new FieldError("the manifest is of another tape");
        if (this.#isWhole(manifest)) this.#list({ manifest, reconstructed: false });
      } catch (error) {
        if (!(error instanceof FieldError) && !isTapeError(error, "methods.tape-index-damaged"))
          throw error;
        this.#problems.push(`Tape ${barcode}, file ${number}: ${(error as Error).message}.`);
      }
    }
  }

  /** A set that expired is still on its other tapes after the first of them was written over. */
  #isWhole(manifest: SetManifest): boolean {
    const gone = manifest.parts.filter(({ barcode }) => {
      const tape = this.#tapes.find((each) => each.barcode === barcode);
      return (
        tape !== undefined &&
        !tape.survey.files.some(
          ({ setStart }) => setStart !== "" && manifest.set.startsWith(setStart),
        )
      );
    });
    if (gone.length === 0) return true;
    const names = gone.map(({ barcode }) => barcode).join(", ");
    this.#problems.push(
      `Set ${manifest.set.slice(0, 8)} is listed no more: ${names} was written over since.`,
    );
    const kept = manifest.parts.filter((part) => !gone.includes(part));
    this.catalogue = withForgotten(this.catalogue, { tapes: kept, set: manifest.set });
    return false;
  }

  #list(set: ListedSet): void {
    this.catalogue = withSet(this.catalogue, set, { lastIsFull: false });
  }

  /** Sets of the old catalogue that cannot be looked for, since a tape of theirs is away. */
  #keepAbsent(present: ReadonlySet<Barcode>): number {
    const listed = new Set(this.catalogue.sets.map(({ manifest }) => manifest.set));
    const absent = (this.#old?.sets ?? []).filter(
      ({ manifest }) =>
        !listed.has(manifest.set) && manifest.parts.some(({ barcode }) => !present.has(barcode)),
    );
    for (const set of absent) this.#list(set);
    for (const tape of this.#old?.tapes ?? []) {
      if (!present.has(tape.barcode)) this.catalogue = withTape(this.catalogue, tape);
    }
    return absent.length;
  }

  /** Data files of sets that no index was found of, by the start of the set's ID. */
  #unlisted(): ReadonlyMap<string, readonly SurveyedTape[]> {
    const starts = new Map<string, SurveyedTape[]>();
    for (const tape of this.#tapes) {
      for (const setStart of new Set(tape.survey.files.map((file) => file.setStart))) {
        if (setStart === "" || this.#isKnown(setStart, tape.barcode)) continue;
        starts.set(setStart, [...(starts.get(setStart) ?? []), tape]);
      }
    }
    return starts;
  }

  #isKnown(setStart: string, barcode: Barcode): boolean {
    const known = [this.#old, this.catalogue].flatMap((catalogue) =>
      (catalogue?.tapes ?? []).filter((tape) => tape.barcode === barcode),
    );
    const set = known.flatMap(({ forgotten }) => forgotten).find((id) => id.startsWith(setStart));
    if (set !== undefined) {
      this.catalogue = withForgotten(this.catalogue, { tapes: [{ barcode }], set });
      return true;
    }
    return this.catalogue.sets.some(({ manifest }) => manifest.set.startsWith(setStart));
  }

  /**
   * A set that ends on a tape without an index and without going on elsewhere was never finished: it is torn, and its
   * place is free. All others were promised: what can be read of them is listed.
   */
  async #findUnindexed(setStart: string, tapes: readonly SurveyedTape[]): Promise<void> {
    const found = [];
    for (const { barcode, survey } of tapes) {
      const files = survey.files.filter((file) => file.setStart === setStart);
      const data = files.filter(({ kind }) => kind === "data");
      const firstOf = await this.#factsOf(barcode, data);
      found.push({ barcode, files, data, ...firstOf });
    }
    const ordered = found.toSorted((a, b) => a.tape - b.tape);
    const last = ordered.at(-1);
    const facts = ordered.find((each) => each.facts !== undefined)?.facts;
    if (last === undefined) return;
    const hasIndex = last.files.some(({ kind, ending }) => kind === "index" && ending === "EOF");
    const goesOn = last.files.at(-1)?.ending === "EOV";
    const names = ordered.map(({ barcode }) => barcode).join(", ");
    if (!hasIndex && !goesOn) {
      this.#problems.push(`Set ${setStart} on ${names} was never finished; its place is free.`);
      const set = facts?.set ?? setStart.padEnd(32, "0");
      this.catalogue = withForgotten(this.catalogue, { tapes: ordered, set });
      return;
    }
    if (facts === undefined) {
      this.#problems.push(
        `Set ${setStart} on ${names} has lost its index and says nothing of itself; its data files can be read with tar.`,
      );
      for (const { barcode } of ordered) this.#protect(barcode);
      return;
    }
    const why = hasIndex ? "its index is damaged" : "the tape it goes on on is not here";
    this.#problems.push(`Set ${setStart} on ${names} is read from its data, since ${why}.`);
    this.#list({ manifest: manifestWithoutIndex(facts, ordered), reconstructed: true });
  }

  /** Nothing may be written behind or over what cannot be told. */
  #protect(barcode: Barcode): void {
    this.catalogue = withTape(this.catalogue, { barcode, full: true, writing: "protected" });
  }

  /** What the first data file that can be read says of its set, and the how-manieth tape of it this is. */
  async #factsOf(
    barcode: Barcode,
    data: readonly SurveyedFile[],
  ): Promise<{ readonly tape: number; readonly facts?: SetFacts }> {
    for (const { file, blockBytes } of data) {
      const place = { reader: this.#reader(blockBytes), barcode, file, blockBytes };
      for await (const step of readTar({ ...place, signal: this.#options.signal })) {
        if (step.kind !== "comment") break;
        try {
          const comment = parseJsonObject(step.text);
          const tape = typeof comment["tape"] === "number" ? comment["tape"] : 0;
          return { tape, facts: parseSetFacts(asObject(comment["restante"], "the comment")) };
        } catch (error) {
          if (!(error instanceof FieldError)) throw error;
        }
      }
    }
    return { tape: 0 };
  }

  #nameAbsent(present: ReadonlySet<Barcode>): void {
    for (const { manifest } of this.catalogue.sets) {
      const missing = manifest.parts.filter(({ barcode }) => !present.has(barcode));
      if (missing.length === 0) continue;
      const names = missing.map(({ barcode }) => barcode).join(", ");
      this.#problems.push(`Set ${manifest.set.slice(0, 8)} needs ${names}, not in the library.`);
    }
  }

  #reader(blockBytes: number): TapeReader {
    const load = async (barcode: Barcode): Promise<TapeDrive> => {
      await this.#state.load(this.#drive, barcode, this.#options.signal);
      return this.#drive;
    };
    return new TapeReader({ load, blockBytes });
  }
}

function manifestWithoutIndex(
  facts: SetFacts,
  tapes: readonly {
    readonly barcode: Barcode;
    readonly files: readonly SurveyedFile[];
    readonly data: readonly SurveyedFile[];
  }[],
): SetManifest {
  const parts = tapes.map(({ barcode, files, data }) => ({
    barcode,
    firstFile: (files[0]?.file ?? 1) - 1,
    endFile: (files.at(-1)?.file ?? 1) + 2,
    data: data.map(({ file }) => ({ file, blocks: 0 })),
  }));
  return {
    ...facts,
    atNs: facts.fromNs,
    volumes: [],
    files: 0,
    sizeBytes: 0,
    problemCount: 1,
    problems: [],
    blockBytes: tapes.flatMap(({ data }) => data)[0]?.blockBytes ?? 256 * 1024,
    parts,
    indexFile: 0,
    pieces: [],
  };
}

async function readPasses(place: Parameters<typeof readTar>[0]): Promise<number | undefined> {
  const { reader, barcode, file, signal } = place;
  try {
    for await (const step of readTar(place)) {
      if (step.kind !== "member") return undefined;
      const lengthBytes = Math.min(step.member.sizeBytes, 64 * 1024);
      const offset = step.dataOffset;
      const text = await reader.read({ barcode, file, offset, lengthBytes, signal });
      return passesOfReadme(text.toString("utf8"));
    }
  } catch (error) {
    if (!isTapeError(error, "methods.tape-block-damaged", "methods.tape-end-of-data")) throw error;
  }
  return undefined;
}
