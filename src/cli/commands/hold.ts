import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import { resolve } from "node:path";
import {
  alarmsIn,
  type Hold,
  holdsIn,
  type NumberedAlarm,
  type NumberedHold,
  type NumberedRecords,
} from "#records";
import { displayPath, type RawPath } from "#image";
import { tagValue } from "#repository";
import { formatInstant, toRfc3339Nano } from "#time";
import { audited, type AuditFacts } from "../audit.ts";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { confirmed } from "../confirm.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { ownFolder } from "../folders.ts";
import { stateFolderOf } from "../holds-in-force.ts";
import { openSite, type Site } from "../site.ts";
import { safeText } from "../text.ts";

export async function run(context: CommandContext): Promise<ExitCode> {
  const [word = "list", named, ...more] = context.arguments.positionals;
  const site = await openSite(context);
  const holding = { context, site, folder: stateFolderOf(context) };
  switch (word) {
    case "list":
      if (named === undefined) return await list(holding);
      break;
    case "add":
      if (named !== undefined && more.length === 0) return await add(named, holding);
      break;
    case "release":
      if (named !== undefined && more.length === 0) return await release(named, holding);
      break;
  }
  throw new CliError("cli.usage", `Cannot hold: "${safeText(word)}" is not said like that`, {
    hint: "There are: restante hold list, hold add TARGET --reason TEXT, hold release ID.",
  });
}

type Holding = {
  readonly context: CommandContext;
  readonly site: Site;
  /** The state folder. */
  readonly folder: string;
};

async function list({ context, site, folder }: Holding): Promise<ExitCode> {
  const { output, arguments: typed } = context;
  const all = await holdsIn(folder).list();
  const holds = all.filter(({ released }) => released === undefined || typed.has("all"));
  const alarms = await alarmsIn(folder).list();
  await output.document({
    type: "holds",
    holds: holds.map(holdJson),
    alarms: alarms.map(alarmJson),
  });
  for (const alarm of alarms)
    await output.text(alarmText(alarm, { zone: site.zone, holds: all, output }));
  for (const hold of holds) await output.text(holdText(hold, site.zone));
  if (holds.length === 0) await output.text("Nothing is held.\n");
  return exitCodes.done;
}

async function add(typed: string, holding: Holding): Promise<ExitCode> {
  const { context, folder } = holding;
  const { output, surroundings } = context;
  const reason = context.arguments.text("reason");
  if (reason === undefined || reason.trim() === "")
    throw new CliError("cli.usage", "Cannot hold without a reason", {
      hint: 'Say it with --reason "…": it is shown wherever something is kept for it.',
    });
  const holds = holdsIn(await ownFolder(folder));
  for (const group of groupsMeant(typed, holding)) {
    const hold: Hold = { group, reason, by: userName(), sinceNs: surroundings.now() };
    const planned = { group, reason };
    const { id, audit } = await changed("hold add", planned, holding, async () => ({
      id: await holds.add(hold),
    }));
    await output.document({ type: "held", audit, ...holdJson({ ...hold, id }) });
    await output.text(`${id}: nothing of ${safeText(group)} expires until it is released.\n`);
  }
  return exitCodes.done;
}

async function release(id: string, holding: Holding): Promise<ExitCode> {
  const { context, folder } = holding;
  const { output, surroundings } = context;
  const holds: NumberedRecords<Hold> = holdsIn(folder);
  const hold = await holds.get(await holdOf(id, folder));
  if (hold.released !== undefined)
    throw new CliError("cli.usage", `Cannot release "${hold.id}": it was released already`, {
      hint: "See what is held with `restante hold list`.",
    });
  const question = `Release ${hold.id} (${safeText(hold.reason)})? Retention drops what its rules say then.`;
  if (!(await confirmed(question, context))) return exitCodes.refused;
  const reason = context.arguments.text("reason");
  const released = {
    atNs: surroundings.now(),
    by: userName(),
    ...(reason === undefined ? {} : { reason }),
  };
  const planned = { hold: hold.id, reason, group: hold.group, alarm: hold.alarm };
  const { audit } = await changed("hold release", planned, holding, async () => {
    await holds.replace(hold.id, { ...hold, released });
    return { id: hold.id };
  });
  await output.document({ type: "released", audit, ...holdJson({ ...hold, released }) });
  await output.text(`Released ${hold.id}: retention goes on.\n`);
  return exitCodes.done;
}

