import { access, readFile } from "node:fs/promises";
import { relative, resolve } from "node:path";
import { formatProblem, type Problem } from "#policy";
import {
  type Measurement,
  measureMoments,
  type MomentsMeasured,
  parseRequirements,
  type Requirements,
  standardTiers,
  todaysParameters,
  withMeasurements,
} from "#planner";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { openCopy } from "../copy-access.ts";
import { stateFolder } from "../folders.ts";
import { readMeasurements } from "../measurements.ts";
import { openSite } from "../site.ts";
import { safeLines, safeText } from "../text.ts";

/** Read where no file was named, when it is there. */
export const requirementsPlace = "requirements.yaml";

/** The file that was named, or ./requirements.yaml; undefined where neither is. */
export async function requirementsPath(
  named: string | undefined,
  { surroundings, output }: CommandContext,
): Promise<string | undefined> {
  if (named !== undefined) return resolve(surroundings.workingFolder, named);
  const path = resolve(surroundings.workingFolder, requirementsPlace);
  try {
    await access(path);
  } catch {
    return undefined;
  }
  output.note(`Requirements from ${safeText(path)}`);
  return path;
}

/** Requirements of a file, with what was measured on this machine (or else what is given) in place. */
export async function readRequirements(
  path: string,
  context: CommandContext,
  { measurements }: { readonly measurements?: readonly Measurement[] } = {},
): Promise<Requirements> {
  return await requirementsOf(await requirementsText(path, context), {
    fileName: shownPath(path, context),
    context,
    ...(measurements === undefined ? {} : { measurements }),
  });
}

/** A requirements file as it is written. */
export async function requirementsText(path: string, context: CommandContext): Promise<string> {
  try {
    return await readFile(path, { encoding: "utf8", signal: context.surroundings.signal });
  } catch (cause) {
    context.surroundings.signal.throwIfAborted();
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(
      "cli.no-requirements",
      `Cannot read the requirements "${safeText(path)}": ${safeText(reason)}`,
      {
        hint: "Run `restante plan` at a terminal to write some, or start from requirements.example.yaml.",
        cause,
      },
    );
  }
}

export async function requirementsOf(
  text: string,
  {
    fileName,
    context,
    measurements,
  }: {
    readonly fileName: string;
    readonly context: CommandContext;
    readonly measurements?: readonly Measurement[];
  },
): Promise<Requirements> {
  const { requirements, problems } = parseRequirements(text, {
    fileName,
    measurements: measurements ?? (await measurementsOf(context)),
  });
  if (requirements === undefined) throw invalid(problems);
  for (const problem of problems) context.output.note(safeLines(formatProblem(problem)));
  return requirements;
}

/** As a person would name it from here: an origin in a report must not tell where a checkout lies. */
export function shownPath(path: string, { surroundings }: CommandContext): string {
  const near = relative(surroundings.workingFolder, path);
  return near.startsWith("..") ? path : near;
}

const mostShown = 20;

function invalid(problems: readonly Problem[]): CliError {
  const errors = problems.filter(({ severity }) => severity === "error");
  const shown = errors.slice(0, mostShown).map(formatProblem);
  const more = errors.length > shown.length ? [`… and ${errors.length - shown.length} more`] : [];
  return new CliError("cli.requirements-invalid", [...shown, ...more].join("\n"), {
    hint: "Correct the requirements; requirements.example.yaml shows everything at once.",
  });
}

/**
 * What was measured on this machine, and with --copy what its moments say, unless --no-measured asks for
 * the file's numbers alone.
 */
export async function measurementsOf(context: CommandContext): Promise<readonly Measurement[]> {
  if (context.arguments.has("no-measured")) return [];
  return [
    ...(await recordedMeasurements(context)),
    ...(await momentsMeasured(context)).measurements,
  ];
}

/** What was measured on this machine and recorded; what cannot be read of it is told. */
export async function recordedMeasurements({
  surroundings,
  output,
}: CommandContext): Promise<readonly Measurement[]> {
  const folder = stateFolder(surroundings.environment, { isRoot: process.geteuid?.() === 0 });
  const { measurements, problems } = await readMeasurements(folder);
  for (const problem of problems) output.warning(safeText(problem));
  return measurements;
}

/** What the moments of the copy that --copy names say; nothing without it: a plan asks for no password. */
export async function momentsMeasured(context: CommandContext): Promise<MomentsMeasured> {
  const { arguments: typed, surroundings } = context;
  if (!typed.has("copy") || typed.has("no-measured")) return { measurements: [], results: [] };
  await using opened = await openCopy(context, await openSite(context));
  return measureMoments(
    await opened.copy.moments(undefined, surroundings.signal),
    surroundings.now(),
  );
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** A site that nobody has described: the paper's sizes with today's media, and one line for everyone. */
export async function undescribedSite(
  context: CommandContext,
  { measurements }: { readonly measurements?: readonly Measurement[] } = {},
): Promise<Requirements> {
  return {
    currency: "EUR",
    timeZone: context.surroundings.timeZone,
    server: {
      name: "mail",
      kind: "maildir",
      path: "/var/mail",
      mayStopHours: 0,
      bearsLoad: true,
      logsApart: false,
    },
    copyPath: "/srv/recovery",
    parameters: withMeasurements(
      todaysParameters(),
      measurements ?? (await measurementsOf(context)),
    ),
    has: [],
    only: {},
    not: {},
    tiers: standardTiers,
    linesOfBusiness: [
      {
        name: "everyone",
        mailboxes: ["*"],
        mailShare: 1,
        operational: { loseAtMostMs: dayMs, backWithinMs: dayMs, reachBackMs: 14 * dayMs },
        disaster: { loseAtMostMs: 2 * dayMs, backWithinMs: 7 * dayMs, reachBackMs: 90 * dayMs },
        granularity: "message",
        risk: "medium",
        hardwareFailure: "operational",
        downtimePerHour: 0,
      },
    ],
    outages: {
      userErrors: 24,
      corruptions: 0.2,
      lateAttacks: 0.1,
      hardwareFailures: 0.1,
      siteLosses: 0.02,
    },
    licences: {},
    repurposing: [],
  };
}
