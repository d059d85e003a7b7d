import { access, constants } from "node:fs/promises";
import { resolve } from "node:path";
import { systemErrorCode } from "#errors";
import type {
  Config,
  CopyConfig,
  DisasterConfig,
  OperationalConfig,
  RetentionRule,
  ShrinkAlarmOptions,
} from "#policy";
import { tagValue } from "#repository";
import { assertZone } from "#time";
import { CliError } from "./cli-error.ts";
import type { CommandContext } from "./command.ts";
import { configurationPlaces } from "./configuration-places.ts";
import type { CopyPlace } from "./copy-access.ts";
import { secretSource } from "./secrets.ts";
import { safeText } from "./text.ts";

/** What one run works with: a configuration as far as there is one, and plain values where there is none. */
export type Site = {
  /** Zone in which times are read and shown. */
  readonly zone: string;
  readonly config?: Config;
  readonly configurationPath?: string;
  /** Repositories of the configuration, of both layers. Replicas and tapes are with the groups that fill them. */
  readonly copies: readonly CopyPlace[];
  /** Protection groups of the configuration. */
  readonly groups: readonly SiteGroup[];
  /** When expiry stops. */
  readonly alarm: ShrinkAlarmOptions;
};

export type SiteGroup = {
  /** "server/line". */
  readonly name: string;
  /** The same as the tags of its moments have it. */
  readonly tag: string;
  readonly server: string;
  readonly line: string;
  readonly mailboxPatterns: readonly string[];
  /** Every way of operational recovery of its tier, the preferred first. */
  readonly methods: readonly SiteMethod[];
  readonly disaster?: SiteDisaster;
  /** Of its first backup to disk; where it has none, of its first method: name of the copy. */
  readonly copy: string;
  /** What the tier promises: its first method that promises anything. */
  readonly loseAtMostMs?: number;
  readonly backWithinMs?: number;
  /** What is kept in `copy`. In another copy it is another rule: ask `retentionOf`. */
  readonly keep: readonly RetentionRule[];
};

/** The copy that a method fills, and where it lies: a folder, or a URL. */
type Filling = { readonly filled: CopyConfig; readonly folder: string };

export type SiteMethod = OperationalConfig & Filling;

export type SiteDisaster = DisasterConfig &
  Filling & {
    /** The copy of the operational layer that feeds it. */
    readonly source: CopyConfig;
  };

export async function openSite(context: CommandContext): Promise<Site> {
  const { arguments: typed, surroundings, output } = context;
  const path = await configurationPath(context);
  const zoneTyped = typed.text("zone");
  if (path === undefined)
    return {
      zone: checkedZone(zoneTyped ?? surroundings.timeZone),
      copies: [],
      groups: [],
      alarm: {},
    };
  // The policy room is loaded only where there is something to read.
  const [policy, { readConfiguration }] = await Promise.all([
    import("#policy"),
    import("./configuration.ts"),
  ]);
  const config = await readConfiguration(path, {
    output,
    timeZone: surroundings.timeZone,
    signal: surroundings.signal,
  });
  return {
    zone: checkedZone(zoneTyped ?? config.timeZone),
    config,
    configurationPath: path,
    alarm: { thresholdPercent: config.alarm.shrinkPercent },
    copies: config.copies.flatMap((copy): CopyPlace[] => {
      if (copy.kind !== "repository") return [];
      return [
        {
          name: copy.name,
          folder: policy.copyLocationText(copy.location),
          reach: copy.layer === "operational" ? "at-hand" : "near",
          passwordSource: secretSource(copy.key, surroundings),
        },
      ];
    }),
    groups: siteGroups(config, policy),
  };
}

/** The policy room, loaded by then. */
type Policy = Pick<
  typeof import("#policy"),
  "protectionGroups" | "findTier" | "findCopy" | "copyLocationText"
>;

/** Protection groups of a configuration with all that protects them. */
function siteGroups(config: Config, policy: Policy): readonly SiteGroup[] {
  return policy.protectionGroups(config).flatMap(({ tier: tierName, ...group }): SiteGroup[] => {
    const tier = policy.findTier(config, tierName);
    if (tier === undefined) return [];
    const methods = tier.operational.flatMap((method): SiteMethod[] => {
      const filled = policy.findCopy(config, method.copy);
      if (filled === undefined) return [];
      return [{ ...method, filled, folder: policy.copyLocationText(filled.location) }];
    });
    const main = methods.find(({ method }) => method === "backup to disk") ?? methods[0];
    if (main === undefined) return [];
    const disaster = siteDisaster(tier.disaster, { config, policy });
    const loseAtMostMs = methods.find((method) => method.loseAtMostMs !== undefined)?.loseAtMostMs;
    const backWithinMs = methods.find((method) => method.backWithinMs !== undefined)?.backWithinMs;
    return [
      {
        ...group,
        tag: tagValue(group.name),
        methods,
        ...(disaster === undefined ? {} : { disaster }),
        copy: main.copy,
        ...(loseAtMostMs === undefined ? {} : { loseAtMostMs }),
        ...(backWithinMs === undefined ? {} : { backWithinMs }),
        keep: main.keep,
      },
    ];
  });
}

function siteDisaster(
  disaster: DisasterConfig | undefined,
  { config, policy }: { readonly config: Config; readonly policy: Policy },
): SiteDisaster | undefined {
  if (disaster === undefined) return undefined;
  const filled = policy.findCopy(config, disaster.copy);
  const source = policy.findCopy(config, disaster.from);
  if (filled === undefined || source === undefined) return undefined;
  return { ...disaster, filled, source, folder: policy.copyLocationText(filled.location) };
}

/** What a repository is filled and thinned by. */
export type PlaceRules = {
  readonly loseAtMostMs?: number;
  readonly keep: readonly RetentionRule[];
};

/**
 * The rules of a group in one of its copies, by name or by where it lies: a vault has rules of its own.
 * A copy that the group's tier does not fill has those of its `copy`.
 */
export function rulesOf(group: SiteGroup, place: Pick<CopyPlace, "name" | "folder">): PlaceRules {
  const { methods, disaster } = group;
  const filling = [...methods, ...(disaster === undefined ? [] : [disaster])];
  const isThere = ({ copy, folder }: SiteMethod | SiteDisaster): boolean =>
    copy === place.name || folder === place.folder;
  return filling.find(isThere) ?? group;
}

/** The configuration that --config names, or the first that is in its usual place. */
export async function configurationPath({
  arguments: typed,
  surroundings,
  output,
}: CommandContext): Promise<string | undefined> {
  if (typed.has("no-config")) return undefined;
  const named = typed.text("config");
  const places = named === undefined ? configurationPlaces : [named];
  for (const place of places) {
    const path = resolve(surroundings.workingFolder, place);
    try {
      await access(path, constants.R_OK);
      return path;
    } catch (cause) {
      if (named === undefined) {
        // Another user's configuration must not stand in the way of a run that names everything itself.
        if (systemErrorCode(cause) === "EACCES")
          output.note(`${path} is there, but may not be read: going on without it`);
        continue;
      }
      throw new CliError(
        "cli.no-configuration",
        `Cannot read the configuration "${safeText(named)}": there is no such file that can be read`,
        {
          hint: "Name another, or write one with `restante config generate --config FILE`.",
          cause,
        },
      );
    }
  }
  return undefined;
}

function checkedZone(zone: string): string {
  assertZone(zone);
  return zone;
}
