import { resolve } from "node:path";
import type { GroupStatus } from "#daemon";
import { isWithin } from "#policy";
import { CliError } from "./cli-error.ts";
import type { CommandContext } from "./command.ts";
import type { ReadCopies } from "./methods/index.ts";
import { foldersOf } from "./server-places.ts";
import type { SiteGroup } from "./site.ts";
import { safeText } from "./text.ts";

/** Which groups a status is of. */
export type StatusScope = {
  /** Of the configuration. */
  readonly hasGroup: (group: SiteGroup) => boolean;
  /** One that a daemon follows. */
  readonly isFollowed: (group: Pick<GroupStatus, "group" | "folder">) => boolean;
};

const everything: StatusScope = { hasGroup: () => true, isFollowed: () => true };

/** Of the groups that have to do with TARGET, or of all. `found` was read for the same target. */
export function statusScope(
  found: Pick<ReadCopies, "target" | "site" | "points" | "copies">,
  context: CommandContext,
): StatusScope {
  const { target, site, points, copies } = found;
  if (target === undefined) return everything;
  const { groups, store } = target;
  if (groups !== undefined)
    return {
      hasGroup: ({ tag }) => groups.includes(tag),
      isFollowed: ({ group }) => groups.includes(group),
    };
  const tags = new Set(points.map(({ group }) => group));
  if (tags.size === 0) refuseCopy(target.shown, { copies, context });
  const serves = (folder: string): boolean => isWithin(store, folder);
  return {
    hasGroup: ({ tag, server }) =>
      tags.has(tag) ||
      (site.config?.servers ?? []).some(
        (one) => one.name === server && foldersOf(one).some(serves),
      ),
    isFollowed: ({ group, folder }) => tags.has(group) || serves(folder),
  };
}

/** Whoever names a copy means everything in it: that is what --copy says. */
function refuseCopy(
  shown: string,
  { copies, context }: Pick<ReadCopies, "copies"> & { readonly context: CommandContext },
): void {
  const path = resolve(context.surroundings.workingFolder, shown);
  if (!copies.some(({ place: { name, folder } }) => name === shown || folder === path)) return;
  throw new CliError(
    "cli.usage",
    `Cannot show the status of "${safeText(shown)}": it is a copy, and no mail store`,
    { hint: `Of all that is in it: restante status --copy ${safeText(shown)}` },
  );
}

/** Nothing at all is known of what was named. */
export function nothingKnown(shown: string): CliError {
  return new CliError(
    "cli.nothing-matched",
    `Cannot show the status of "${safeText(shown)}": no copy has a moment of it, and no daemon follows it`,
    { hint: "All groups are shown by `restante status`; take a moment with `restante capture`." },
  );
}
