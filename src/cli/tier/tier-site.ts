import type { Requirements } from "#planner";
import type { CommandContext } from "../command.ts";
import {
  requirementsOf,
  requirementsPath,
  requirementsText,
  shownPath,
  undescribedSite,
} from "../plan/read-requirements.ts";
import { safeText } from "../text.ts";

/** The site that tiers are priced for. */
export type TierSite = {
  readonly requirements: Requirements;
  /** The file that describes it, as it is written; undefined where nobody has. */
  readonly file?: { readonly path: string; readonly text: string };
};

/** The requirements that were named, or ./requirements.yaml, or a site that nobody has described. */
export async function tierSite(
  named: string | undefined,
  context: CommandContext,
): Promise<TierSite> {
  const path = await requirementsPath(named, context);
  if (path === undefined) return { requirements: await undescribedSite(context) };
  const text = await requirementsText(path, context);
  const requirements = await requirementsOf(text, { fileName: shownPath(path, context), context });
  return { requirements, file: { path, text } };
}

/** What the site is known by, for a report's subtitle. */
export function siteSubtitle({ file }: TierSite, sizes = "the paper's sizes"): string {
  return file === undefined
    ? `Nobody has described this site: it is taken to have ${sizes} and today's media. Name a requirements file for your own`
    : `Computed for ${safeText(file.path)}`;
}
