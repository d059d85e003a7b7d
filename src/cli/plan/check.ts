import { resolve } from "node:path";
import { checkConfiguration, checkReport, type CheckedLine, missingLines } from "#planner";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { readConfiguration } from "../configuration.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { configurationPlaces } from "../configuration-places.ts";
import { configurationPath } from "../site.ts";
import { readRequirements, requirementsPath, undescribedSite } from "./read-requirements.ts";
import { showReport } from "./show-report.ts";

/**
 * `restante plan check [CONFIG]`: whether a configuration keeps what it promises, and with requirements
 * whether it promises enough. Exit code 1 where it does not.
 */
export async function run(context: CommandContext): Promise<ExitCode> {
  const { output, surroundings, arguments: typed } = context;
  const named = typed.positionals[1];
  const path =
    named === undefined
      ? await configurationPath(context)
      : resolve(surroundings.workingFolder, named);
  if (path === undefined)
    throw new CliError(
      "cli.no-configuration",
      `Cannot check a configuration: neither ${configurationPlaces.join(" nor ")} is there`,
      { hint: "Name it: restante plan check FILE. `restante plan --write FILE` writes one." },
    );
  const config = await readConfiguration(path, {
    output,
    timeZone: surroundings.timeZone,
    signal: surroundings.signal,
  });
  const against = await requirementsPath(typed.text("requirements"), context);
  const requirements =
    against === undefined
      ? await undescribedSite(context)
      : await readRequirements(against, context);
  const isAgainst = against !== undefined;
  const lines = checkConfiguration(config, { requirements, against: isAgainst });
  const absent = isAgainst ? missingLines(config, requirements) : [];
  const isMet = absent.length === 0 && lines.every(hasNoError);
  await output.document({
    type: "plan-check",
    file: path,
    against: against ?? null,
    met: isMet,
    missing: absent,
    lines: lines.map(({ name, tier, ranked, ways, findings }) => ({
      name,
      tier,
      combination: ranked.evaluation.id,
      combinations: ways.map(({ evaluation }) => evaluation.id),
      findings,
    })),
  });
  await showReport(checkReport(lines, { file: path, against, absent }), context);
  return isMet ? exitCodes.done : exitCodes.failed;
}

function hasNoError({ findings }: CheckedLine): boolean {
  return findings.every(({ severity }) => severity !== "error");
}
