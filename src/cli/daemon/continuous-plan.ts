import { resolve } from "node:path";
import { journalFolderName } from "#journal";
import { partsByFacts } from "#mail";
import {
  copyLocationText,
  type DeliveryStageConfig,
  type HintsConfig,
  isWithin,
  type OperationalConfig,
  parseAlarmRule,
  type RetentionRule,
  type ServerConfig,
} from "#policy";
import { tagValue } from "#repository";
import type { SignalWatchOptions } from "#signals";
import { parseDuration } from "#time";
import {
  configuredSource,
  foldersOfPlan,
  groupPart,
  placesOfServer,
  refuseCopyWithin,
  type StorePlan,
} from "../capture-plan.ts";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { copyPlace, namedPlace } from "../copy-access.ts";
import { diskMethod } from "../methods/index.ts";
import type { Site } from "../site.ts";
import { safeText } from "../text.ts";
import { journalFolderOf } from "./journal-folder-of.ts";
import { typedHints } from "./typed-hints.ts";

/** One group that is followed: how its bases are taken, and where its journal lies. */
export type ContinuousPlan = {
  /** As the moments of the group have it. */
  readonly tag: string;
  /** How a base is taken: one store, one group. */
  readonly base: StorePlan;
  readonly journalFolder: string;
  /** Where the journal is mirrored as it grows: a folder, or ssh://user@host/folder. */
  readonly journalMirror?: string;
  readonly baseEveryMs: number;
  /** What its rules keep; none of a folder that was typed: everything. */
  readonly keep: readonly RetentionRule[];
  readonly signals: SignalWatchOptions;
  /** Who else tells of changes. */
  readonly hints?: HintsConfig;
  readonly server?: ServerConfig;
  readonly deliveryStage?: DeliveryStageConfig;
};

const usualRule = "more than 20% of a mailbox disappears within 10 minutes";

/** What `restante daemon [FOLDER]` means. */
export function planContinuous(context: CommandContext, site: Site): readonly ContinuousPlan[] {
  const [typed] = context.arguments.positionals;
  const hints = typedHints(context);
  const plans =
    typed === undefined
      ? configuredPlans(context, site)
      : [{ ...folderPlan(context, site), ...(hints === undefined ? {} : { hints }) }];
  for (const { base, journalFolder } of plans) {
    refuseCopyWithin(base);
    const around = foldersOfPlan(base).find((one) => isWithin(journalFolder, one));
    if (around !== undefined)
      throw new CliError(
        "cli.usage",
        `Cannot follow "${safeText(around)}": its journal would lie within it, in "${safeText(journalFolder)}"`,
        { hint: "Keep the journal elsewhere, best on another disk: --journal DIR." },
      );
  }
  return plans;
}

function folderPlan(context: CommandContext, site: Site): ContinuousPlan {
  const { arguments: typed, surroundings } = context;
  const folder = resolve(surroundings.workingFolder, typed.positionals[0] ?? ".");
  const name = typed.text("group") ?? folder;
  const rule = typed.text("alarm-if") ?? usualRule;
  const alarm = parseAlarmRule(rule);
  if (alarm === undefined)
    throw new CliError("cli.usage", `Cannot raise an alarm if "${safeText(rule)}"`, {
      hint: `Write it like: ${usualRule}.`,
    });
  const tag = tagValue(name);
  return {
    tag,
    base: {
      shown: typed.positionals[0] ?? folder,
      folder,
      source: { kind: "live" },
      groups: [{ name, place: copyPlace(context, site), method: diskMethod }],
    },
    journalFolder: journalFolderOf(tag, { context }),
    baseEveryMs: parseDuration(typed.text("every") ?? "1 day"),
    keep: [],
    signals: signalsOf(alarm),
  };
}

function configuredPlans(context: CommandContext, site: Site): readonly ContinuousPlan[] {
  const { config } = site;
  const wanted = context.arguments.text("group");
  return site.groups.flatMap((group): readonly ContinuousPlan[] => {
    const server = config?.servers.find(({ name }) => name === group.server);
    const method = group.methods.find((one) => one.method === "continuous data protection");
    if (config === undefined || server === undefined || method === undefined) return [];
    if (wanted !== undefined && wanted !== group.name && wanted !== group.tag) return [];
    const place = namedPlace(method.copy, { context, site });
    const all = site.groups.filter((one) => one.server === group.server);
    const { deliveryStage, hints } = server;
    return [
      {
        tag: group.tag,
        base: {
          shown: group.name,
          folder: server.path,
          ...placesOfServer(server),
          source: configuredSource(server),
          groups: [{ ...groupPart(group, all), place, method: diskMethod }],
        },
        journalFolder: journalFolderOf(group.tag, { context, configured: method.journalPath }),
        baseEveryMs: method.everyMs ?? parseDuration("1 day"),
        keep: method.keep,
        ...mirrorOf(group.tag, method),
        signals: { ...signalsOf(config.alarm), ...accountsOf(server) },
        server,
        ...(hints === undefined ? {} : { hints }),
        ...(deliveryStage === undefined ? {} : { deliveryStage }),
      },
    ];
  });
}

/** Each group has a folder of its own in it, as it has among the journals. */
function mirrorOf(
  tag: string,
  { journalMirror }: Pick<OperationalConfig, "journalMirror">,
): Pick<ContinuousPlan, "journalMirror"> {
  if (journalMirror === undefined) return {};
  return { journalMirror: `${copyLocationText(journalMirror)}/${journalFolderName(tag)}` };
}

/** What lies apart of an account is the account's. */
function accountsOf(server: ServerConfig): Pick<SignalWatchOptions, "accountOf"> {
  const { facts } = placesOfServer(server);
  if (facts === undefined) return {};
  const partsOf = partsByFacts(facts);
  return { accountOf: (path) => partsOf(path)?.mail ?? path };
}

function signalsOf(rule: {
  readonly shrinkPercent: number;
  readonly of?: "mailbox" | "group";
  readonly withinMs?: number;
}): SignalWatchOptions {
  const { shrinkPercent: percent, of, withinMs } = rule;
  return {
    percent,
    ...(of === undefined ? {} : { of }),
    ...(withinMs === undefined ? {} : { withinMs }),
  };
}
