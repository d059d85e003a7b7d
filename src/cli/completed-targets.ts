import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { openKnownCatalog } from "#catalog";
import { placedAccounts } from "./find-scope.ts";
import { cacheFolder } from "./folders.ts";
import type { Site } from "./site.ts";
import type { Surroundings } from "./terminal.ts";
import { safeText } from "./text.ts";

/** A shell shows no more than that with any use. */
const longestList = 500;

/**
 * What a TARGET may go on as: servers and lines of business of the configuration, mailboxes and their
 * folders as the catalogs on this machine know them. No copy is opened and no password asked for.
 */
export async function completedTargets(
  typed: string,
  { site, surroundings }: { readonly site: Site; readonly surroundings: Surroundings },
): Promise<readonly string[]> {
  const names = new Set<string>();
  for (const { name } of site.config?.servers ?? []) names.add(name);
  for (const { name } of site.groups) names.add(name);
  for (const folder of await catalogFolders(surroundings))
    for (const name of await knownNames(folder, typed)) names.add(name);
  return [...names]
    .filter((name) => name.startsWith(typed) && name === safeText(name))
    .toSorted()
    .slice(0, longestList);
}

async function catalogFolders({ environment }: Surroundings): Promise<readonly string[]> {
  const all = join(cacheFolder(environment), "catalog");
  const names = await readdir(all).catch(() => []);
  return names.map((name) => join(all, name));
}

/** Mailboxes; folders of one once its name and a slash were typed. */
async function knownNames(folder: string, typed: string): Promise<readonly string[]> {
  await using catalog = openKnownCatalog(folder);
  if (catalog === undefined) return [];
  const placed = await placedAccounts(catalog);
  const addresses = [...placed.values()].map(({ address }) => address);
  if (!addresses.some((address) => typed.startsWith(`${address}/`))) return addresses;
  return (await catalog.mailboxes()).flatMap(({ account, name }) => {
    const address = placed.get(account.id)?.address;
    return address === undefined ? [] : [`${address}/${name}`];
  });
}
