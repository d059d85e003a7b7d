/**
 * Words of the configuration that Restante knows and does not have yet. Whoever writes one is told so.
 * What would protect mail is an error, for a file that promises protection must not seem to give it;
 * what only reports or estimates is a warning.
 */
export type LaterWord = { readonly severity: "error" | "warning" };

const error: LaterWord = { severity: "error" };
const warning: LaterWord = { severity: "warning" };

/** By path, where "*" stands for a name. */
const laterKeys: ReadonlyMap<string, LaterWord> = new Map([
  ["tell", warning],
  ["prove_it.drill", warning],
  ["servers.*.host", error],
  ["copies.*.cannot_be_deleted_for", error],
]);

const laterValues: ReadonlyMap<string, readonly string[]> = new Map([
  ["servers.*.type", ["imap", "jmap", "exchange", "domino"]],
  [
    "servers.*.data_source",
    [
      "backup API",
      "application-integrated snapshot",
      "live application: object level",
      "live application: disk-write level",
    ],
  ],
  ["tiers.*.operational.method", ["disk-disk-tape", "virtual tape"]],
  [
    "tiers.*.disaster.method",
    [
      "remote vaulting",
      "duplicate backup copies to tape",
      "remote mirrors",
      "remote snapshots",
      "protected continuous data protection",
    ],
  ],
]);

/** Whether a key belongs to a later version; `place` is its path with "*" for names. */
export function laterKey(place: string): LaterWord | undefined {
  return laterKeys.get(place);
}

export function isLaterValue(place: string, value: string): boolean {
  return (
    laterValues.get(place)?.some((word) => word.toLowerCase() === value.toLowerCase()) ?? false
  );
}

const namedMaps = new Set(["servers", "copies", "tiers", "lines_of_business"]);

/** "servers.mx1.type" → "servers.*.type"; the entries of a list are where the list is. */
export function placeOf(path: readonly (string | number)[]): string {
  return path
    .filter((step) => typeof step === "string")
    .map((step, index) => (index === 1 && namedMaps.has(String(path[0])) ? "*" : step))
    .join(".");
}
