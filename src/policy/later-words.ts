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
  ["servers.*.mailboxes", error],
  ["servers.*.also_protect", error],
  ["servers.*.host", error],
  ["copies.*.url", error],
  ["copies.*.cannot_be_deleted_for", error],
  ["tiers.*.disaster", error],
]);

const laterValues: ReadonlyMap<string, readonly string[]> = new Map([
  [
    "servers.*.type",
    [
      "courier",
      "cyrus",
      "mbox",
      "sdbox",
      "mdbox",
      "postfix",
      "exim",
      "sendmail",
      "imap",
      "jmap",
      "exchange",
      "domino",
    ],
  ],
  [
    "servers.*.data_source",
    [
      "backup API",
      "hot split snapshot",
      "application-integrated snapshot",
      "live application: object level",
      "live application: disk-write level",
    ],
  ],
  ["copies.*.layer", ["disaster"]],
  [
    "tiers.*.operational.method",
    [
      "backup to tape",
      "disk-disk-tape",
      "virtual tape",
      "rotation of clones",
      "rotation of delta snapshots",
      "continuous data protection",
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

/** "servers.mx1.type" → "servers.*.type". */
export function placeOf(path: readonly (string | number)[]): string {
  return path
    .map((step, index) => (index === 1 && namedMaps.has(String(path[0])) ? "*" : String(step)))
    .join(".");
}
