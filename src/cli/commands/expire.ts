import type { RecoveryPoint } from "#copies";
import { snapshotOf } from "#methods";
import {
  type ExpiryDecision,
  momentsToRelease,
  parseRetentionRule,
  planExpiry,
  releasedTag,
  type RetentionHold,
  type RetentionRule,
  type ShrinkAlarm,
  shrinkAlarm,
} from "#policy";
import type { Snapshot } from "#repository";
import { formatInstant } from "#time";
import { audited } from "../audit.ts";
import { CliError } from "../cli-error.ts";
import { ruledGroup } from "../also-protect.ts";
import type { CommandContext } from "../command.ts";
import { confirmed } from "../confirm.ts";
import { openCopy, type OpenCopy } from "../copy-access.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { momentJson, shortId } from "../moments.ts";
import { holdsInForce } from "../holds-in-force.ts";
import { openSite, rulesOf, type Site } from "../site.ts";
import { momentsOf, resolveTarget } from "../target.ts";
import { plural, safeText, tableText } from "../text.ts";

export async function run(context: CommandContext): Promise<ExitCode> {
  const site = await openSite(context);
  await using opened = await openCopy(context, site, { verb: "expire" });
  // What is decided about is what is there when its turn has come.
  const { now, signal } = context.surroundings;
  if (context.arguments.has("retry-lock"))
    await opened.repository.awaitTurn({ exclusive: true, now, signal });
  const all = await opened.copy.moments(undefined, signal);
  const [typed] = context.arguments.positionals;
  const target =
    typed === undefined ? undefined : await resolveTarget(typed, { context, site, points: all });
  const points = momentsOf(all, { target, group: context.arguments.text("group") });
  const groups = Map.groupBy(points, ({ group }) => group);
  if (groups.size === 0) {
    throw new CliError(
      "cli.nothing-matched",
      `Cannot expire "${safeText(typed ?? opened.place.name)}": the copy has no moments of it`,
      { hint: "See what there is with `restante moments`." },
    );
  }
  const step: Step = { context, site, opened };
  if (context.arguments.has("release")) return await release(groups, step);
  return await expire(groups, step);
}

type Step = { readonly context: CommandContext; readonly site: Site; readonly opened: OpenCopy };
type Groups = ReadonlyMap<string, readonly RecoveryPoint[]>;

/** A person looked at the newest moment and says that it is as it should be. */
async function release(groups: Groups, { context, site, opened }: Step): Promise<ExitCode> {
  if (groups.size > 1) {
    throw new CliError(
      "cli.usage",
      `Cannot release ${groups.size} groups at once: each wants a look of its own`,
      { hint: `Name one of ${[...groups.keys()].map(safeText).join(", ")}.` },
    );
  }
  for (const [group, points] of groups) {
    const alarm = { ...site.alarm, now: context.surroundings.now() };
    const { reasons } = shrinkAlarm(points, alarm);
    // Ours, and those of another program where it is them that stop it.
    for (const newest of momentsToRelease(points, alarm))
      await releaseMoment({ group, newest, reasons }, { context, site, opened });
  }
  return exitCodes.done;
}

type Released = {
  readonly group: string;
  readonly newest: RecoveryPoint;
  readonly reasons: readonly string[];
};

async function releaseMoment(
  { group, newest, reasons }: Released,
  { context, opened: { repository } }: Step,
): Promise<void> {
  const { output, surroundings } = context;
  const snapshot = await snapshotOf(repository, newest, surroundings.signal);
  const tags = [...new Set([...snapshot.tags, releasedTag])];
  const { result: released, audit } = await audited(
    {
      context,
      verb: "expire --release",
      repository,
      planned: { group, before: newest.id, reasons },
      facts: ({ id }: Snapshot) => ({ released: id }),
    },
    async () => await repository.replaceTags(snapshot, tags, surroundings.signal),
  );
  await output.document({
    type: "released",
    group,
    before: newest.id,
    id: released.id,
    reasons,
    audit,
  });
  const why =
    reasons.length === 0 ? "; there was no alarm" : ` (${reasons.map(safeText).join("; ")})`;
  await output.text(`${safeText(group)}: released moment ${released.id.slice(0, 8)}${why}\n`);
}

