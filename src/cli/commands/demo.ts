import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { systemErrorCode } from "#errors";
import { formatDuration, toRfc3339Nano } from "#time";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { isWhole } from "../demo/message-files.ts";
import {
  type DemoEvent,
  type DemoPlaces,
  demoPlaces,
  type DemoResult,
  runDemo,
} from "../demo/run-demo.ts";
import { eventJson, eventText } from "../demo/tell-event.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { askRestic } from "../second-opinion.ts";
import { safeText } from "../text.ts";

const mostSeeds = 999_999_999;

export async function run(context: CommandContext): Promise<ExitCode> {
  const { arguments: typed, surroundings } = context;
  const seed = typed.number("seed", { least: 0, most: mostSeeds }) ?? 1;
  const folder = await demoFolder(context);
  const clean = typed.has("clean");
  try {
    const places = await demoPlaces(folder);
    const result = await runDemo(places, {
      surroundings,
      seed,
      tell: (event) => tell(event, context),
    });
    const agrees = await showSecondOpinion(places, context);
    await showResult(result, context);
    if (!clean) await showNextSteps(places, result, context);
    return isWhole(result.comparison) && agrees ? exitCodes.done : exitCodes.failed;
  } finally {
    if (clean) await rm(folder, { recursive: true, force: true });
  }
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

async function tell(event: DemoEvent, { output, surroundings }: CommandContext): Promise<void> {
  await output.document(eventJson(event));
  await output.text(eventText(event, { zone: surroundings.timeZone, output }));
}

async function showSecondOpinion(
  { repository, password }: DemoPlaces,
  { output, surroundings }: CommandContext,
): Promise<boolean> {
  const opinion = await askRestic({ repository, password, surroundings });
  await output.document({ type: "second-opinion", ...opinion });
  switch (opinion.kind) {
    case "absent":
      await output.text(
        "\n6  Any restic (0.14 or newer) reads this copy too; it is not installed here\n",
      );
      return true;
    case "agrees":
      await output.text(
        `\n6  restic, another program, checked the copy, found no error, and lists the same moments:\n${opinion.snapshots.map(({ id, time, paths }) => `   ${safeText(id)}  ${safeText(time)}  ${safeText(paths.join(" "))}\n`).join("")}`,
      );
      return true;
    case "disagrees":
      await output.text(
        `\n6  ${output.style("red", "restic found an error in the copy")}:\n${opinion.said.replace(/^/gm, "   ")}\n`,
      );
      return false;
  }
}

async function showResult(
  { comparison, rpoMs, rtoMs }: DemoResult,
  { output }: CommandContext,
): Promise<void> {
  await output.document({
    type: "summary",
    verb: "demo",
    whole: isWhole(comparison),
    rpoMs: Math.round(rpoMs),
    rtoMs: Math.round(rtoMs),
  });
  await output.text(
    `\n   RPO measured  ${formatDuration(rpoMs)}   from the last capture to the loss\n   RTO measured  ${formatDuration(rtoMs)}   from starting the restore, cold, until every message was compared\n`,
  );
}

async function showNextSteps(
  { mail, repository, password }: DemoPlaces,
  { mailbox, lossAtNs }: DemoResult,
  { output, surroundings }: CommandContext,
): Promise<void> {
  const alias =
    surroundings.program === "restante" ? [] : [`alias restante=${quoted(surroundings.program)}`];
  const before = toRfc3339Nano(lossAtNs);
  const lines = [
    ...alias,
    `export RESTANTE_REPOSITORY=${quoted(repository)} RESTANTE_PASSWORD=${quoted(password)}`,
    `restante moments ${quoted(mail)}`,
    `restante ls ${quoted(mailbox.path)} --at ${before}`,
    `rm ${quoted(mailbox.path)}/cur/*`,
    `restante diff ${quoted(mailbox.path)} --at ${before}`,
    `restante restore ${quoted(mailbox.path)} --at ${before} --dry-run`,
    `restante restore ${quoted(mailbox.path)} --at ${before}`,
    `RESTIC_PASSWORD="$RESTANTE_PASSWORD" restic -r ${quoted(repository)} snapshots`,
  ];
  await output.document({
    type: "next-steps",
    folder: mail,
    repository,
    password,
    commands: lines,
  });
  await output.text(`\nGo on by hand:\n${lines.map((line) => `   ${line}\n`).join("")}`);
}

/** As a shell reads it; plain where nothing needs quotes. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
