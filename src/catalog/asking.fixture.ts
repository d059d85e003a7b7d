/** Filling and asking catalogs, as the contract's tests do. */
import type { Image } from "#image";
import type { Catalog, FindOptions, FoundMessage } from "./catalog.ts";
import { fillCatalog, type FillResult } from "./fill/fill-catalog.ts";
import { parseQuery } from "./query/parse-query.ts";
import { firstNs, type MomentAt, momentOf, opener, type StoredBox } from "./stores.fixture.ts";

/** An empty catalog, made anew for each call. */
export type MakeCatalog = () => Promise<Catalog>;

const now = firstNs + 86_400_000_000_000n;
export const query = (text: string): ReturnType<typeof parseQuery> =>
  parseQuery(text, { now, zone: "UTC" });

export async function fill(
  catalog: Catalog,
  moments: readonly (MomentAt & { readonly id?: number })[],
  wrap?: (image: Image) => Image,
): Promise<FillResult> {
  const numbered = moments.map((moment, index) => ({ moment, number: moment.id ?? index + 1 }));
  const byId = new Map(numbered.map(({ moment, number }) => [`moment${number}`, moment]));
  return await fillCatalog(catalog, {
    moments: numbered.map(({ number }) => momentOf(number)),
    open: opener(byId, wrap),
    workers: 0,
  });
}

export async function find(
  catalog: Catalog,
  text: string,
  options: FindOptions = {},
): Promise<readonly FoundMessage[]> {
  return (await catalog.find(query(text), options)).messages;
}

export async function subjects(
  catalog: Catalog,
  text: string,
  options?: FindOptions,
): Promise<string[]> {
  return (await find(catalog, text, options)).map(({ subject }) => subject.split(" ")[1] ?? "");
}

export const mail = (...numbers: readonly number[]): StoredBox =>
  numbers.map((number) => ({ number }));
