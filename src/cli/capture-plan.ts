import { displayPath, type Image, type RawPath, rawPathFromText, type ServerFacts } from "#image";
import { type MailAccount, openMailStore } from "#mail";
import { cloneRotation, deltaRotation, intervalMsOf, type Rotation } from "#methods";
import {
  type ConfiguredVolume,
  type HotSplitConfig,
  isWithin,
  matchesMailbox,
  type ServerConfig,
} from "#policy";
import type { Command } from "#servers";
import { resolve } from "node:path";
import { alsoPlans } from "./also-protect.ts";
import { CliError } from "./cli-error.ts";
import type { CommandContext } from "./command.ts";
import { type CopyPlace, copyPlace, namedPlace } from "./copy-access.ts";
import {
  diskMethod,
  kindOfMethod,
  methodAt,
  methodNamed,
  type MethodWords,
  takenBy,
  takeOrder,
} from "./methods/index.ts";
import { accountAddress } from "./mailbox-address.ts";
import type { Site, SiteGroup, SiteMethod } from "./site.ts";
import { foldersBeside, serverFactsOf } from "./server-places.ts";
import { safeText } from "./text.ts";

/** One mail store to capture: one walk, and a moment for each protection group in it. */
export type StorePlan = {
  readonly shown: string;
  /** Absolute. */
  readonly folder: string;
  readonly source: SourcePlan;
  /** Folders of the same store that lie elsewhere, absolute: captured in the same moment. */
  readonly beside?: readonly string[];
  /** Parts of it that the configuration gives a role. */
  readonly volumes?: readonly ConfiguredVolume[];
  /** Where the server keeps what, to be recorded with the moment. */
  readonly facts?: ServerFacts;
  readonly groups: readonly GroupPlan[];
};

export type SourcePlan =
  | { readonly kind: "live" }
  | {
      readonly kind: "offline";
      readonly stop: Command;
      readonly start: Command;
      readonly timeoutMs?: number;
    }
  | ({ readonly kind: "hot split snapshot" } & HotSplitConfig);

/** One method for one group. */
export type GroupPlan = {
  readonly name: string;
  readonly place: CopyPlace;
  readonly method: MethodWords;
  /** Of clones and delta snapshots, as the configuration says. */
  readonly rotation?: Rotation;
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
  const plans = servers.flatMap((server): readonly StorePlan[] => {
    const { name, path } = server;
    const all = site.groups.filter((group) => group.server === name);
    const wanted =
      typed === undefined || typed === name ? all : all.filter((group) => group.name === typed);
    const plan = {
      shown: name,
      folder: path,
      ...placesOfServer(server),
      source: typedSource(context, server) ?? configuredSource(server),
      groups: inTakeOrder(wanted.flatMap((group) => groupPlans(group, { context, site, all }))),
    };
    const isWhole = typed === undefined || typed === name;
    return isWhole ? [plan, ...alsoPlans(server, { context, site })] : [plan];
  });
  if (plans.some(({ groups }) => groups.length > 0))
    return plans.filter(({ groups }) => groups.length > 0);
  const meant = site.groups.filter(
    ({ name, server }) => typed === undefined || typed === server || typed === name,
  );
  const method = typedMethod(context);
  if (meant.length > 0 && method !== undefined)
    throw new CliError(
      "cli.nothing-matched",
      `Cannot capture ${meant.map(({ name }) => `"${safeText(name)}"`).join(", ")} by ${method}: its tier has no such method`,
      {
        hint: `It has ${[...new Set(meant.flatMap(({ methods }) => methods.map((one) => one.method)))].join(", ")}.`,
      },
    );
  throw new CliError(
    "cli.nothing-matched",
    `Cannot capture "${safeText(typed ?? "")}": it is no server, no line of business and no folder`,
    {
      hint: `There are ${site.groups.map(({ name }) => safeText(name)).join(", ")}.`,
    },
  );
}

