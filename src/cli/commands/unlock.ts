import { type HeldLock, type HeldLocks, isOver, lockStateText } from "#repository";
import { formatInstant, toRfc3339Nano } from "#time";
import { audited } from "../audit.ts";
import type { CommandContext } from "../command.ts";
import { confirmed } from "../confirm.ts";
import { openCopy } from "../copy-access.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import type { JsonDocument } from "../output.ts";
import { openSite } from "../site.ts";
import { plural, safeText } from "../text.ts";

export async function run(context: CommandContext): Promise<ExitCode> {
  const { output, surroundings } = context;
  const site = await openSite(context);
  await using opened = await openCopy(context, site, { verb: "unlock" });
  const { repository } = opened;
  const { now, signal } = surroundings;
  const held = await repository.locks({ now, signal });
  const over = held.locks.filter(isOver);
  const living = held.locks.filter((lock) => !isOver(lock));
  const rest = living.length + held.unreadable.length;
  const all = context.arguments.has("remove-all");
  const show: Show = { context, zone: site.zone };
  if (all && rest > 0) {
    await tellLeft({ ...held, locks: living }, show);
    output.warning(
      "a run that still works goes on without its lock until it notices; together with a prune that may cost data",
    );
    if (!(await confirmed(`Remove ${plural(rest, "lock")} all the same?`, context)))
      return exitCodes.refused;
  }
  const going = all ? held.locks : over;
  const ids = [...going.map(({ id }) => id), ...(all ? held.unreadable.map(({ id }) => id) : [])];
  let removed: readonly string[] = [];
  let audit: string | undefined;
  if (ids.length > 0) {
    const holders = going.map(({ hostname, pid }) => `${hostname} ${pid}`);
    const planned = { all, locks: ids, holders };
    ({ result: removed, audit } = await audited(
      { context, verb: "unlock", repository, planned, facts: (gone) => ({ removed: gone }) },
      async () => await repository.removeLocks(ids),
    ));
  }
  const left: HeldLocks = all ? { locks: [], unreadable: [] } : { ...held, locks: living };
  await output.document({
    type: "unlocked",
    removed,
    ...(audit === undefined ? {} : { audit }),
    left: left.locks.map(lockJson),
    unreadable: left.unreadable,
  });
  for (const lock of going)
    await output.text(`removed ${lineOf(lock, show)}${all ? "" : `\n  ${lockStateText(lock)}`}\n`);
  await tellLeft(left, show);
  if (held.locks.length + held.unreadable.length === 0) await output.text("There is no lock.\n");
  return exitCodes.done;
}

type Show = { readonly context: CommandContext; readonly zone: string };

async function tellLeft({ locks, unreadable }: HeldLocks, show: Show): Promise<void> {
  const { output } = show.context;
  for (const lock of locks)
    await output.text(`left    ${lineOf(lock, show)}\n  ${safeText(lockStateText(lock))}\n`);
  for (const { id, problem } of unreadable)
    await output.text(
      `left    ${id.slice(0, 8)}\n  ${safeText(problem)}; it holds nobody up. --remove-all removes it.\n`,
    );
}

/** "1a2b3c4d  exclusive  mx2, process 77, user root, since Mon 23 Nov 2026 …". */
function lineOf(lock: HeldLock, { zone }: Show): string {
  const { id, exclusive, hostname, pid, username, sinceNs, writtenNs } = lock;
  const since =
    sinceNs === undefined
      ? `written ${formatInstant(writtenNs, zone)}`
      : `since ${formatInstant(sinceNs, zone)}, refreshed ${formatInstant(writtenNs, zone)}`;
  const kind = exclusive ? "exclusive" : "shared";
  return `${id.slice(0, 8)}  ${kind}  ${safeText(hostname)}, process ${pid}, user ${safeText(username)}, ${since}`;
}

function lockJson(lock: HeldLock): Omit<JsonDocument, "type"> {
  const { writtenNs, sinceNs, staleAtNs, ...rest } = lock;
  return {
    ...rest,
    written: toRfc3339Nano(writtenNs),
    ...(sinceNs === undefined ? {} : { since: toRfc3339Nano(sinceNs) }),
    staleAt: toRfc3339Nano(staleAtNs),
    why: lockStateText(lock),
  };
}
