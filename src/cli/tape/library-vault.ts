import {
  moveTape,
  parseBarcode,
  tapeCopy,
  type TapeLibrary,
  tapePoolsOf,
  type TapeRotation,
  vaultReport,
} from "#methods";
import type { TapeVault } from "#offsite";

export type LibraryVaultOptions = {
  /** Its name in the configuration, or where it lies. */
  readonly name: string;
  readonly rotation: TapeRotation;
  /** From the call until a tape of the vault is here. */
  readonly recallMs?: number;
};

/** A library of backup to tape as what shipping tapes asks of one. */
export function libraryVault(
  library: TapeLibrary,
  { name, rotation, recallMs }: LibraryVaultOptions,
): TapeVault {
  return {
    name,
    copy: tapeCopy(library, { name, ...(recallMs === undefined ? {} : { recallMs }) }),
    async report({ nowNs, signal }) {
      const asked = { nowNs, ...(signal === undefined ? {} : { signal }) };
      const pools = await tapePoolsOf(library, { ...asked, rotation });
      // What is due out is reckoned with the hold of each group.
      const report = await vaultReport(library, { ...asked, retention: rotation, holdMs: 0 });
      const sets = new Map(pools.tapes.map((tape) => [tape.barcode, tape.sets]));
      return {
        tapes: report.locations.map((tape) => ({ ...tape, sets: sets.get(tape.barcode) ?? [] })),
        expired: pools.expired,
        dueBack: report.dueBack,
        problems: report.problems,
      };
    },
    async move({ barcode, signal, ...step }) {
      signal?.throwIfAborted();
      await moveTape(library, {
        ...step,
        barcode: parseBarcode(barcode),
        ...(signal === undefined ? {} : { signal }),
      });
    },
  };
}
