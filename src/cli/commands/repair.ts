import type { RepairPlan, RepairReport } from "#repository";
import { formatInstant, toRfc3339Nano } from "#time";
import { type AuditFacts, audited } from "../audit.ts";
import type { CommandContext } from "../command.ts";
import { confirmed } from "../confirm.ts";
import { openCopy } from "../copy-access.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { readingsOf } from "../pack-readings-file.ts";
import { openSite } from "../site.ts";
import { plural, safeText } from "../text.ts";

export async function run(context: CommandContext): Promise<ExitCode> {
  const { output, surroundings, arguments: typed } = context;
  const site = await openSite(context);
  await using opened = await openCopy(context, site, { verb: "repair" });
  const { repository } = opened;
  const progress = output.progress(surroundings.clockMs);
  const dryRun = typed.has("dry-run");
  let isShown = false;
  const repair = async (): Promise<RepairReport> =>
    await repository.repair({
      readData: typed.has("read-data"),
      dropLost: typed.has("drop-lost"),
      dryRun,
      readings: readingsOf(context, repository.id),
      now: surroundings.now,
      signal: surroundings.signal,
      onProgress: ({ done, total, bytes }) =>
        progress.update({ label: "read", unit: "packs", done, total, bytesDone: bytes }),
      approve: async (plan) => {
        progress.finish();
        isShown = true;
        await tellPlan(plan, { context, zone: site.zone });
        return await confirmed("Repair it so?", context);
      },
    });
  const change = { context, verb: "repair", repository, facts: changeFacts };
  const { result: report, audit } = dryRun
    ? { result: await repair(), audit: undefined }
    : await audited(change, repair);
  progress.finish();
  if (!isShown) await tellPlan(report.plan, { context, zone: site.zone });
  return await tellResult(report, { context, dryRun, audit });
}

function changeFacts({ plan, repairedSnapshots, ...counts }: RepairReport): AuditFacts {
  return {
    ...counts,
    damagedPacks: plan.damagedPacks.map(({ packId }) => packId),
    repaired: repairedSnapshots.map(({ id }) => id),
    lost: plan.lostCount,
  };
}

type Telling = { readonly context: CommandContext; readonly zone: string };

/** A document names all that is listed; a person gets some of each kind. */
const shown = 20;

async function tellPlan(plan: RepairPlan, { context, zone }: Telling): Promise<void> {
  const { output } = context;
  const lost = plan.lost.map(({ timeNs, other, ...rest }) => ({
    ...rest,
    time: toRfc3339Nano(timeNs),
    ...(other === undefined
      ? {}
      : { other: { snapshot: other.snapshot, time: toRfc3339Nano(other.timeNs) } }),
  }));
  await output.document({ type: "plan", ...plan, lost });
  for (const section of [...sectionsOf(plan), lostSection(plan, zone)]) {
    const { title, lines, count = lines.length } = section;
    if (count === 0) continue;
    await output.text(`${title}\n`);
    for (const line of lines.slice(0, shown)) await output.text(`  ${safeText(line)}\n`);
    if (count > shown)
      await output.text(`  and ${plural(count - shown, "more", "more")}; --json names them\n`);
  }
}

type Section = {
  readonly title: string;
  readonly lines: readonly string[];
  readonly count?: number;
};

function sectionsOf(plan: RepairPlan): readonly Section[] {
  const short = (ids: readonly string[]): readonly string[] => ids.map((id) => id.slice(0, 8));
  return [
    {
      title: "Index files that cannot be read; a new one says what they said:",
      lines: short(plan.damagedIndexes),
    },
    { title: "Index files that say what is not so; replaced:", lines: short(plan.wrongIndexes) },
    { title: "Packs that are gone; taken out of the index:", lines: short(plan.missingPacks) },
    {
      title: "Damaged packs; what can be read of them is stored in new ones:",
      lines: plan.damagedPacks.map(
        ({ packId, state, saved, lost, isRemoved }) =>
          `${packId.slice(0, 8)}: ${state}; ${saved} saved, ${lost} lost; the file is ${isRemoved ? "removed" : "left, and in no index"}`,
      ),
    },
    {
      title: "Packs that no index names; the new one does:",
      lines: short(plan.adoptedPacks),
    },
    {
      title:
        "Packs of which nothing can be told, since neither an index nor a header can be read; left as they are:",
      lines: short(plan.unreadablePacks),
    },
    {
      title: "Snapshot files that cannot be read; left as they are, take them from another copy:",
      lines: plan.damagedSnapshots,
    },
  ];
}

function lostSection({ lost, lostCount }: RepairPlan, zone: string): Section {
  const lines = lost.map(({ path, kind, snapshot, timeNs, state, other }) => {
    const help =
      other === undefined
        ? "no other moment has it"
        : `moment ${other.snapshot.slice(0, 8)} of ${formatInstant(other.timeNs, zone)} has a version of it`;
    return `${kind} ${path} of moment ${snapshot.slice(0, 8)} (${formatInstant(timeNs, zone)}): ${state}; ${help}`;
  });
  return {
    title: "Lost, and stays lost unless a capture still finds it:",
    lines,
    count: lostCount,
  };
}

async function tellResult(
  report: RepairReport,
  {
    context: { output },
    dryRun,
    audit,
  }: {
    readonly context: CommandContext;
    readonly dryRun: boolean;
    readonly audit: string | undefined;
  },
): Promise<ExitCode> {
  const { plan, done, ...counts } = report;
  const { isNeeded, lostCount, incompleteSnapshots, packsRead, packs } = plan;
  await output.document({
    type: "summary",
    verb: "repair",
    ok: lostCount === 0 && (done || !isNeeded),
    dryRun,
    done,
    ...counts,
    lost: lostCount,
    incompleteMoments: incompleteSnapshots.length,
    ...(audit === undefined ? {} : { audit }),
  });
  for (const { original, id } of report.repairedSnapshots)
    await output.text(`Moment ${original.slice(0, 8)} without what is lost: ${id.slice(0, 8)}\n`);
  const depth =
    packsRead < packs
      ? `; ${plural(packs - packsRead, "pack")} of ${packs} were not read, --read-data reads them`
      : "";
  const state = done
    ? `Repaired: ${plural(counts.newPacks, "pack")} and ${plural(counts.newIndexes, "index file")} written, ${plural(counts.removedPacks, "pack")} and ${plural(counts.removedIndexes, "index file")} removed`
    : isNeeded
      ? dryRun
        ? "Nothing was changed. Run again without --dry-run"
        : "Nothing was changed"
      : lostCount > 0
        ? "There is nothing that a repair could mend"
        : "There is nothing to repair";
  await output.text(`${state}${depth}.\n`);
  if (lostCount > 0) {
    const lacking = plural(incompleteSnapshots.length, "moment");
    await output.text(
      `${output.style("red", `${plural(lostCount, "name")} lost`)} in ${lacking}. A capture of the living store brings back what it still has.\n`,
    );
  }
  if (!done && isNeeded && !dryRun) return exitCodes.refused;
  return lostCount > 0 ? exitCodes.partial : exitCodes.done;
}
