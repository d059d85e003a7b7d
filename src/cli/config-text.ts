import {
  type AlarmConfig,
  type Config,
  type CopyConfig,
  copyLocationText,
  type DisasterConfig,
  type Downtime,
  formatShare,
  type HotSplitConfig,
  type OperationalConfig,
  type ProtectionGroup,
  protectionGroups,
  type ServerConfig,
} from "#policy";
import { formatBytes, formatDuration } from "#time";
import { safeText } from "./text.ts";

/** What a configuration means, with its defaults filled in. */
export function configText(config: Config): string {
  const lines = [
    `time zone  ${config.timeZone}`,
    `alarm      ${alarmText(config.alarm)}`,
    ...config.servers.flatMap((server) => ["", ...serverLines(server)]),
    ...config.copies.flatMap((copy) => ["", ...copyLines(copy)]),
    ...protectionGroups(config).flatMap((group) => ["", ...groupLines(group, config)]),
  ];
  return `${lines.join("\n")}\n`;
}

function alarmText({ shrinkPercent, of, withinMs }: AlarmConfig): string {
  const share = `more than ${shrinkPercent}%`;
  if (of === undefined && withinMs === undefined) return `${share} of a group is gone`;
  const within = withinMs === undefined ? "" : ` within ${formatDuration(withinMs)}`;
  return `${share} of a ${of ?? "mailbox"} disappears${within}; or ${share} of a group is gone`;
}

function serverLines(server: ServerConfig): readonly string[] {
  const { name, type, path, dataSource, stop, start, stopTimeLimitMs, hotSplit } = server;
  const lines = [`server ${name}  ${type} in ${safeText(path)}, ${dataSource}`];
  if (stop !== undefined)
    lines.push(`  stop   ${safeText(stop.join(" "))}  (within ${formatDuration(stopTimeLimitMs)})`);
  if (start !== undefined) lines.push(`  start  ${safeText(start.join(" "))}`);
  if (hotSplit !== undefined) {
    const { snapshots = "the best that the filesystem can", validate, repeat } = hotSplit;
    const by = validate === "none" ? "not validated" : `validated by ${validatorText(validate)}`;
    lines.push(`  frozen by ${snapshots}, ${by}, tried ${repeat} times at most`);
    for (const [verb, command] of [
      ["quiesce", hotSplit.quiesce],
      ["resume", hotSplit.resume],
    ] as const)
      if (command !== undefined)
        lines.push(
          `  ${verb}  ${safeText(command.words.join(" "))}  (within ${formatDuration(command.timeLimitMs)})`,
        );
  }
  for (const { path: part, role } of server.volumes) lines.push(`  ${role} in ${safeText(part)}`);
  for (const { mail, ...parts } of server.places)
    lines.push(
      `  mail in ${safeText(mail)}${Object.entries(parts)
        .map(([part, place]) => `, ${part === "directoryName" ? "named" : part} ${safeText(place)}`)
        .join("")}`,
    );
  const { kinds, folders } = server.alsoProtect;
  if (folders.length > 0) lines.push(`  captured too: ${folders.map(safeText).join(", ")}`);
  if (kinds.length > 0) lines.push(`  must be captured: ${kinds.join(", ")}`);
  if (server.mailboxList === "from doveadm") lines.push("  mailboxes as doveadm lists them");
  const { dovecotLog, cyrusChannel, helper } = server.hints ?? {};
  for (const log of [dovecotLog, cyrusChannel])
    if (log !== undefined) lines.push(`  changes are told by ${safeText(log)} as well`);
  if (helper !== undefined) lines.push(`  watched by ${safeText(helper.join(" "))}`);
  const stage = server.deliveryStage;
  if (stage !== undefined)
    lines.push(
      `  delivery stage on ${stage.listen.map(safeText).join(", ")}, before ${safeText(stage.server)}; ${stage.whenJournalFails} when the journal fails`,
    );
  return lines;
}

function validatorText(validate: HotSplitConfig["validate"]): string {
  return typeof validate === "string" ? validate : safeText(validate.words[0] ?? "");
}

