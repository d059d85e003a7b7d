import { errorToJson } from "#errors";
import type {
  FlagPolicy,
  MessageCounts,
  MessageFailure,
  MessagePlan,
  MessageStep,
} from "#recovery";
import { formatBytes, formatDuration } from "#time";
import type { CommandContext } from "../command.ts";
import { viewMomentJson } from "../moment-view.ts";
import { countText, plural, safeText } from "../text.ts";
import type { AccountRestore, RestoringMessages } from "./restore-messages.ts";

/** Rows that want a look are shown one by one up to here. */
const shownRows = 20;

/** The preview of one owner. */
export async function showPlan(
  { shown, plan, error }: AccountRestore,
  { output }: CommandContext,
): Promise<void> {
  if (plan === undefined) {
    if (error === undefined) return;
    await output.document({ type: "failed-account", scope: shown, ...errorToJson(error) });
    output.warning(`${safeText(shown)}: ${safeText(error.message)}`);
    return;
  }
  await output.document({ type: "plan", scope: shown, ...planJson(plan) });
  const removal =
    plan.counts.deleted === 0
      ? "nothing will be deleted"
      : `deleted ${countText(plan.counts.deleted)}, kept for undo`;
  await output.text(
    `${safeText(shown)} to ${safeText(plan.location)}\n  ${messageCountsText(plan.counts, plan.flags)}      ${removal}\n`,
  );
  for (const line of remarks(plan).slice(0, shownRows)) await output.text(`  ${line}\n`);
  const more = remarks(plan).length - shownRows;
  if (more > 0) await output.text(`  … and ${countText(more)} more; --json has them all\n`);
  for (const warning of plan.warnings) output.warning(safeText(warning));
}

function remarks(plan: MessagePlan): readonly string[] {
  const made = of(plan, "make-mailbox").map(({ mailbox }) => `new folder ${safeText(mailbox)}`);
  const moved = [...movedTo(plan)].map(
    ([mailbox, count]) =>
      `${plural(count, "message")} moved: now in ${safeText(mailbox)} (--even-moved puts them back all the same)`,
  );
  const failures = failuresOf(plan).map(
    ({ mailbox, key, message }) =>
      `failed ${safeText(mailbox)} ${safeText(key)}: ${safeText(message)}`,
  );
  return [...made, ...moved, ...failures];
}

function of<Kind extends MessageStep["kind"]>(
  { steps }: MessagePlan,
  kind: Kind,
): readonly Extract<MessageStep, { readonly kind: Kind }>[] {
  return steps.filter(
    (step): step is Extract<MessageStep, { readonly kind: Kind }> => step.kind === kind,
  );
}

function movedTo(plan: MessagePlan): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { at } of of(plan, "moved")) counts.set(at, (counts.get(at) ?? 0) + 1);
  return counts;
}

function failuresOf(plan: MessagePlan): readonly MessageFailure[] {
  return [
    ...of(plan, "fail").map(({ wanted, note }) => ({
      mailbox: wanted.mailbox,
      key: wanted.stored.key,
      message: note,
    })),
    ...of(plan, "fail-mailbox").map(({ mailbox, note }) => ({ mailbox, key: "", message: note })),
  ];
}

function planJson(plan: MessagePlan): object {
  const { mode, flags, location, counts, bytes, livingRead, warnings } = plan;
  return {
    location,
    mode,
    flags,
    counts,
    bytes,
    livingRead,
    newMailboxes: of(plan, "make-mailbox").map(({ mailbox }) => mailbox),
    moved: Object.fromEntries(movedTo(plan)),
    warnings,
    failures: failuresOf(plan),
  };
}

export function questionOf({ created, merged, deleted }: MessageCounts): string {
  const removes =
    deleted === 0 ? "nothing will be deleted" : `${countText(deleted)} will be taken away`;
  return `Create ${countText(created)} and merge ${countText(merged)} on the running server; ${removes}. Go on?`;
}

export function sumOf(restores: readonly AccountRestore[]): MessageCounts {
  const total = { created: 0, merged: 0, moved: 0, skipped: 0, deleted: 0, failed: 0 };
  for (const { plan, result } of restores) {
    const counts = result?.counts ?? plan?.counts;
    if (counts === undefined) continue;
    for (const name of Object.keys(total) as (keyof MessageCounts)[]) total[name] += counts[name];
  }
  return total;
}

/** Reports what became of it; returns how much failed, owners that could not be reached included. */
export async function finish(
  restores: readonly AccountRestore[],
  { context, view, startedMs, isDone }: RestoringMessages & { readonly isDone: boolean },
): Promise<number> {
  const { output, surroundings } = context;
  const counts = sumOf(restores);
  const results = restores.flatMap(({ result }) => (result === undefined ? [] : [result]));
  const failures = results.flatMap((result) => result.failures);
  const incomplete = results.flatMap((result) => result.incomplete);
  await tell(failures, { context, type: "failure", what: "could not be restored" });
  await tell(incomplete, { context, type: "incomplete", what: "restored without a flag or date" });
  const elapsedMs = Math.round(surroundings.clockMs() - startedMs);
  const verified = results.reduce((sum, result) => sum + result.verified, 0);
  const bytes = results.reduce((sum, result) => sum + result.bytes, 0);
  const lost = restores.filter(({ error }) => error !== undefined);
  await output.document({
    type: "summary",
    verb: "restore",
    dryRun: !isDone,
    moment: viewMomentJson(view),
    counts,
    accounts: restores.length,
    failedAccounts: lost.length,
    jobs: restores.flatMap(({ jobId }) => (jobId === undefined ? [] : [jobId])),
    verified,
    bytes,
    elapsedMs,
  });
  if (isDone) {
    const flags = restores.find(({ plan }) => plan !== undefined)?.plan?.flags;
    await output.text(
      `Restored in ${formatDuration(elapsedMs)}: ${messageCountsText(counts, flags)}\n` +
        `${plural(verified, "message")} appended, ${formatBytes(bytes)}, each read back and found the same\n`,
    );
    for (const { jobId } of restores) {
      if (jobId !== undefined)
        await output.text(`To take it back: ${surroundings.program} undo ${jobId}\n`);
    }
  }
  return counts.failed + failures.filter(({ key }) => key === "").length + lost.length;
}

async function tell(
  failures: readonly MessageFailure[],
  {
    context: { output },
    type,
    what,
  }: { readonly context: CommandContext; readonly type: string; readonly what: string },
): Promise<void> {
  if (failures.length === 0) return;
  for (const failure of failures) await output.document({ type, ...failure });
  output.warning(`${plural(failures.length, "message")} ${what}:`);
  for (const { mailbox, key, message } of failures.slice(0, shownRows))
    output.warning(`${safeText(mailbox)} ${safeText(key)}: ${safeText(message)}`);
  if (failures.length > shownRows)
    output.warning(`… and ${countText(failures.length - shownRows)} more; --json has them all`);
}

/** "created 50   merged 20 (flags)   …". */
export function messageCountsText(
  { created, merged, moved, skipped, failed }: MessageCounts,
  flags: FlagPolicy | undefined,
): string {
  const kept = flags === "now" ? " (flags kept)" : " (flags)";
  return [
    `created ${countText(created)}`,
    `merged ${countText(merged)}${merged > 0 ? kept : ""}`,
    `moved ${countText(moved)}`,
    `skipped ${countText(skipped)}`,
    `failed ${countText(failed)}`,
  ].join("   ");
}
