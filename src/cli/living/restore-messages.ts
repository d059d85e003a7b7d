import { randomBytes } from "node:crypto";
import { asError } from "#errors";
import type { MailAccount } from "#mail";
import type { Job, Records } from "#records";
import {
  applyMessages,
  type FlagPolicy,
  flagPolicies,
  isLivingError,
  type LivingAccount,
  type MessagePlan,
  messageJobKind,
  type MessageResult,
  type MessageSelection,
  planMessages,
  settleMessages,
} from "#recovery";
import { audited } from "../audit.ts";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { confirmed } from "../confirm.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { recordsOf } from "../job-records.ts";
import { accountAddress } from "../mailbox-address.ts";
import { momentText } from "../moments.ts";
import type { MomentView } from "../moment-view.ts";
import { restoreMode } from "../restore-jobs.ts";
import type { Scope } from "../scope.ts";
import { accountsIn, selectionOf } from "../selected-mail.ts";
import { plural, safeText } from "../text.ts";
import { LivingServer } from "./living-server.ts";
import type { LivingPlace } from "./living-place.ts";
import { finish, questionOf, showPlan, sumOf } from "./messages-report.ts";

/** One owner's mail of the moment, and what became of it. */
export type AccountRestore = {
  /** As a person named it, or whose it is. */
  readonly shown: string;
  readonly owner: string;
  readonly user: string;
  readonly account: MailAccount;
  readonly selection: MessageSelection;
  plan?: MessagePlan;
  result?: MessageResult;
  jobId?: string;
  error?: Error;
};

export type RestoringMessages = {
  readonly view: Pick<MomentView, "site" | "chosen" | "replay"> & {
    readonly opened: Pick<MomentView["opened"], "copy" | "repository">;
  };
  readonly context: CommandContext;
  readonly place: LivingPlace;
  readonly startedMs: number;
};

type RestoringView = RestoringMessages & { readonly view: MomentView };

/**
 * Puts messages back into a running server: owner by owner, first the preview of all, then, after a
 * person's word, one job for each. What goes wrong with one owner does not keep the others.
 */
export async function restoreMessages(
  scopes: readonly Scope[],
  restoring: RestoringView,
): Promise<ExitCode> {
  flagPolicyOf(restoring.context);
  return await restoreAccounts(await accountRestores(scopes, restoring), restoring);
}

/** The same with the mail of these owners, wherever it is from. Exit code 2 where one login cannot be meant for all. */
export async function restoreAccounts(
  restores: readonly AccountRestore[],
  restoring: RestoringMessages,
): Promise<ExitCode> {
  const { context, place } = restoring;
  const { output } = context;
  flagPolicyOf(context);
  requireLogins(restores, place);
  const server = new LivingServer(place, context);
  for (const restore of restores) {
    await tolerating(restore, restores, async () => {
      await using living = await server.open(restore.user);
      restore.plan = await planOne(restore, { living, context });
    });
    await showPlan(restore, context);
  }
  const counts = sumOf(restores);
  const changes = restores.reduce((sum, one) => sum + changesOf(one), 0);
  const isDryRun = context.arguments.has("dry-run");
  if (!isDryRun && changes > 0) {
    if (!(await confirmed(questionOf(counts), context))) return exitCodes.refused;
    for (const restore of restores) {
      if (changesOf(restore) === 0) continue;
      await tolerating(
        restore,
        restores,
        async () => await applyOne(restore, { server, restoring }),
      );
    }
  }
  const failed = await finish(restores, { ...restoring, isDone: !isDryRun && changes > 0 });
  if (isDryRun) await output.text("Nothing was changed. Run again without --dry-run.\n");
  return failed > 0 ? exitCodes.partial : exitCodes.done;
}

/** Whose mail it is; exit code 22 where it is nobody's. */
async function accountRestores(
  scopes: readonly Scope[],
  { view, context, place }: RestoringView,
): Promise<readonly AccountRestore[]> {
  const { signal } = context.surroundings;
  const found: AccountRestore[] = [];
  for (const scope of scopes) {
    const selection = selectionOf(scope);
    for (const account of await accountsIn(scope, { image: view.image, root: view.root, signal })) {
      const address = accountAddress(account, view.root);
      const user = place.user ?? address;
      const shown = scope.account === undefined ? address : scope.shown;
      found.push({ shown, user, owner: address, account, selection });
    }
  }
  if (found.length === 0) {
    throw new CliError(
      "cli.nothing-matched",
      `Cannot put "${safeText(view.target.shown)}" back into a server: it is no mail`,
      { hint: "Name a mailbox, a folder of mail or a message; `restante ls` shows them." },
    );
  }
  return found;
}

function requireLogins(restores: readonly AccountRestore[], place: LivingPlace): void {
  const owners = new Set(restores.map(({ owner }) => owner));
  if (owners.size <= 1 || (place.user === undefined && isForAll(place))) return;
  throw new CliError(
    "cli.usage",
    `Cannot log in for ${plural(owners.size, "owner")}: ${place.user === undefined ? "no master user was named" : "--imap-user names one"}`,
    { hint: "Name a master user with --imap-master, who may log in as each of them." },
  );
}