type Plan = {
  readonly group: string;
  readonly rules: readonly RetentionRule[];
  readonly alarm: ShrinkAlarm;
  readonly decisions: readonly ExpiryDecision<RecoveryPoint>[];
};

async function expire(groups: Groups, step: Step): Promise<ExitCode> {
  const { context, site, opened } = step;
  const { output, surroundings } = context;
  const holds = await holdsInForce(context);
  const plans = [...groups].map(([group, points]) => planGroup(group, points, { ...step, holds }));
  const dryRun = context.arguments.has("dry-run");
  const drops = plans
    .flatMap(({ decisions }) => decisions.filter(({ keep }) => !keep))
    .map(({ point }) => point.id);
  for (const plan of plans) await output.text(planText(plan, site.zone));
  let audit: string | undefined;
  if (drops.length > 0 && !dryRun) {
    if (!(await confirmed(`Remove ${plural(drops.length, "moment")}?`, context)))
      return exitCodes.refused;
    const { repository } = opened;
    const removing = plans.filter(({ decisions }) => decisions.some(({ keep }) => !keep));
    const planned = {
      groups: removing.map(({ group }) => group),
      rules: removing.map(({ rules }) => rules.map(({ text }) => text).join("; ")),
      count: drops.length,
      moments: drops,
    };
    ({ audit } = await audited(
      { context, verb: "expire", repository, planned },
      async () => await repository.removeSnapshots(drops, surroundings.signal),
    ));
  }
  await output.document({
    type: "expiry",
    dryRun,
    removed: dryRun ? 0 : drops.length,
    ...(audit === undefined ? {} : { audit }),
    groups: plans.map(planJson),
  });
  if (drops.length === 0) await output.text("Nothing to remove.\n");
  else if (dryRun)
    await output.text(`${plural(drops.length, "moment")} would go. Run again without --dry-run.\n`);
  else
    await output.text(
      `Removed ${plural(drops.length, "moment")}. Their bytes are freed by \`restante prune --copy ${safeText(opened.place.name)}\`.\n`,
    );
  // One group's alarm does not keep the others from expiring, and does not pass unseen either.
  const stopped = plans.find(({ alarm }) => alarm.stopped);
  if (stopped !== undefined) throw refusal(stopped);
  return exitCodes.done;
}

function planGroup(
  group: string,
  points: readonly RecoveryPoint[],
  step: Step & { readonly holds: readonly RetentionHold[] },
): Plan {
  const { context, site, opened, holds } = step;
  const typed = context.arguments.texts("keep").map(parseRetentionRule);
  const configured = ruledGroup(site, group);
  const rules =
    typed.length > 0
      ? typed
      : configured === undefined
        ? []
        : rulesOf(configured, opened.place).keep;
  if (rules.length === 0) {
    throw new CliError(
      "cli.usage",
      `Cannot expire "${safeText(group)}": no rule says what to keep`,
      { hint: 'Say for example --keep "one per day for 30 days".' },
    );
  }
  const now = context.surroundings.now();
  const alarm = shrinkAlarm(points, { ...site.alarm, now });
  const decisions = planExpiry(points, rules, {
    now,
    zone: site.zone,
    alarm,
    holds,
  });
  return { group, rules, alarm, decisions };
}

function refusal({ group, alarm }: Plan): CliError {
  return new CliError(
    "cli.refused",
    `Cannot expire "${safeText(group)}": ${alarm.reasons.join("; ")}`,
    {
      hint: `${alarm.hint} \`restante expire TARGET --release\` does so.`,
    },
  );
}

function planText({ group, decisions }: Plan, zone: string): string {
  const rows = decisions.map(({ point, keep, reasons }) => [
    `  ${keep ? "keep" : "drop"}`,
    shortId(point),
    formatInstant(point.atNs, zone),
    reasons.map(safeText).join("; "),
  ]);
  return `${safeText(group)}\n${tableText(rows)}`;
}

function planJson({ group, rules, alarm, decisions }: Plan): object {
  return {
    group,
    rules: rules.map(({ text }) => text),
    alarm,
    moments: decisions.map(({ point, keep, reasons }) => ({ ...momentJson(point), keep, reasons })),
  };
}
