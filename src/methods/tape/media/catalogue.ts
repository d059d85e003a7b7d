import { type Barcode, isBarcode } from "../drive/index.ts";
import { encodeManifest, manifestOf, type SetManifest } from "../format/index.ts";
import {
  asObject,
  countField,
  FieldError,
  flagField,
  instantField,
  type JsonObject,
  objectsField,
  optionalField,
  textField,
  textsField,
} from "../json-fields.ts";
import type { StateFile } from "./state-file.ts";

/** A tape as the catalogue knows it. What is on it can be read from the tape itself. */
export type TapeRecord = {
  readonly barcode: Barcode;
  /** Number of the tape's file where the next set begins. 0: it has no label of ours, or is being labelled. */
  readonly endFile: number;
  /** Nothing more fits. */
  readonly full: boolean;
  /**
   * The set that is being written behind `endFile`, or was when the run ended. "label": the label itself. "protected":
   * there is a set that says nothing of itself, and nothing is written before a person labels the tape anew.
   */
  readonly writing?: string;
  /** Sets that still stand on the tape and are kept no more, since a part of them is gone, or they were never whole. */
  readonly forgotten: readonly string[];
};

/** A moment that is on tape. */
export type ListedSet = {
  readonly manifest: SetManifest;
  /** Found by reading the data files alone: its index is lost, and nobody knows whether all of it is there. */
  readonly reconstructed: boolean;
};

/** The last sequence of a group that was taken here. */
export type Lineage = {
  readonly group: string;
  readonly generation: string;
  readonly sequence: number;
};

export type Catalogue = {
  readonly tapes: readonly TapeRecord[];
  /** In the order in which they were listed. */
  readonly sets: readonly ListedSet[];
  readonly lineages: readonly Lineage[];
  /** The clock at the last run that trusted it. */
  readonly clockNs: bigint;
};

export const emptyCatalogue: Catalogue = { tapes: [], sets: [], lineages: [], clockNs: 0n };

export const catalogueFile: StateFile<Catalogue> = {
  name: "catalogue.json",
  title: "the catalogue of tapes",
  format: "restante tape catalogue 1",
  encode: ({ tapes, sets, lineages, clockNs }) => ({
    tapes: tapes.map(({ barcode, endFile, full, writing, forgotten }) => ({
      barcode,
      end_file: endFile,
      full,
      writing,
      forgotten,
    })),
    sets: sets.map(({ manifest, reconstructed }) => ({
      reconstructed,
      // Problems are told by the moment itself; here they are only counted.
      manifest: JSON.parse(encodeManifest({ ...manifest, problems: [] }).toString()) as JsonObject,
    })),
    lineages,
    clock: String(clockNs),
  }),
  decode: (object) => ({
    tapes: objectsField(object, "tapes").map(decodeTape),
    sets: objectsField(object, "sets").map((set) => ({
      reconstructed: flagField(set, "reconstructed"),
      manifest: manifestOf(asObject(set["manifest"], '"manifest"')),
    })),
    lineages: objectsField(object, "lineages").map((lineage) => ({
      group: textField(lineage, "group"),
      generation: textField(lineage, "generation"),
      sequence: countField(lineage, "sequence"),
    })),
    clockNs: instantField(object, "clock"),
  }),
};

function decodeTape(object: JsonObject): TapeRecord {
  return {
    barcode: barcodeField(object),
    endFile: countField(object, "end_file"),
    full: flagField(object, "full"),
    ...optionalField(object, "writing", textField),
    forgotten: textsField(object, "forgotten"),
  };
}

export function barcodeField(object: JsonObject): Barcode {
  const barcode = textField(object, "barcode");
  if (isBarcode(barcode)) return barcode;
  throw new FieldError('"barcode" is none');
}

/** The sets that have a part on a tape. */
export function setsOn({ sets }: Pick<Catalogue, "sets">, barcode: Barcode): readonly ListedSet[] {
  return sets.filter(({ manifest }) => manifest.parts.some((part) => part.barcode === barcode));
}

/** The catalogue with one tape's record changed, or added. */
export function withTape(
  catalogue: Catalogue,
  change: Partial<TapeRecord> & Pick<TapeRecord, "barcode">,
): Catalogue {
  const { barcode } = change;
  const known = catalogue.tapes.find((tape) => tape.barcode === barcode);
  const { writing, ...rest } = { endFile: 0, full: false, forgotten: [], ...known, ...change };
  const changed: TapeRecord = writing === undefined || writing === "" ? rest : { ...rest, writing };
  const tapes = catalogue.tapes.filter((tape) => tape.barcode !== barcode);
  return { ...catalogue, tapes: [...tapes, changed] };
}

/** The catalogue with a set that is whole on its tapes. What was being written there is written. */
export function withSet(
  catalogue: Catalogue,
  set: ListedSet,
  { lastIsFull }: { readonly lastIsFull: boolean },
): Catalogue {
  const { parts } = set.manifest;
  let changed: Catalogue = {
    ...catalogue,
    sets: [
      ...catalogue.sets.filter(({ manifest }) => manifest.set !== set.manifest.set),
      { ...set, manifest: { ...set.manifest, problems: [] } },
    ],
  };
  for (const [index, { barcode, endFile }] of parts.entries()) {
    const known = changed.tapes.find((tape) => tape.barcode === barcode);
    const isLast = index === parts.length - 1;
    changed = withTape(changed, {
      barcode,
      endFile: Math.max(endFile, known?.endFile ?? 0),
      full: known?.full === true || !isLast || lastIsFull,
      ...(known?.writing === set.manifest.set ? { writing: "" } : {}),
    });
  }
  return changed;
}

/** The catalogue without these sets. Tapes that they stay on know that nobody keeps them. */
export function withoutSets(catalogue: Catalogue, gone: ReadonlySet<string>): Catalogue {
  const dropped = catalogue.sets.filter(({ manifest }) => gone.has(manifest.set));
  const sets = catalogue.sets.filter(({ manifest }) => !gone.has(manifest.set));
  return dropped.reduce<Catalogue>(
    (all, { manifest }) => withForgotten(all, { tapes: manifest.parts, set: manifest.set }),
    { ...catalogue, sets },
  );
}

/** Notes on tapes that a set on them is kept by nobody. */
export function withForgotten(
  catalogue: Catalogue,
  {
    tapes,
    set,
  }: { readonly tapes: readonly { readonly barcode: Barcode }[]; readonly set: string },
): Catalogue {
  return tapes.reduce((all, { barcode }) => {
    const known = all.tapes.find((tape) => tape.barcode === barcode)?.forgotten ?? [];
    return withTape(all, { barcode, forgotten: [...new Set([...known, set])] });
  }, catalogue);
}
