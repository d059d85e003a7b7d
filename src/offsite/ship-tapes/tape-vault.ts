/**
 * The port of tapes that leave the site and come back (paper §2.2.1): what shipping them has to know of a tape library,
 * and the one thing that it does. Backup to tape fits behind it.
 */
import type { Copy, RecoveryPoint } from "#copies";

/** "missing": not in the library, and nobody noted that it was taken away. */
export type TapeState = TapeStep["state"] | "missing";

/** One step of a tape's life: onsite → ejected → in transit → vault → recalled → (in transit →) onsite. */
export type TapeStep = {
  readonly state: "onsite" | "ejected" | "in-transit" | "vault" | "recalled";
  readonly atNs: bigint;
  /** Who took, carried or received it. */
  readonly who: string;
  /** Shelf, courier, vault. */
  readonly where: string;
};

export type VaultTape = {
  readonly barcode: string;
  readonly state: TapeState;
  /** The last that was noted. */
  readonly step?: TapeStep;
  /** IDs of the moments that have a part on it. */
  readonly sets: readonly string[];
};

/** A tape that should leave, or may come back. */
export type TapeDue = {
  readonly barcode: string;
  readonly state: TapeState;
  readonly dueSinceNs: bigint;
  readonly why: string;
};

export type TapeVaultReport = {
  readonly tapes: readonly VaultTape[];
  /** IDs of moments that nothing keeps any more. */
  readonly expired: ReadonlySet<string>;
  /** In the vault, and everything on them has expired. */
  readonly dueBack: readonly TapeDue[];
  /** One sentence each: a record that is lost, tapes that nobody knows where they are. */
  readonly problems: readonly string[];
};

export type RecallTape = {
  readonly barcode: string;
  readonly state: TapeState;
  readonly where: string;
  readonly sinceNs?: bigint;
  /** How long until it is in the library; undefined where nobody can say. */
  readonly atHandInMs?: number;
};

/** What must be fetched to open a moment, in the order in which it is read. */
export type RecallList = {
  readonly tapes: readonly RecallTape[];
  /** All of them, fetched at once; undefined where one cannot be said. */
  readonly atHandInMs?: number;
};

/** All moments on tape, wherever the tapes are. */
export interface TapeVaultCopy extends Copy {
  pullList(
    point: RecoveryPoint,
    options: { readonly nowNs: bigint; readonly signal?: AbortSignal },
  ): Promise<RecallList>;
}

export type MoveOptions = TapeStep & {
  readonly barcode: string;
  readonly signal?: AbortSignal | undefined;
};

export interface TapeVault {
  readonly name: string;
  readonly copy: TapeVaultCopy;
  /** Where every tape is. Throws where that cannot be listed: never an empty report instead. */
  report(options: {
    readonly nowNs: bigint;
    readonly signal?: AbortSignal | undefined;
  }): Promise<TapeVaultReport>;
  /**
   * Notes a step durably; "ejected" also puts the tape out, "onsite" takes it in. Throws, and notes nothing, where the
   * step cannot follow the last one, or the library cannot do it.
   */
  move(options: MoveOptions): Promise<void>;
}