/** What the configuration says of where a server's mail lies. */
export function placesOfServer(
  server: ServerConfig,
): Pick<StorePlan, "beside" | "volumes" | "facts"> {
  const beside = foldersBeside(server);
  const facts = serverFactsOf(server);
  return {
    beside,
    volumes: server.volumes,
    ...(facts === undefined ? {} : { facts }),
  };
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
    groups: [
      {
        name: context.arguments.text("group") ?? folder,
        ...typedPlan(copyPlace(context, site), { context, site }),
      },
    ],
  };
}

function typedMethod({ arguments: typed }: CommandContext): MethodWords | undefined {
  const text = typed.text("method");
  return text === undefined ? undefined : methodNamed(text);
}

/** The method of a copy that no tier fills: as typed, else as what lies there says. */
function typedPlan(
  place: CopyPlace,
  { context, site }: Planning,
): Pick<GroupPlan, "place" | "method"> {
  const isRepository = site.copies.includes(place);
  const method = takenBy(typedMethod(context) ?? (isRepository ? diskMethod : methodAt(place)));
  const kind = kindOfMethod(method);
  const known = isRepository ? "repository" : place.kind;
  if (known !== undefined && known !== kind)
    throw new CliError(
      "cli.usage",
      `Cannot take a ${method} into "${safeText(place.name)}": it is of kind ${known}`,
      { hint: "Name another copy, or leave --method out." },
    );
  return { place: isRepository ? place : { ...place, kind }, method };
}

/** A frozen image goes through all methods of its store; those that may keep its folder come last. */
function inTakeOrder(plans: readonly GroupPlan[]): readonly GroupPlan[] {
  return plans.toSorted((a, b) => takeOrder(a.method) - takeOrder(b.method));
}

export function configuredSource(server: ServerConfig): SourcePlan {
  const { dataSource, stop, start, stopTimeLimitMs: timeoutMs } = server;
  switch (dataSource) {
    case "live application":
      return { kind: "live" };
    case "offline":
      if (stop === undefined || start === undefined)
        throw new Error(`server ${server.name} is offline without commands`);
      return { kind: "offline", stop, start, timeoutMs };
    case "hot split snapshot":
      return { kind: "hot split snapshot", ...(server.hotSplit ?? usualSplit) };
  }
}

const usualSplit: HotSplitConfig = { validate: "reader", repeat: 5 };

/** Every method of the tier, or the one that --method names; with --copy those that fill that copy. */
function groupPlans(
  group: SiteGroup,
  { context, site, all }: Planning & { readonly all: readonly SiteGroup[] },
): readonly GroupPlan[] {
  const part = groupPart(group, all);
  const typed = typedMethod(context);
  const isWanted = ({ method }: SiteMethod): boolean => typed === undefined || method === typed;
  if (context.arguments.has("copy")) {
    const place = copyPlace(context, site);
    const filling = group.methods.filter(
      ({ copy, folder }) => copy === place.name || folder === place.folder,
    );
    if (filling.length === 0) return [{ ...part, ...typedPlan(place, { context, site }) }];
    return filling
      .filter(isWanted)
      .map((method) => ({ ...part, ...methodPlan(method, { context, site }) }));
  }
  return group.methods
    .filter(isWanted)
    .map((method) => ({ ...part, ...methodPlan(method, { context, site }) }));
}

function methodPlan(
  { method, copy, images, everyMs }: SiteMethod,
  { context, site }: Planning,
): Pick<GroupPlan, "place" | "method" | "rotation"> {
  const place = namedPlace(copy, { context, site });
  if (kindOfMethod(method) !== "replicas") return { place, method: takenBy(method) };
  const usual = usualRotation(method);
  const count = images ?? usual.count;
  return { place, method, rotation: { count, windowMs: count * (everyMs ?? intervalMsOf(usual)) } };
}

function usualRotation(method: MethodWords): Rotation {
  return method === "rotation of clones" ? cloneRotation : deltaRotation;
}

