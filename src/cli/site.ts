import { access, constants } from "node:fs/promises";
import { resolve } from "node:path";
import { systemErrorCode } from "#errors";
import type { Config, RetentionRule, ShrinkAlarmOptions } from "#policy";
import { tagValue } from "#repository";
import { assertZone } from "#time";
import { CliError } from "./cli-error.ts";
import type { CommandContext } from "./command.ts";
import type { CopyPlace } from "./copy-access.ts";
import { secretSource } from "./secrets.ts";
import { safeText } from "./text.ts";

/** What one run works with: a configuration as far as there is one, and plain values where there is none. */
export type Site = {
  /** Zone in which times are read and shown. */
  readonly zone: string;
  readonly config?: Config;
  readonly configurationPath?: string;
  /** Copies of the configuration. */
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
  /** Name of its copy. */
  readonly copy: string;
  readonly loseAtMostMs?: number;
  readonly backWithinMs?: number;
  readonly keep: readonly RetentionRule[];
};

/** Looked for in this order where --config was not given. */
export const configurationPlaces = ["restante.yaml", "/etc/restante/config.yaml"] as const;

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
  const [{ protectionGroups, findTier }, { readConfiguration }] = await Promise.all([
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
    copies: config.copies.map(({ name, path: folder, key }) => ({
      name,
      folder,
      reach: "at-hand",
      passwordSource: secretSource(key, surroundings),
    })),
    groups: protectionGroups(config).flatMap(({ tier, ...group }) => {
      const operational = findTier(config, tier)?.operational;
      return operational === undefined
        ? []
        : [{ ...group, ...operational, tag: tagValue(group.name) }];
    }),
  };
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