/** Whether it lets in as every owner. */
function isForAll({ master, doveadm }: LivingPlace): boolean {
  return master !== undefined || doveadm !== undefined;
}

/** With several owners an error is one's own; with one it ends the run. */
async function tolerating(
  restore: AccountRestore,
  all: readonly AccountRestore[],
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (all.length === 1 || !isLivingError(error) || error.code === "living.insecure") throw error;
    restore.error = asError(error);
  }
}

async function planOne(
  { account, selection, shown }: AccountRestore,
  { living, context }: { readonly living: LivingAccount; readonly context: CommandContext },
): Promise<MessagePlan> {
  const { arguments: typed, output, surroundings } = context;
  const into = typed.text("into");
  const flags = flagPolicyOf(context);
  const progress = output.progress(surroundings.clockMs);
  const plan = await planMessages({
    account,
    living,
    selection,
    mode: restoreMode(context),
    ...(flags === undefined ? {} : { flags }),
    ...(into === undefined ? {} : { into }),
    evenMoved: typed.has("even-moved"),
    ...(typed.has("compare-all") ? { compareAll: true } : {}),
    signal: surroundings.signal,
    onProgress: ({ phase, done, total }) =>
      progress.update({ label: `${phase} ${safeText(shown)}`, unit: "messages", done, total }),
  });
  progress.finish();
  return plan;
}

export function flagPolicyOf({ arguments: typed }: CommandContext): FlagPolicy | undefined {
  const text = typed.text("flags");
  const policy = flagPolicies.find((known) => known === text);
  if (text === undefined || policy !== undefined) return policy;
  throw new CliError(
    "cli.usage",
    `Cannot restore with --flags ${safeText(text)}: there are ${flagPolicies.join(", ")}`,
    { hint: "past: as they were; now: as they are; union: all of both." },
  );
}

/** What is going to be different on the server. */
function changesOf({ plan }: AccountRestore): number {
  return (plan?.steps ?? []).filter((step) => {
    if (step.kind === "merge") return String(step.before) !== String(step.after);
    return step.kind === "create" || step.kind === "delete" || step.kind === "make-mailbox";
  }).length;
}

async function applyOne(
  restore: AccountRestore,
  { server, restoring }: { readonly server: LivingServer; readonly restoring: RestoringMessages },
): Promise<void> {
  const { view, context } = restoring;
  const { plan, account, shown, user } = restore;
  if (plan === undefined) return;
  const records = await recordsOf(context);
  await using _lock = await records.lock(plan.location);
  await using living = await server.open(user);
  await settleOthers(records, { living, context });
  await using job = await beginJob(records, { restore, plan, restoring });
  restore.jobId = job.id;
  const { surroundings, output } = context;
  const progress = output.progress(surroundings.clockMs);
  const { mode, flags, location } = plan;
  const { result } = await audited(
    {
      context,
      verb: "restore",
      repository: { id: view.opened.repository?.id ?? view.opened.copy.name, location },
      planned: { job: job.id, moment: view.chosen.point.id, mode, mailbox: shown, flags },
      facts: ({ counts }) => ({ ...counts }),
    },
    async () =>
      await applyMessages(plan, {
        account,
        living,
        job,
        signal: surroundings.signal,
        onProgress: ({ phase, done, total, bytes }) =>
          progress.update({
            label: `${phase} ${safeText(shown)}`,
            unit: "messages",
            done,
            total,
            bytesDone: bytes,
            bytesTotal: plan.bytes,
          }),
      }),
  );
  progress.finish();
  restore.result = result;
}

type Beginning = {
  readonly restore: AccountRestore;
  readonly plan: MessagePlan;
  readonly restoring: RestoringMessages;
};

/** Its record says where and as whom an undo logs in; the password is none of it. */
async function beginJob(
  records: Records,
  { restore: { shown, user }, plan, restoring }: Beginning,
): Promise<Job> {
  const { view, context, place } = restoring;
  const { host, port, security } = place.server;
  return await records.begin(
    {
      kind: messageJobKind,
      about: `${shown} as of ${momentText(view.chosen, view.site.zone)} to ${plan.location}`,
      startedMs: Number(context.surroundings.now() / 1_000_000n),
    },
    {
      unique: randomBytes(4).toString("hex"),
      more: {
        location: plan.location,
        ...(place.doveadm === undefined
          ? { server: { host, port, security } }
          : { doveadm: place.doveadm }),
        authorityPath: place.authorityPath,
        user,
        master: place.master,
        passwordSource: place.passwordSource,
        moment: view.chosen.point.id,
        mode: plan.mode,
        flags: plan.flags,
      },
    },
  );
}

/** Of restores into the same account that were interrupted: what they appended must be known before more comes. */
async function settleOthers(
  records: Records,
  { living, context }: { readonly living: LivingAccount; readonly context: CommandContext },
): Promise<void> {
  for (const { id, kind, head, last, isRunning } of await records.list()) {
    if (kind !== messageJobKind || head["location"] !== living.location) continue;
    if (isRunning || last.is === "done" || last.is === "undone") continue;
    await using job = await records.take(id);
    await settleMessages({ living, job, signal: context.surroundings.signal });
    context.output.note(
      `job ${id} was interrupted; what it put back is known, and can be taken back with \`restante undo ${id}\``,
    );
  }
}
