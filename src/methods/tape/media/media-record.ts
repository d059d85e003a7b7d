/**
 * How much each tape was used (paper §3.1.5: "Tapes can be used several times. The most efficient number of safe uses
 * should be specified by each tape manufacturer"). Only the passes are on the tape too.
 */
import type { Barcode } from "../drive/index.ts";
import {
  countField,
  type JsonObject,
  objectsField,
  optionalField,
  textField,
} from "../json-fields.ts";
import { tapeError } from "../tape-error.ts";
import { barcodeField } from "./catalogue.ts";
import type { StateFile } from "./state-file.ts";

export type MediumUse = {
  readonly barcode: Barcode;
  /** Times that it was put into a drive. */
  readonly mounts: number;
  /** Times that it was written from its beginning. */
  readonly passes: number;
  /** Sets that were written. */
  readonly writes: number;
  /** Blocks that could not be read, or did not read back as they were written. */
  readonly errors: number;
  /** A person said so. It is not written to any more; what is on it can still be read. */
  readonly retired?: string;
};

/** So much a tape may be used. What is left out has no limit: the maker of the tape has the numbers. */
export type MediaLimits = {
  readonly mounts?: number;
  readonly passes?: number;
  /** Default 3. */
  readonly errors?: number;
};

export type MediaRecord = ReadonlyMap<Barcode, MediumUse>;

export const mediaFile: StateFile<MediaRecord> = {
  name: "media.json",
  title: "the record of how tapes were used",
  format: "restante tape media 1",
  encode: (record) => ({ tapes: [...record.values()] }),
  decode: (object) => new Map(objectsField(object, "tapes").map(decodeUse)),
};

function decodeUse(object: JsonObject): [Barcode, MediumUse] {
  const barcode = barcodeField(object);
  const use = {
    barcode,
    mounts: countField(object, "mounts"),
    passes: countField(object, "passes"),
    writes: countField(object, "writes"),
    errors: countField(object, "errors"),
    ...optionalField(object, "retired", textField),
  };
  return [barcode, use];
}

export function useOf(record: MediaRecord, barcode: Barcode): MediumUse {
  return record.get(barcode) ?? { barcode, mounts: 0, passes: 0, writes: 0, errors: 0 };
}

export type CountedUse = "mounts" | "passes" | "writes" | "errors";

export function withUse(
  record: MediaRecord,
  { barcode, counted }: { readonly barcode: Barcode; readonly counted: CountedUse },
): MediaRecord {
  const use = useOf(record, barcode);
  return new Map([...record, [barcode, { ...use, [counted]: use[counted] + 1 }]]);
}

/** Why a tape may not be written to any more; undefined where it may. */
export function wornReason(use: MediumUse, limits: MediaLimits): string | undefined {
  if (use.retired !== undefined) return `it was retired: ${use.retired}`;
  const mostErrors = limits.errors ?? 3;
  if (use.errors >= mostErrors)
    return `it failed ${times(use.errors)}, and ${mostErrors} is the limit`;
  if (limits.passes !== undefined && use.passes >= limits.passes)
    return `it was written from its beginning ${times(use.passes)}, and ${limits.passes} is the limit`;
  if (limits.mounts !== undefined && use.mounts >= limits.mounts)
    return `it was put into a drive ${times(use.mounts)}, and ${limits.mounts} is the limit`;
  return undefined;
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

/** Throws `methods.tape-worn`. */
export function refuseWorn(use: MediumUse, limits: MediaLimits): void {
  const reason = wornReason(use, limits);
  if (reason === undefined) return;
  throw tapeError("methods.tape-worn", `Cannot write to tape ${use.barcode}: ${reason}`, {
    hint: "Take it out of use when what is on it has expired, and put a new tape in.",
  });
}
