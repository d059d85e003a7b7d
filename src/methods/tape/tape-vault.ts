/** The vault life of tapes (paper §2.2.1), on the library's own records. */
import { rename } from "node:fs/promises";
import { join } from "node:path";
import type { Barcode, TapeLibrary } from "./drive/index.ts";
import {
  dueBack,
  dueOut,
  type DueTape,
  planTapeExpiry,
  readStateFile,
  type TapeRetention,
  takeWriterLock,
  type VaultRecord,
  vaultFile,
  type VaultState,
  vaultStateOf,
  type VaultStep,
  withStep,
  writeStateFile,
} from "./media/index.ts";
import { isTapeError, tapeError } from "./tape-error.ts";
import { readCatalogue } from "./tape-state.ts";

export type MoveTapeOptions = VaultStep & {
  readonly barcode: Barcode;
  readonly signal?: AbortSignal;
};

/**
 * Notes a step of a tape's life, and for the steps that the library does itself makes it do them: "ejected" puts the
 * tape out, and back "onsite" takes it in where it lies in the slot that a person opens.
 */
export async function moveTape(library: TapeLibrary, options: MoveTapeOptions): Promise<void> {
  const { barcode, signal, ...step } = options;
  const { stateFolder } = library;
  await using lock = await takeWriterLock(stateFolder, { nowNs: step.atNs });
  const record = await readRecord(stateFolder);
  const value = withStep(record, { barcode, step: stepOnly(step) });
  const isPresent = (await presentIn(library, signal)).has(barcode);
  if (step.state === "ejected" && isPresent) await library.exportVolume(barcode, signal);
  if (step.state === "onsite" && !isPresent) await library.importVolume(barcode, signal);
  await lock.confirm();
  await writeStateFile(stateFolder, { file: vaultFile, value });
}

export type TapeLocation = {
  readonly barcode: Barcode;
  /** "missing": not in the library, and nobody noted that it was taken away. */
  readonly state: VaultState | "missing";
  readonly step?: VaultStep;
};

export type VaultReport = {
  readonly locations: readonly TapeLocation[];
  readonly dueOut: readonly DueTape[];
  readonly dueBack: readonly DueTape[];
  /** One sentence each: a record that is lost, tapes that nobody knows where they are. */
  readonly problems: readonly string[];
};

export type VaultReportOptions = {
  readonly holdMs: number;
  readonly retention: TapeRetention;
  readonly nowNs: bigint;
  readonly signal?: AbortSignal;
};

/** Where every tape is, what should leave and what may come back. Never fails for a lost record: it says so. */
export async function vaultReport(
  library: TapeLibrary,
  { holdMs, retention, nowNs, signal }: VaultReportOptions,
): Promise<VaultReport> {
  const catalogue = await readCatalogue(library, signal);
  const present = await presentIn(library, signal);
  const { expired, stopped } = planTapeExpiry(catalogue, { ...retention, nowNs });
  const problems = [...stopped];
  let record: VaultRecord = new Map();
  try {
    record = await readRecord(library.stateFolder);
  } catch (error) {
    if (!isTapeError(error, "methods.tape-catalogue-damaged")) throw error;
    problems.push(`${(error as Error).message}. Where tapes were taken to is not known any more.`);
  }
  // A catalogue that was rebuilt without the tapes of the vault does not know them: the record does.
  const known = new Set(catalogue.tapes.map(({ barcode }) => barcode));
  const away = [...record.keys()].filter(
    (barcode) => !known.has(barcode) && vaultStateOf(record, barcode) !== "onsite",
  );
  const locations = [...known, ...away].map((barcode): TapeLocation => {
    const step = record.get(barcode)?.at(-1);
    const state = vaultStateOf(record, barcode);
    const optional = step === undefined ? {} : { step };
    if (state !== "onsite" || present.has(barcode)) return { barcode, state, ...optional };
    return { barcode, state: "missing", ...optional };
  });
  const missing = locations.filter(({ state }) => state === "missing");
  if (missing.length > 0) {
    const names = missing.map(({ barcode }) => barcode).join(", ");
    problems.push(`Not in the library, and nobody noted where they are: ${names}.`);
  }
  for (const { barcode, state } of locations) {
    if (state !== "onsite" && state !== "missing" && present.has(barcode))
      problems.push(`Tape ${barcode} is in the library, and its record says ${state}.`);
  }
  const facts = { catalogue, record, expired, nowNs };
  const out = dueOut({ ...facts, holdMs }).filter(
    ({ barcode, state }) => state !== "onsite" || present.has(barcode),
  );
  return { locations, dueOut: out, dueBack: dueBack(facts), problems };
}

/**
 * Begins the record of where tapes are anew, when it is damaged: the old file stays beside it. Throws when there is
 * nothing to give up.
 */
export async function giveUpVaultRecord(
  library: TapeLibrary,
  { nowNs }: { readonly nowNs: bigint },
): Promise<void> {
  const { stateFolder } = library;
  await using lock = await takeWriterLock(stateFolder, { nowNs });
  try {
    await readRecord(stateFolder);
  } catch (error) {
    if (!isTapeError(error, "methods.tape-catalogue-damaged")) throw error;
    const path = join(stateFolder, vaultFile.name);
    await lock.confirm();
    await rename(path, `${path}.damaged-${nowNs}`);
    await writeStateFile(stateFolder, { file: vaultFile, value: new Map() });
    return;
  }
  throw tapeError(
    "methods.tape-option",
    `Cannot give up the record of where tapes are in "${stateFolder}": it can be read`,
    { hint: "Correct single tapes by noting their next step." },
  );
}

async function readRecord(stateFolder: string): Promise<VaultRecord> {
  return (await readStateFile(stateFolder, vaultFile)) ?? new Map();
}

async function presentIn(
  library: TapeLibrary,
  signal?: AbortSignal,
): Promise<ReadonlySet<Barcode>> {
  return new Set((await library.inventory(signal)).flatMap(({ barcode }) => barcode ?? []));
}

function stepOnly({ state, atNs, who, where }: VaultStep): VaultStep {
  return { state, atNs, who, where };
}
