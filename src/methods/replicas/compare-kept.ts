import type { RawPath } from "#image";
import type { KeptEntry } from "./kept-listing.ts";

export type Difference = { readonly path: RawPath; readonly message: string };

export type CompareOptions = {
  /** How far two times may lie apart: what Node can set is exact to the microsecond. Default 0n. */
  readonly mtimeToleranceNs?: bigint;
  /** Whether owners count: only root can give them. Default true. */
  readonly owners?: boolean;
};

/** What two walks of the same order do not have in common. */
export async function* compareKept(
  expected: AsyncIterable<KeptEntry>,
  found: AsyncIterable<KeptEntry>,
  options: CompareOptions = {},
): AsyncGenerator<Difference, void, undefined> {
  const [left, right] = [expected[Symbol.asyncIterator](), found[Symbol.asyncIterator]()];
  try {
    let [a, b] = [await next(left), await next(right)];
    while (a !== undefined || b !== undefined) {
      const order = a === undefined ? 1 : b === undefined ? -1 : comparePaths(a.path, b.path);
      if (order < 0) {
        yield { path: (a as KeptEntry).path, message: "It is gone." };
        a = await next(left);
      } else if (order > 0) {
        yield { path: (b as KeptEntry).path, message: "It was not there." };
        b = await next(right);
      } else {
        const message = differenceOf(a as KeptEntry, b as KeptEntry, options);
        if (message !== undefined) yield { path: (a as KeptEntry).path, message };
        [a, b] = [await next(left), await next(right)];
      }
    }
  } finally {
    await left.return?.();
    await right.return?.();
  }
}

async function next(entries: AsyncIterator<KeptEntry>): Promise<KeptEntry | undefined> {
  const { value, done } = await entries.next();
  return done === true ? undefined : value;
}

/** The order of a walk: a folder before what it holds, names by their bytes. */
export function comparePaths(a: RawPath, b: RawPath): number {
  const [first, second] = [a.split("/"), b.split("/")];
  for (let index = 0; index < Math.min(first.length, second.length); index++) {
    const [one, two] = [first[index] as string, second[index] as string];
    if (one !== two) return one < two ? -1 : 1;
  }
  return first.length - second.length;
}

function differenceOf(
  a: KeptEntry,
  b: KeptEntry,
  { mtimeToleranceNs = 0n, owners = true }: CompareOptions,
): string | undefined {
  if (a.type !== b.type) return `It is a ${b.type}, and was a ${a.type}.`;
  if (a.linkTarget !== b.linkTarget) return "It leads elsewhere.";
  if (a.sizeBytes !== b.sizeBytes) return `It has ${b.sizeBytes} bytes, and had ${a.sizeBytes}.`;
  if (a.sha256 !== "" && b.sha256 !== "" && a.sha256 !== b.sha256) return "Its bytes are others.";
  const apart = a.mtimeNs > b.mtimeNs ? a.mtimeNs - b.mtimeNs : b.mtimeNs - a.mtimeNs;
  if (apart > mtimeToleranceNs) return "Its time is another.";
  if (a.type !== "symlink" && a.mode !== b.mode) return "Its mode is another.";
  if (owners && (a.uid !== b.uid || a.gid !== b.gid)) return "Its owner is another.";
  return undefined;
}
