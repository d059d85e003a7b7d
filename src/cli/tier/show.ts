import { closestWord } from "#errors";
import { findTier, priceTiers, type Requirements, tierDetailsReport, tierJson } from "#planner";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { showReport } from "../plan/show-report.ts";
import { safeText } from "../text.ts";
import { siteSubtitle, tierSite } from "./tier-site.ts";

/** `restante tier show NAME [REQUIREMENTS]`: one tier in full. */
export async function run(context: CommandContext): Promise<ExitCode> {
  const [, name, named] = context.arguments.positionals;
  if (name === undefined)
    throw new CliError("cli.usage", "Cannot show a tier: no tier was named", {
      hint: "Name it: restante tier show gold. `restante tier` lists them.",
    });
  const site = await tierSite(named, context);
  const { requirements } = site;
  const tier = findTier(name, requirements.tiers);
  if (tier === undefined) throw unknown(name, requirements);
  const [priced] = priceTiers(requirements, [tier]);
  if (priced === undefined) throw new RangeError("a tier was not priced");
  await context.output.document({
    type: "tier",
    requirements: site.file?.path ?? null,
    server: requirements.server,
    currency: requirements.currency,
    tier: tierJson(priced),
  });
  await showReport(
    tierDetailsReport(priced, { requirements, subtitle: siteSubtitle(site) }),
    context,
  );
  return priced.offer === undefined ? exitCodes.nothingMatched : exitCodes.done;
}

const mostNamed = 20;

function unknown(name: string, { tiers }: Requirements): CliError {
  const names = tiers.map((tier) => tier.name);
  const near = closestWord(name, names);
  const known = names.slice(0, mostNamed).join(", ");
  return new CliError("cli.usage", `Cannot show the tier "${safeText(name)}": no such tier`, {
    hint:
      near === undefined
        ? `Tiers are ${known}${names.length > mostNamed ? ", …" : ""}.`
        : `Did you mean: ${near}?`,
  });
}