function copyLines(copy: CopyConfig): readonly string[] {
  const where = safeText(copyLocationText(copy.location));
  const head = `copy ${copy.name}  ${copy.layer}, ${copy.kind}, ${where}`;
  switch (copy.kind) {
    case "repository": {
      const { key } = copy;
      return [
        `${head}, key from ${key.kind} ${safeText(key.kind === "file" ? key.path : key.name)}`,
      ];
    }
    case "replicas":
      return [head];
    case "tape library": {
      const { capacityBytes, safeUses, barcodes } = copy;
      const each = capacityBytes === undefined ? "" : ` of ${formatBytes(capacityBytes)} each`;
      const uses = safeUses === undefined ? "" : `, written ${safeUses} times at most`;
      return [head, `  tapes ${barcodes}…${each}${uses}`];
    }
  }
}

function groupLines(group: ProtectionGroup, config: Config): readonly string[] {
  const lines = [
    `group ${group.name}  mailboxes ${group.mailboxPatterns.map(safeText).join(", ")}; tier ${group.tier}`,
  ];
  const downtime = config.linesOfBusiness.find(({ name }) => name === group.line)?.downtime;
  if (downtime !== undefined) lines.push(`  ${downtimeText(downtime)}`);
  const tier = config.tiers.find(({ name }) => name === group.tier);
  if (tier === undefined) return lines;
  for (const method of tier.operational) lines.push(...operationalLines(method));
  const { disaster } = tier;
  if (disaster === undefined)
    lines.push("  no disaster recovery: nothing here recovers from the loss of the site");
  else lines.push(...disasterLines(disaster));
  return lines;
}

function mirrorText({ journalMirror }: OperationalConfig): string {
  return journalMirror === undefined
    ? ""
    : `, mirrored to ${safeText(copyLocationText(journalMirror))}`;
}

function operationalLines(operational: OperationalConfig): readonly string[] {
  const { method, copy, images } = operational;
  const journal =
    method === "continuous data protection"
      ? `, journals in ${safeText(operational.journalPath ?? "the state folder")}${mirrorText(operational)}`
      : "";
  return [
    `  ${method} to ${copy}${everyText(operational)}${journal}`,
    objectivesText(operational),
    images === undefined ? keepText(operational) : `    keep ${images} images`,
  ];
}

function disasterLines(disaster: DisasterConfig): readonly string[] {
  const { method, copy, from, holdMs, transitMs } = disaster;
  const times = [
    ...(holdMs === undefined ? [] : [`hold ${spanOrNothing(holdMs)}`]),
    ...(transitMs === undefined ? [] : [`transit ${spanOrNothing(transitMs)}`]),
  ];
  return [
    `  ${method} from ${from} to ${copy}${everyText(disaster)}`,
    objectivesText(disaster),
    ...(times.length === 0 ? [] : [`    ${times.join(", ")}`]),
    keepText(disaster),
  ];
}

type Method = Pick<OperationalConfig, "everyMs" | "loseAtMostMs" | "backWithinMs" | "keep">;

function everyText({ everyMs }: Method): string {
  return everyMs === undefined ? "" : `, every ${formatDuration(everyMs)}`;
}

function objectivesText({ loseAtMostMs, backWithinMs }: Method): string {
  return `    lose at most ${spanOrNone(loseAtMostMs)}, back within ${spanOrNone(backWithinMs)}`;
}

function keepText({ keep }: Method): string {
  return `    keep ${keep.length === 0 ? "everything" : keep.map(({ text }) => text).join(", ")}`;
}

function downtimeText({ payrollPerHour, currency, productivityLostShare }: Downtime): string {
  const perHour = Number((payrollPerHour * productivityLostShare).toFixed(2));
  return `an hour without mail costs ${perHour} ${currency}: ${formatShare(productivityLostShare)} of a payroll of ${payrollPerHour} ${currency} per hour`;
}

function spanOrNone(durationMs: number | undefined): string {
  return durationMs === undefined ? "(no objective)" : formatDuration(durationMs);
}

function spanOrNothing(durationMs: number): string {
  return durationMs === 0 ? "nothing" : formatDuration(durationMs);
}
