/** What files are called on tape: in their labels (17 characters), and as members of the index's archive. */
export const readmeIdentifier = "RESTANTE.README";
export const readmeName = "RESTANTE-README.txt";

export type TapeFileKind = "readme" | "data" | "index";

/** `RT1A2B3C4D.D00001`: the set's first eight digits, data or index, which of them. */
export function fileIdentifierOf(
  kind: "data" | "index",
  { set, number }: { readonly set: string; readonly number: number },
): string {
  const digits = String(number % 100_000).padStart(5, "0");
  return `RT${set.slice(0, 8).toUpperCase()}.${kind === "data" ? "D" : "I"}${digits}`;
}

export type NamedFile = {
  readonly kind: TapeFileKind;
  /** First eight digits of the set's ID, "" of the README. */
  readonly setStart: string;
};

/** Undefined where the file is not one of ours. */
export function parseFileIdentifier(identifier: string): NamedFile | undefined {
  if (identifier === readmeIdentifier) return { kind: "readme", setStart: "" };
  const match = /^RT([0-9A-F]{8})\.([DI])\d{5}$/.exec(identifier);
  if (match === null) return undefined;
  const kind = match[2] === "D" ? "data" : "index";
  return { kind, setStart: (match[1] as string).toLowerCase() };
}

export function manifestName(set: string): string {
  return `.restante/${set}/manifest.json`;
}

export function pieceName(set: string, number: number): string {
  return `.restante/${set}/members-${String(number).padStart(5, "0")}.jsonl`;
}