type Planning = { readonly context: CommandContext; readonly site: Site };

/** A group by its name, with what tells its mailboxes from those of the server's others. */
export function groupPart(
  group: SiteGroup,
  all: readonly SiteGroup[],
): Pick<GroupPlan, "name" | "has"> {
  return { name: group.name, ...partOf(group, all) };
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

function typedSource(
  { arguments: typed }: CommandContext,
  server?: ServerConfig,
): SourcePlan | undefined {
  const kind =
    typed.text("data-source") ?? (typed.has("stop") || typed.has("start") ? "offline" : undefined);
  const stop = typed.text("stop");
  const start = typed.text("start");
  if (kind === undefined) return undefined;
  if (kind === "live" && stop === undefined && start === undefined) return { kind: "live" };
  if (kind === "offline" && stop !== undefined && start !== undefined)
    return { kind: "offline", stop, start };
  if (kind === "hot-split" && stop === undefined && start === undefined)
    return { kind: "hot split snapshot", ...(server?.hotSplit ?? usualSplit) };
  if (kind === "live" || kind === "hot-split")
    throw new CliError(
      "cli.usage",
      `Cannot capture ${kind} with --stop or --start: nothing is stopped then`,
      { hint: "Say --data-source offline." },
    );
  if (kind === "offline")
    throw new CliError("cli.usage", "Cannot capture offline without both --stop and --start", {
      hint: 'For example --stop "systemctl stop dovecot" --start "systemctl start dovecot".',
    });
  throw new CliError(
    "cli.usage",
    `Cannot capture from the data source "${safeText(kind)}": there are live, offline and hot-split`,
    { hint: "See `restante help capture`." },
  );
}

/** The mailboxes of a store that are not the group's. */
export async function foldersOfOthers(
  image: Image,
  { has, root }: { readonly has: GroupPlan["has"]; readonly root: RawPath },
): Promise<ReadonlySet<RawPath>> {
  if (has === undefined) return new Set();
  const { accounts } = await openMailStore(image);
  return othersAmong(accounts, { has, root });
}

export function othersAmong(
  accounts: readonly MailAccount[],
  { has, root }: { readonly has: (address: string) => boolean; readonly root: RawPath },
): ReadonlySet<RawPath> {
  const own = (account: MailAccount): boolean => has(accountAddress(account, root));
  // Owners of one spool share its folder: it stays where any of them is the group's.
  const kept = new Set(accounts.filter(own).map((account) => account.root));
  const others = accounts.filter(({ root: path }) => path !== "" && !kept.has(path));
  // What lies apart of theirs is theirs too, as long as nobody else has it.
  const shared = new Set(accounts.filter(own).flatMap(({ alsoIn = [] }) => alsoIn));
  const apart = others.flatMap(({ alsoIn = [] }) => alsoIn).filter((path) => !shared.has(path));
  return new Set([...others.map((account) => account.root), ...apart]);
}

type Places = Pick<StorePlan, "folder" | "beside">;

/** All folders of the store, the one of the messages first. */
export function foldersOfPlan({ folder, beside = [] }: Places): readonly string[] {
  return [folder, ...beside];
}

/** What the root of the store's Image stands for. */
export function rootOfPlan({ folder, beside = [] }: Places): string {
  return beside.length === 0 ? folder : "/";
}

/** A copy within the store that it protects would capture itself, and die with it. */
export function refuseCopyWithin(plan: StorePlan): void {
  for (const { place } of plan.groups) {
    const folder = foldersOfPlan(plan).find((one) => isWithin(place.folder, one));
    if (folder === undefined) continue;
    throw new CliError(
      "cli.usage",
      `Cannot capture "${safeText(folder)}" to ${displayPath(rawPathFromText(place.folder))}: the copy lies within the mail store`,
      {
        hint: "Keep the copy elsewhere, best on another disk.",
      },
    );
  }
}
