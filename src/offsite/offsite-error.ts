import { RecoveryError } from "#errors";

/** What an option of disaster recovery cannot do. Codes: docs/errors.md, "offsite". */
export class OffsiteError extends RecoveryError {}

export function momentGoneThere(id: string, name: string): OffsiteError {
  return new OffsiteError(
    "offsite.moment-gone",
    `Cannot open moment ${id.slice(0, 8)} of "${name}": it was removed meanwhile`,
    { hint: "List the moments again and choose another." },
  );
}

export function momentGoneHere(id: string, name: string): OffsiteError {
  return new OffsiteError(
    "offsite.nothing-to-send",
    `Cannot send moment ${id.slice(0, 8)} of "${name}": it was removed meanwhile`,
    { hint: "List the moments again; the others were not affected." },
  );
}