/** `alarm-1` means what that alarm holds. */
async function holdOf(id: string, folder: string): Promise<string> {
  if (!id.startsWith("alarm-")) return id;
  const { hold } = await alarmsIn(folder).get(id);
  if (hold !== undefined) return hold;
  throw new CliError("cli.nothing-matched", `Cannot release "${safeText(id)}": it holds nothing`, {
    hint: "See what is held with `restante hold list`.",
  });
}

async function changed(
  verb: string,
  planned: AuditFacts,
  { context, folder }: Holding,
  work: () => Promise<{ readonly id: string }>,
): Promise<{ readonly id: string; readonly audit: string }> {
  const repository = { id: "records", location: folder };
  const facts = ({ id }: { readonly id: string }): AuditFacts => ({ id });
  const { result, audit } = await audited({ context, verb, repository, planned, facts }, work);
  return { ...result, audit };
}

/** The groups of a server, one of them, or the one that a folder is. */
function groupsMeant(typed: string, { context, site }: Holding): readonly string[] {
  const named = context.arguments.text("group");
  if (named !== undefined) return [tagValue(named)];
  const path = resolve(context.surroundings.workingFolder, typed);
  if (/^[./~]/.test(typed) || (site.groups.length === 0 && existsSync(path)))
    return [tagValue(path)];
  const meant = site.groups.filter(
    ({ name, server, line }) => name === typed || server === typed || line === typed,
  );
  if (meant.length > 0) return meant.map(({ tag }) => tag);
  throw new CliError(
    "cli.nothing-matched",
    `Cannot hold "${safeText(typed)}": it is no server, no line of business and no folder`,
    {
      hint:
        site.groups.length === 0
          ? "Name a folder like /var/mail, or a group with --group."
          : `There are ${site.groups.map(({ name }) => safeText(name)).join(", ")}.`,
    },
  );
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container's user may have no entry in /etc/passwd.
    return String(process.getuid?.() ?? 0);
  }
}

function holdJson({ untilNs, sinceNs, released, ...hold }: NumberedHold): object {
  return {
    ...hold,
    since: toRfc3339Nano(sinceNs),
    ...(untilNs === undefined ? {} : { until: toRfc3339Nano(untilNs) }),
    ...(released === undefined
      ? {}
      : { released: { ...released, atNs: undefined, at: toRfc3339Nano(released.atNs) } }),
  };
}

function alarmJson({ before, atNs, paths, ...alarm }: NumberedAlarm): object {
  return {
    ...alarm,
    paths: paths.map((path) => displayPath(path as RawPath)),
    at: toRfc3339Nano(atNs),
    before: { sequence: before.sequence, at: toRfc3339Nano(before.atNs) },
  };
}

function alarmText(
  alarm: NumberedAlarm,
  {
    zone,
    holds,
    output,
  }: {
    readonly zone: string;
    readonly holds: readonly NumberedHold[];
    readonly output: CommandContext["output"];
  },
): string {
  const hold = holds.find(({ id }) => id === alarm.hold);
  const isHeld = hold !== undefined && hold.released === undefined;
  const held = isHeld ? `held by ${hold.id}` : "released";
  return [
    `${output.style(isHeld ? "red" : "dim", alarm.id)}: ${safeText(alarm.group)}: ${safeText(alarm.message)}`,
    `  seen ${formatInstant(alarm.atNs, zone)}; all was well until ${formatInstant(alarm.before.atNs, zone)}; ${held}`,
    "",
  ].join("\n");
}

function holdText(
  { id, group, untilNs, reason, by, released }: NumberedHold,
  zone: string,
): string {
  const what = untilNs === undefined ? "everything" : `all up to ${formatInstant(untilNs, zone)}`;
  const end =
    released === undefined
      ? ""
      : `; released ${formatInstant(released.atNs, zone)} by ${safeText(released.by)}${released.reason === undefined ? "" : `: ${safeText(released.reason)}`}`;
  return `${id}: ${what} of ${safeText(group ?? "every group")} (${safeText(reason)}; by ${safeText(by)})${end}\n`;
}
