import type { ServerConfig } from "#policy";
import { isWithin } from "#policy";
import type { GroupPlan, StorePlan } from "./capture-plan.ts";
import type { CommandContext } from "./command.ts";
import { namedPlace } from "./copy-access.ts";
import { diskMethod, takenBy } from "./methods/index.ts";
import { foldersOf } from "./server-places.ts";
import type { Site, SiteGroup } from "./site.ts";

/** The group that a folder beside a server's store is filed under: "mx1:/etc/dovecot". No line's name has a colon. */
export function alsoGroupName(server: string, folder: string): string {
  return `${server}:${folder}`;
}

/** The server's group whose rules hold for a group of `alsoGroupName`; undefined of any other name. */
export function groupOfAlso(site: Site, tag: string): SiteGroup | undefined {
  return site.groups.find(({ server }) => tag.startsWith(`${server}:/`));
}

/** A configured group by the tag of its moments, or the one whose rules hold for a folder beside its store. */
export function ruledGroup(site: Site, tag: string): SiteGroup | undefined {
  return site.groups.find((group) => group.tag === tag) ?? groupOfAlso(site, tag);
}

/**
 * Folders that the configuration says belong to a server and lie outside its store: each is captured
 * as it is, into every repository that the server's lines of business fill.
 */
export function alsoPlans(
  { name, alsoProtect, ...places }: Pick<ServerConfig, "name" | "path" | "volumes" | "alsoProtect">,
  { context, site }: { readonly context: CommandContext; readonly site: Site },
): readonly StorePlan[] {
  const copies = copiesOf(name, { context, site });
  return alsoProtect.folders
    .filter((folder) => !foldersOf(places).some((one) => isWithin(folder, one)))
    .map((folder) => ({
      shown: alsoGroupName(name, folder),
      folder,
      source: { kind: "live" },
      groups: copies.map((copy): GroupPlan => ({
        name: alsoGroupName(name, folder),
        place: namedPlace(copy, { context, site }),
        method: diskMethod,
      })),
    }));
}

/** Clones, delta snapshots and tapes hold stores; what stands beside them is kept in repositories. */
function copiesOf(
  server: string,
  { context, site }: { readonly context: CommandContext; readonly site: Site },
): readonly string[] {
  const typedCopy = context.arguments.text("copy");
  const typedMethod = context.arguments.text("method");
  if (typedMethod !== undefined && typedMethod !== "disk" && typedMethod !== diskMethod) return [];
  const copies = site.groups
    .filter((group) => group.server === server)
    .flatMap(({ methods }) => methods)
    .filter(
      ({ method, copy }) => takenBy(method) === diskMethod && [undefined, copy].includes(typedCopy),
    )
    .map(({ copy }) => copy);
  return [...new Set(copies)];
}
