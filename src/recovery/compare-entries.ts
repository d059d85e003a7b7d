import { createHash } from "node:crypto";
import type { Entry, ExtendedAttribute, Image, RawPath } from "#image";

export type Place = { readonly image: Image; readonly path: RawPath; readonly entry: Entry };

/** "different" content, or the same content with "same" or "attributes" that differ. */
export type Comparison = "same" | "attributes" | "different";

export type CompareOptions = {
  /** Owners count, because they can be set. */
  readonly owners: boolean;
  readonly extendedAttributes: boolean;
  readonly signal: AbortSignal | undefined;
};

export async function compareEntries(
  past: Place,
  now: Place,
  options: CompareOptions,
): Promise<Comparison> {
  const a = past.entry;
  const b = now.entry;
  if (a.type !== b.type) return "different";
  if (a.type === "symlink" && a.linkTarget !== b.linkTarget) return "different";
  if (a.type === "file" && !(await haveSameBytes(past, now, options.signal))) return "different";
  if (a.type !== "symlink" && a.mode !== b.mode) return "attributes";
  if (options.owners && (a.uid !== b.uid || a.gid !== b.gid)) return "attributes";
  // A folder's time changes with whatever comes and goes in it.
  if (a.type === "file" && a.mtimeNs !== b.mtimeNs) return "attributes";
  if (!options.extendedAttributes) return "same";
  const [inPast, inNow] = await Promise.all(
    [past, now].map(({ image, path }) => image.extendedAttributes(path)),
  );
  return haveSameAttributes(inPast ?? [], inNow ?? []) ? "same" : "attributes";
}

async function haveSameBytes(
  past: Place,
  now: Place,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (past.entry.sizeBytes !== now.entry.sizeBytes) return false;
  if (past.entry.sizeBytes === 0) return true;
  const [a, b] = await Promise.all([past, now].map((place) => digestOf(place, signal)));
  return a === b;
}

async function digestOf({ image, path }: Place, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of image.read(path, signal === undefined ? {} : { signal }))
    hash.update(piece);
  return hash.digest("hex");
}

function haveSameAttributes(
  a: readonly ExtendedAttribute[],
  b: readonly ExtendedAttribute[],
): boolean {
  return (
    a.length === b.length &&
    a.every(
      ({ name, value }, index) =>
        name === b[index]?.name && Buffer.compare(value, b[index].value) === 0,
    )
  );
}
