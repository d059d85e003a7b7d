import { basename, resolve } from "node:path";
import {
  classificationJson,
  classificationReport,
  priceClassification,
  siteOfClassification,
} from "#planner";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { writeNewFile } from "../new-file.ts";
import { showReport } from "../plan/show-report.ts";
import { safeText } from "../text.ts";
import { classifiedRequirements } from "./classified-requirements.ts";
import { readClassification } from "./read-classification.ts";
import { siteSubtitle, tierSite } from "./tier-site.ts";

/** `restante tier classify FILE.csv [REQUIREMENTS]`: who is in which tier, and what that costs. */
export async function run(context: CommandContext): Promise<ExitCode> {
  const { output, surroundings, arguments: typed } = context;
  const [, csv, named] = typed.positionals;
  if (csv === undefined)
    throw new CliError("cli.usage", "Cannot classify: no CSV file was named", {
      hint: "Name one with the columns mailbox, line and tier: restante tier classify FILE.csv",
    });
  const site = await tierSite(named, context);
  const { path, lines, problems } = await readClassification(csv, {
    requirements: site.requirements,
    context,
  });
  const fileName = basename(path);
  const requirements =
    site.file === undefined
      ? siteOfClassification(lines, { requirements: site.requirements, fileName })
      : site.requirements;
  const priced = priceClassification(lines, requirements);
  const wanted = typed.text("save");
  const saved = wanted === undefined ? undefined : resolve(surroundings.workingFolder, wanted);
  if (saved !== undefined)
    await writeNewFile(saved, classifiedRequirements(priced, { file: site.file, saved }));
  await output.document({
    type: "classification",
    file: path,
    requirements: site.file?.path ?? null,
    ...classificationJson(priced),
    problems,
    saved: saved ?? null,
  });
  const isSized = requirements.parameters.mail !== site.requirements.parameters.mail;
  const subtitle = siteSubtitle(
    site,
    isSized ? "the mail of the classification" : "the paper's sizes",
  );
  await showReport(classificationReport(priced, { file: fileName, subtitle }), context);
  if (saved !== undefined)
    output.note(`Wrote ${safeText(saved)}; plan with it: restante plan ${safeText(saved)}`);
  return priced.tiers.every(({ offer }) => offer !== undefined)
    ? exitCodes.done
    : exitCodes.nothingMatched;
}
