import { displayPath, type Image, type RawPath, rawPathFromText } from "#image";
import { openMaildirStore } from "#mail";
import { matchesMailbox } from "#policy";
import type { Command } from "#sources";
import { resolve } from "node:path";
import { CliError } from "./cli-error.ts";
import type { CommandContext } from "./command.ts";
import { type CopyPlace, copyPlace } from "./copy-access.ts";
import { mailboxAddress } from "./mailbox-address.ts";
import { absoluteOf } from "./moment-view.ts";
import type { Site, SiteGroup } from "./site.ts";
import { safeText } from "./text.ts";

/** One mail store to capture: one walk, and a moment for each protection group in it. */
export type StorePlan = {
  readonly shown: string;
  /** Absolute. */
  readonly folder: string;
  readonly source: SourcePlan;
  readonly groups: readonly GroupPlan[];
};

export type SourcePlan =
  | { readonly kind: "live" }
  | {
      readonly kind: "offline";
      readonly stop: Command;
      readonly start: Command;
      readonly timeoutMs?: number;
    };

export type GroupPlan = {
  readonly name: string;
  readonly place: CopyPlace;
  /** Which mailboxes it has; without it all of the store. */
  readonly has?: (address: string) => boolean;
};

/** What `restante capture [TARGET]` means: a folder, a server, a line of business, or all servers. */
export function planCapture(context: CommandContext, site: Site): readonly StorePlan[] {
  const [typed] = context.arguments.positionals;
  const { config } = site;
  if (config === undefined || (typed !== undefined && /^[./~]/.test(typed)))
    return [folderPlan(context, { site, typed })];
  const servers = config.servers.filter(
    ({ name }) => typed === undefined || typed === name || typed.startsWith(`${name}/`),
  );
  const plans = servers.map(
    ({ name, path, dataSource, stop, start, stopTimeLimitMs }): StorePlan => {
      const all = site.groups.filter(({ server }) => server === name);
      const wanted =
        typed === undefined || typed === name ? all : all.filter((group) => group.name === typed);
      const configured: SourcePlan =
        dataSource === "live application"
          ? { kind: "live" }
          : { kind: "offline", stop: stop ?? [], start: start ?? [], timeoutMs: stopTimeLimitMs };
      return {
        shown: name,
        folder: path,
        source: typedSource(context) ?? configured,
        groups: wanted.map((group) => ({
          name: group.name,
          place: placeOf(group, { context, site }),
          ...partOf(group, all),
        })),
      };
    },
  );
  if (plans.some(({ groups }) => groups.length > 0)) return plans;
  throw new CliError(
    "cli.nothing-matched",
    `Cannot capture "${safeText(typed ?? "")}": it is no server, no line of business and no folder`,
    {
      hint: `There are ${site.groups.map(({ name }) => safeText(name)).join(", ")}.`,
    },
  );
}

function folderPlan(
  context: CommandContext,
  { site, typed }: { readonly site: Site; readonly typed: string | undefined },
): StorePlan {
  if (typed === undefined)
    throw new CliError("cli.usage", "Cannot capture: no folder was named", {
      hint: "Name the mail store: restante capture FOLDER --copy REPO.",
    });
  const folder = resolve(context.surroundings.workingFolder, typed);
  return {
    shown: typed,
    folder,
    source: typedSource(context) ?? { kind: "live" },
    groups: [{ name: context.arguments.text("group") ?? folder, place: copyPlace(context, site) }],
  };
}

function placeOf(
  group: SiteGroup,
  { context, site }: { readonly context: CommandContext; readonly site: Site },
): CopyPlace {
  if (context.arguments.has("copy")) return copyPlace(context, site);
  const place = site.copies.find(({ name }) => name === group.copy);
  if (place !== undefined) return place;
  throw new CliError(
    "cli.no-copy",
    `Cannot capture "${safeText(group.name)}": its copy "${safeText(group.copy)}" is not in the configuration`,
    { hint: "See `restante config validate`." },
  );
}

/** First match wins: a mailbox belongs to a group when no earlier line of the same server takes it. */
function partOf(
  group: SiteGroup,
  all: readonly SiteGroup[],
): { readonly has?: (address: string) => boolean } {
  if (all.length === 1 && group.mailboxPatterns.includes("*")) return {};
  return {
    has: (address) =>
      all.find(({ mailboxPatterns }) =>
        mailboxPatterns.some((pattern) => matchesMailbox(pattern, address)),
      )?.name === group.name,
  };
}

function typedSource({ arguments: typed }: CommandContext): SourcePlan | undefined {
  const kind =
    typed.text("data-source") ?? (typed.has("stop") || typed.has("start") ? "offline" : undefined);
  const stop = typed.text("stop");
  const start = typed.text("start");
  if (kind === undefined) return undefined;
  if (kind === "live" && stop === undefined && start === undefined) return { kind: "live" };
  if (kind === "offline" && stop !== undefined && start !== undefined)
    return { kind: "offline", stop, start };
  if (kind === "live")
    throw new CliError(
      "cli.usage",
      "Cannot capture live with --stop or --start: nothing is stopped then",
      { hint: "Say --data-source offline." },
    );
  if (kind === "offline")
    throw new CliError("cli.usage", "Cannot capture offline without both --stop and --start", {
      hint: 'For example --stop "systemctl stop dovecot" --start "systemctl start dovecot".',
    });
  throw new CliError(
    "cli.usage",
    `Cannot capture from the data source "${safeText(kind)}": there are live and offline`,
    { hint: "See `restante help capture`." },
  );
}

/** The mailboxes of a store that are not the group's. */
export async function foldersOfOthers(
  image: Image,
  { has, folder }: { readonly has: GroupPlan["has"]; readonly folder: string },
): Promise<ReadonlySet<RawPath>> {
  if (has === undefined) return new Set();
  const { accounts } = await openMaildirStore(image);
  const root = rawPathFromText(folder);
  return new Set(
    accounts
      .map((account) => account.root)
      .filter((path) => path !== "" && !has(mailboxAddress(absoluteOf(root, path)))),
  );
}

/** A copy within the store that it protects would capture itself, and die with it. */
export function refuseCopyWithin({ folder, groups }: StorePlan): void {
  for (const { place } of groups) {
    if (place.folder !== folder && !place.folder.startsWith(`${folder}/`)) continue;
    throw new CliError(
      "cli.usage",
      `Cannot capture "${safeText(folder)}" to ${displayPath(rawPathFromText(place.folder))}: the copy lies within the mail store`,
      {
        hint: "Keep the copy elsewhere, best on another disk.",
      },
    );
  }
}
