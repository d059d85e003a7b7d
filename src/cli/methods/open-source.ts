import { liveSource, offlineSource, type Source } from "#sources";
import { rawPathFromText } from "#image";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import type { SourcePlan, StorePlan } from "../capture-plan.ts";
import type { Site } from "../site.ts";
import { safeText } from "../text.ts";
import { type SplitPlace, splitSource } from "./split-place.ts";

/** The data source of a store, ready. Closing it gives back what was made for it. */
export type OpenSource = AsyncDisposable & { readonly source: Source };

export type OpenSourceOptions = {
  readonly context: CommandContext;
  readonly site: Site;
  /** Of this program: what is needed for a run lies there. */
  readonly stateFolder: string;
};

export async function openSource(plan: StorePlan, options: OpenSourceOptions): Promise<OpenSource> {
  const { source } = plan;
  if (source.kind !== "hot split snapshot") return lasting(plainSource(source, options));
  if ((plan.beside ?? []).length > 0)
    throw new CliError(
      "cli.usage",
      `Cannot capture "${safeText(plan.shown)}" by a hot split: it freezes one folder, and the store lies in several`,
      {
        hint: "Say --data-source offline or live, or name the folder above all as the server's path.",
      },
    );
  const { context, site, stateFolder } = options;
  const { surroundings, output } = context;
  const replicas = plan.groups.flatMap(({ place, method }) =>
    method === "rotation of clones" || method === "rotation of delta snapshots"
      ? [{ folder: place.folder, isDelta: method === "rotation of delta snapshots" }]
      : [],
  );
  const places: SplitPlace[] = replicas
    .toSorted((a, b) => Number(b.isDelta) - Number(a.isDelta))
    .map(({ folder }) => ({ within: folder, isMarked: true }));
  const split = await splitSource(rawPathFromText(plan.folder), {
    ...source,
    stateFolder,
    shown: plan.shown,
    places: [...places, { within: stateFolder, isMarked: false }],
    stores: (site.config?.servers ?? []).map(({ path }) => path),
    clock: surroundings.now,
    signal: surroundings.signal,
    onNote: (note) => output.note(`${safeText(plan.shown)}: ${safeText(note)}`),
    onRejected: ({ attempt, reason }) =>
      output.note(
        `${safeText(plan.shown)}: frozen image ${attempt} is rejected: ${safeText(reason)}`,
      ),
  });
  return split;
}

function lasting(source: Source): OpenSource {
  return { source, [Symbol.asyncDispose]: async () => undefined };
}

function plainSource(
  plan: Exclude<SourcePlan, { readonly kind: "hot split snapshot" }>,
  { context, stateFolder }: OpenSourceOptions,
): Source {
  const clock = context.surroundings.now;
  if (plan.kind === "live") return liveSource({ clock });
  const { stop, start, timeoutMs } = plan;
  return offlineSource({
    stop,
    start,
    stateFolder,
    clock,
    ...(timeoutMs === undefined ? {} : { stopTimeoutMs: timeoutMs }),
  });
}
