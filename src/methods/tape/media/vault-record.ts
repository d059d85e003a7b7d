/**
 * Where tapes are (paper §2.2.1). A tape cannot tell it, so this record is a file of its own: losing it loses
 * knowledge that nothing gives back.
 */
import type { Barcode } from "../drive/index.ts";
import {
  instantField,
  type JsonObject,
  objectsField,
  oneOfField,
  textField,
} from "../json-fields.ts";
import { tapeError } from "../tape-error.ts";
import { barcodeField } from "./catalogue.ts";
import type { StateFile } from "./state-file.ts";

export const vaultStates = ["onsite", "ejected", "in-transit", "vault", "recalled"] as const;
export type VaultState = (typeof vaultStates)[number];

/** One step of a tape's life. */
export type VaultStep = {
  readonly state: VaultState;
  readonly atNs: bigint;
  /** Who took, carried or received it. */
  readonly who: string;
  /** Shelf, courier, vault. */
  readonly where: string;
};

/** Every step of each tape, oldest first. A tape without one is onsite, as far as anybody knows. */
export type VaultRecord = ReadonlyMap<Barcode, readonly VaultStep[]>;

export const vaultFile: StateFile<VaultRecord> = {
  name: "vault.json",
  title: "the record of where tapes are",
  format: "restante tape vault 1",
  encode: (record) => ({
    tapes: [...record].map(([barcode, steps]) => ({
      barcode,
      steps: steps.map(({ atNs, ...step }) => ({ at: String(atNs), ...step })),
    })),
  }),
  decode: (object) => new Map(objectsField(object, "tapes").map(decodeSteps)),
};

function decodeSteps(object: JsonObject): [Barcode, readonly VaultStep[]] {
  const steps = objectsField(object, "steps").map((step) => ({
    state: oneOfField(step, "state", vaultStates),
    atNs: instantField(step, "at"),
    who: textField(step, "who"),
    where: textField(step, "where"),
  }));
  return [barcodeField(object), steps];
}

/** What may follow. Back to onsite is open to a tape that never left; a recalled one comes by a courier or is just there. */
const nextStates: Readonly<Record<VaultState, readonly VaultState[]>> = {
  onsite: ["ejected"],
  ejected: ["in-transit", "onsite"],
  "in-transit": ["vault", "onsite"],
  vault: ["recalled"],
  recalled: ["in-transit", "onsite"],
};

export function lastStep(record: VaultRecord, barcode: Barcode): VaultStep | undefined {
  return record.get(barcode)?.at(-1);
}

export function vaultStateOf(record: VaultRecord, barcode: Barcode): VaultState {
  return lastStep(record, barcode)?.state ?? "onsite";
}

/** Whether a tape is on its way back, or there is nothing to say against it being here. */
export function isOnsite(record: VaultRecord, barcode: Barcode): boolean {
  return vaultStateOf(record, barcode) === "onsite";
}

/** The record with one more step. Throws `methods.tape-vault-step` where it cannot follow. */
export function withStep(
  record: VaultRecord,
  { barcode, step }: { readonly barcode: Barcode; readonly step: VaultStep },
): VaultRecord {
  const before = vaultStateOf(record, barcode);
  if (!nextStates[before].includes(step.state)) {
    const allowed = nextStates[before].join(" or ");
    throw tapeError(
      "methods.tape-vault-step",
      `Cannot note that tape ${barcode} is ${step.state}: it is ${before}, and then comes ${allowed}`,
      { hint: "Note the steps that were left out, in their order." },
    );
  }
  return new Map([...record, [barcode, [...(record.get(barcode) ?? []), step]]]);
}
