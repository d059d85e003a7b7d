import { quoted } from "#errors";
import type { JobLine, JobSummary, Records } from "#records";
import {
  type DoveadmOptions,
  doveadmServer,
  type ImapServer,
  type UndoCounts,
  undoMessages,
  type UndoResult,
} from "#recovery";
import { audited } from "../audit.ts";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { confirmed } from "../confirm.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import type { PasswordSource } from "../passwords.ts";
import { countText, safeText } from "../text.ts";
import { type LivingPlace, serverOf } from "./living-place.ts";
import { LivingServer } from "./living-server.ts";

/** Takes back what a restore did on a running server: looks first, asks, then does it. */
export async function undoMessagesJob(
  summary: JobSummary,
  { records, context }: { readonly records: Records; readonly context: CommandContext },
): Promise<ExitCode> {
  const { output, surroundings } = context;
  const { signal } = surroundings;
  const { place, user, location } = await placeOf(summary);
  const server = new LivingServer(place, context);
  await using _lock = await records.lock(location);
  await using living = await server.open(user);
  await using job = await records.take(summary.id);
  const isDryRun = context.arguments.has("dry-run");
  const preview = await undoMessages({ living, job, dryRun: true, signal });
  await output.document({ type: "plan", job: summary.id, location, ...preview });
  await output.text(`${safeText(summary.about)}\n  ${undoText(preview.counts)}\n`);
  for (const note of preview.notes) output.warning(safeText(note));
  if (isDryRun) {
    await output.text("Nothing was changed. Run again without --dry-run.\n");
    return exitCodes.done;
  }
  const { removed, flagsBack, putBack, mailboxesRemoved } = preview.counts;
  const changes = removed + flagsBack + putBack + mailboxesRemoved;
  const question = `Take it back? ${countText(removed)} that were created go.`;
  if (changes > 0 && !(await confirmed(question, context))) return exitCodes.refused;
  const { result } = await audited(
    {
      context,
      verb: "undo",
      repository: { id: summary.id, location },
      facts: ({ counts }: UndoResult) => ({ ...counts }),
    },
    async () => await undoMessages({ living, job, signal }),
  );
  await output.document({ type: "summary", verb: "undo", job: summary.id, location, ...result });
  await output.text(`Undone: ${undoText(result.counts)}\n`);
  for (const note of result.notes) output.note(safeText(note));
  return result.counts.failed > 0 ? exitCodes.partial : exitCodes.done;
}

function undoText(counts: UndoCounts): string {
  const { removed, flagsBack, putBack, mailboxesRemoved, left, failed } = counts;
  return [
    `removed ${countText(removed)}`,
    `flags back ${countText(flagsBack)}`,
    `put back ${countText(putBack)}`,
    `folders removed ${countText(mailboxesRemoved)}`,
    `left ${countText(left)}`,
    `failed ${countText(failed)}`,
  ].join("   ");
}

/** Where and as whom the restore logged in; the password is none of its record. */
async function placeOf({ id, head }: JobSummary): Promise<{
  readonly place: LivingPlace;
  readonly user: string;
  readonly location: string;
}> {
  const server = head["server"] as Partial<ImapServer> | undefined;
  const { user, location, master, authorityPath } = textsOf(head);
  const { host, port, security } = server ?? {};
  const doveadm = doveadmOf(head["doveadm"]);
  if (doveadm !== undefined && user !== undefined && location !== undefined)
    return { user, location, place: { server: doveadmServer(doveadm), doveadm } };
  if (
    typeof host !== "string" ||
    typeof port !== "number" ||
    (security !== "tls" && security !== "starttls" && security !== "none") ||
    user === undefined ||
    location === undefined
  ) {
    throw new CliError(
      "cli.usage",
      `Cannot undo job ${quoted(id)}: its record does not say on which server it was`,
      { hint: "Use the version that made it, or a newer one." },
    );
  }
  const source = head["passwordSource"] as PasswordSource | undefined;
  return {
    user,
    location,
    place: {
      server: await serverOf({ host, port, security, authorityPath }),
      ...(master === undefined ? {} : { master }),
      ...(source === undefined ? {} : { passwordSource: source }),
    },
  };
}

/** Nothing but a file of its configuration: which program is run is none of a record. */
function doveadmOf(value: unknown): DoveadmOptions | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { configurationFile } = value as { readonly configurationFile?: unknown };
  return typeof configurationFile === "string" ? { configurationFile } : {};
}

function textsOf(head: JobLine): {
  readonly user: string | undefined;
  readonly location: string | undefined;
  readonly master: string | undefined;
  readonly authorityPath: string | undefined;
} {
  const text = (name: string): string | undefined => {
    const value = head[name];
    return typeof value === "string" ? value : undefined;
  };
  return {
    user: text("user"),
    location: text("location"),
    master: text("master"),
    authorityPath: text("authorityPath"),
  };
}
