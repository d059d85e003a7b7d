import { createHash } from "node:crypto";
import { join } from "node:path";
import {
  type Catalog,
  fillCatalog,
  type FillProgress,
  type FillResult,
  openCatalog,
} from "#catalog";
import type { RecoveryPoint } from "#copies";
import { formatInstant } from "#time";
import type { CommandContext } from "./command.ts";
import { cacheFolder, ownFolder } from "./folders.ts";
import type { AnyCopy } from "./methods/index.ts";
import { recordedProblems } from "./recorded-problems.ts";
import type { Site } from "./site.ts";
import { countText, plural, safeText } from "./text.ts";

export type CatalogOptions = { readonly context: CommandContext; readonly site: Site };

/** Problems that are shown one by one. */
const shownProblems = 5;

/** Where the catalog of a copy lies on this machine: beside the other caches, never in the copy. */
export async function catalogFolder(
  { place, repository }: Pick<AnyCopy, "place" | "repository">,
  { surroundings }: Pick<CommandContext, "surroundings">,
): Promise<string> {
  const name =
    repository?.id ?? createHash("sha256").update(place.folder).digest("hex").slice(0, 32);
  return join(await ownFolder(cacheFolder(surroundings.environment)), "catalog", name);
}

export async function openCopyCatalog(
  opened: Pick<AnyCopy, "place" | "repository">,
  { context, site }: CatalogOptions,
): Promise<Catalog> {
  const config = site.config?.copies.find(({ name }) => name === opened.place.name);
  return openCatalog({
    folder: await catalogFolder(opened, context),
    fullText: config?.fullText !== false,
    onRenewed: (reason) =>
      context.output.warning(`the catalog of this copy is made again from the copy: ${reason}`),
  });
}

/** Makes the catalog fit the copy, and says what is not whole in what is new. */
export async function fillFromCopy(
  catalog: Catalog,
  opened: Pick<AnyCopy, "copy" | "repository" | "tapes">,
  { context }: Pick<CatalogOptions, "context">,
): Promise<FillResult> {
  const { output, surroundings } = context;
  const { signal } = surroundings;
  const { copy, repository } = opened;
  const points = await fillable(catalog, opened, signal);
  const byId = new Map(points.map((point) => [point.id, point]));
  const progress = output.progress(surroundings.clockMs);
  try {
    return await fillCatalog(catalog, {
      moments: points,
      open: async ({ id }) => {
        const point = byId.get(id) as RecoveryPoint;
        const missing =
          repository === undefined ? [] : await recordedProblems(repository, point, signal);
        return { image: await copy.open(point, signal), missing };
      },
      onProgress: (state) => progress.update(progressState(state)),
      onWait: () => output.note("Another run fills the catalog: waiting for it"),
      signal,
    });
  } finally {
    progress.finish();
  }
}

/** All moments but those on tapes that are away and were never read: they take their place once they are back. */
async function fillable(
  catalog: Catalog,
  { copy, tapes }: Pick<AnyCopy, "copy" | "tapes">,
  signal: AbortSignal,
): Promise<readonly RecoveryPoint[]> {
  const points = await copy.moments(undefined, signal);
  if (tapes === undefined) return points;
  const known = new Set((await catalog.moments()).map(({ id }) => id));
  const there: RecoveryPoint[] = [];
  for (const point of points)
    if (known.has(point.id) || (await tapes.reachOf(point, signal)) !== "shelf") there.push(point);
  return there;
}

function progressState({
  momentsDone,
  momentsTotal,
  messages,
  bytes,
}: FillProgress): Parameters<ReturnType<CommandContext["output"]["progress"]>["update"]>[0] {
  return {
    label: `catalog  moment ${countText(momentsDone + 1)} of ${countText(momentsTotal)}`,
    done: messages,
    total: 0,
    unit: "messages",
    bytesDone: bytes,
  };
}

/** One line on what was filled, and what is not whole in it. */
export function tellFilled(
  { added, forgotten, messagesRead, problems }: FillResult,
  { context, site }: CatalogOptions,
): void {
  const { output } = context;
  if (added > 0 || forgotten > 0) {
    const gone = forgotten === 0 ? "" : `, ${plural(forgotten, "moment")} forgotten`;
    output.note(
      `catalog: ${plural(added, "moment")} added, ${plural(messagesRead, "message")} read${gone}`,
    );
  }
  for (const { moment, problem } of problems.slice(0, shownProblems))
    output.warning(`${formatInstant(moment.atNs, site.zone)}: ${safeText(problem)}`);
  if (problems.length > shownProblems) {
    output.warning(
      `… and ${plural(problems.length - shownProblems, "more problem")}; \`restante catalog status\` has those of each moment`,
    );
  }
}
