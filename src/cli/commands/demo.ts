import { mkdtemp, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { systemErrorCode } from "#errors";
import { formatDuration } from "#time";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { continuousScenes, type ContinuousResult } from "../demo/continuous-scenes.ts";
import { demoFigures } from "../demo/demo-figures.ts";
import { loseSite, type SiteResult } from "../demo/lose-site.ts";
import { isWhole } from "../demo/message-files.ts";
import { showNextSteps } from "../demo/next-steps.ts";
import { demoPlaces } from "../demo/places.ts";
import { removeTree } from "../demo/remove-tree.ts";
import { type DemoResult, runDemo } from "../demo/run-demo.ts";
import { showFigures } from "../demo/show-figures.ts";
import { eventJson, eventText } from "../demo/tell-event.ts";
import { continuousEventJson, continuousEventText } from "../demo/tell-continuous-event.ts";
import { showOpinionOfSecondSite, showSecondOpinion } from "../demo/tell-opinion.ts";
import { siteEventJson, siteEventText } from "../demo/tell-site-event.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import type { JsonDocument } from "../output.ts";
import { safeText } from "../text.ts";

const mostSeeds = 999_999_999;
/** Fewer leave mailboxes empty, and nothing to lose. */
const fewestMessages = 100;
/** Of some six thousand: the story has to be over in less than a minute. */
const usualMessages = 2000;

export async function run(context: CommandContext): Promise<ExitCode> {
  const { arguments: typed, output } = context;
  const seed = typed.number("seed", { least: 0, most: mostSeeds }) ?? 1;
  const messages =
    typed.number("messages", { least: fewestMessages, most: mostSeeds }) ?? usualMessages;
  const folder = await demoFolder(context);
  const clean = typed.has("clean");
  let isOver = false;
  try {
    const exitCode = await play(folder, context, { seed, messages, clean });
    isOver = true;
    return exitCode;
  } finally {
    if (clean) await removeTree(folder);
    else if (!isOver)
      output.warning(`the demo did not end; what there is of it lies in ${safeText(folder)}`);
  }
}

type PlayOptions = {
  readonly seed: number;
  readonly messages: number;
  readonly clean: boolean;
};

/** A mailbox is lost, then every moment is followed, then the site is lost. */
async function play(
  folder: string,
  context: CommandContext,
  { clean, ...sample }: PlayOptions,
): Promise<ExitCode> {
  const { surroundings, output } = context;
  const telling = { zone: surroundings.timeZone, output };
  const places = await demoPlaces(folder);
  const result = await runDemo(places, {
    ...sample,
    surroundings,
    tell: async (event) => await tell(eventJson(event), eventText(event, telling), context),
  });
  const agrees = await showSecondOpinion(places, context);
  await showTimes(result, context);
  const continuous = await continuousScenes(places, {
    server: result.server,
    seed: sample.seed,
    surroundings,
    tell: async (event) =>
      await tell(continuousEventJson(event), continuousEventText(event, telling), context),
  });
  const site = await loseSite(places, {
    server: result.server,
    seed: sample.seed,
    surroundings,
    tell: async (event) => await tell(siteEventJson(event), siteEventText(event, telling), context),
  });
  const agreesThere = await showOpinionOfSecondSite(places.secondSite, context);
  await showFigures(demoFigures(site), context);
  const isBack = isWhole(result.comparison) && continuous.isWhole && site.isWhole;
  const whole = isBack && agrees && agreesThere;
  await showSummary({ result, continuous, site, whole }, context);
  if (!clean) await showNextSteps(places, result, context);
  return whole ? exitCodes.done : exitCodes.failed;
}

/** A fresh folder; one that a person names must be empty, for --clean would remove what is in it. */
async function demoFolder({ arguments: typed, surroundings }: CommandContext): Promise<string> {
  const named = typed.text("folder");
  if (named === undefined) return await mkdtemp(join(tmpdir(), "restante-demo-"));
  const folder = resolve(surroundings.workingFolder, named);
  try {
    if ((await readdir(folder)).length === 0) return folder;
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return folder;
    throw error;
  }
  throw new CliError(
    "cli.usage",
    `Cannot put the demo into "${safeText(folder)}": it is not empty`,
    { hint: "Name a folder that is not there yet." },
  );
}

async function tell(
  document: JsonDocument,
  text: string,
  { output }: CommandContext,
): Promise<void> {
  await output.document(document);
  await output.text(text);
}

async function showTimes({ rpoMs, rtoMs }: DemoResult, { output }: CommandContext): Promise<void> {
  await output.text(
    `\n   RPO measured  ${formatDuration(rpoMs)}   from the last capture to the loss\n   RTO measured  ${formatDuration(rtoMs)}   from starting the restore, cold, until every message was compared\n`,
  );
}

type Summary = {
  readonly result: DemoResult;
  readonly continuous: ContinuousResult;
  readonly site: SiteResult;
  readonly whole: boolean;
};

async function showSummary(
  { result, continuous, site, whole }: Summary,
  { output }: CommandContext,
): Promise<void> {
  const { rpoMs, rtoMs } = site.duplicate.restored;
  await output.document({
    type: "summary",
    verb: "demo",
    whole,
    rpoMs: Math.round(result.rpoMs),
    rtoMs: Math.round(result.rtoMs),
    anyMoment: continuous.anyMoment,
    ransomware: continuous.ransomware,
    site: { whole: site.isWhole, rpoMs: Math.round(rpoMs), rtoMs: Math.round(rtoMs) },
  });
  if (!whole)
    await output.text(
      `\n${output.style("red", "Not everything came back as it was.")} The steps above say what is missing, different or wrong; that is a bug: please report it with this output.\n`,
    );
}
