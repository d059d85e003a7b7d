import { priceTiers, tieredLines, tierJson, tierReport } from "#planner";
import type { CommandContext } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { showReport } from "../plan/show-report.ts";
import { siteSubtitle, tierSite } from "./tier-site.ts";

/** `restante tier [list] [REQUIREMENTS]`: the catalogue with promise, price and proof of each tier. */
export async function run(context: CommandContext): Promise<ExitCode> {
  const [first, second] = context.arguments.positionals;
  const site = await tierSite(first === "list" ? second : first, context);
  const { requirements } = site;
  const tiers = priceTiers(requirements);
  const lines = tieredLines(requirements);
  await context.output.document({
    type: "tiers",
    requirements: site.file?.path ?? null,
    server: requirements.server,
    currency: requirements.currency,
    tiers: tiers.map(tierJson),
    linesOfBusiness: lines.map(({ name, operational, disaster = operational }) => ({
      name,
      operational: operational.name,
      disaster: disaster.name,
    })),
  });
  await showReport(
    tierReport(tiers, { requirements, lines, subtitle: siteSubtitle(site) }),
    context,
  );
  return tiers.some(({ offer }) => offer !== undefined) ? exitCodes.done : exitCodes.nothingMatched;
}
