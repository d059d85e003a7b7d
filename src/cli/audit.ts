import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { isRecoveryError, systemErrorCode } from "#errors";
import type { Repository } from "#repository";
import { toRfc3339Nano } from "#time";
import { appendAudit, auditFileName } from "./audit-file.ts";
import { CliError } from "./cli-error.ts";
import type { CommandContext } from "./command.ts";
import { isInterruption } from "./exit-codes.ts";
import { ownFolder, stateFolder } from "./folders.ts";
import { safeText } from "./text.ts";

/** What was changed: IDs, names and counts, never a secret. */
export type AuditFacts = Readonly<
  Record<string, string | number | boolean | readonly string[] | undefined>
>;

export type AuditedChange<Result> = {
  readonly context: Pick<CommandContext, "surroundings" | "output">;
  /** As it was typed: "key add", "expire". */
  readonly verb: string;
  readonly repository: Pick<Repository, "id" | "location">;
  /** What is going to be changed, as far as it is known before; recorded too where it fails. */
  readonly planned?: AuditFacts;
  /** What was changed, of a change that was done. */
  readonly facts?: (result: Result) => AuditFacts;
};

/**
 * Runs a change of a repository and records it in the state folder's audit.jsonl: when, who, which
 * repository, what, and what came of it. The line is on stable storage when this returns, so before
 * anybody is told of the success. Returns the line's hash with the result.
 *
 * Throws what the change throws, recorded as failed; and `cli.not-audited` where the change was done
 * and could not be recorded.
 */
export async function audited<Result>(
  change: AuditedChange<Result>,
  work: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly audit: string }> {
  const { context, verb, repository, planned = {} } = change;
  let result: Result;
  try {
    result = await work();
  } catch (error) {
    const outcome = isInterruption(error) ? "interrupted" : "failed";
    const code = isRecoveryError(error) ? error.code : "bug";
    // What went wrong first is what is thrown.
    await record(change, {
      outcome,
      ...(outcome === "failed" ? { error: code } : {}),
      planned,
    }).catch((cause: unknown) =>
      context.output.warning(`it was not recorded in ${auditFileName}: ${reasonOf(cause)}`),
    );
    throw error;
  }
  const facts = { ...planned, ...change.facts?.(result) };
  try {
    return { result, audit: await record(change, { outcome: "done", planned: facts }) };
  } catch (cause) {
    throw new CliError(
      "cli.not-audited",
      `Cannot record in "${safeText(auditPath(change))}" that ${verb} was done in "${safeText(repository.location)}": ${reasonOf(cause)}; it is done all the same`,
      {
        hint: `Do not run it again. Make the state folder writable, with some space, and note by hand: ${shortText(facts)}`,
        cause,
      },
    );
  }
}

type Line = {
  readonly outcome: "done" | "failed" | "interrupted";
  readonly error?: string;
  readonly planned: AuditFacts;
};

async function record(
  change: Pick<AuditedChange<never>, "context" | "verb" | "repository">,
  { planned, ...came }: Line,
): Promise<string> {
  const { context, verb, repository } = change;
  const folder = await ownFolder(auditFolder(change));
  const { environment, now } = context.surroundings;
  const sudoUser = environment["SUDO_USER"];
  return await appendAudit(folder, {
    at: toRfc3339Nano(now()),
    verb,
    repository: repository.id,
    location: repository.location,
    ...who(),
    ...(sudoUser === undefined || sudoUser === "" ? {} : { sudoUser }),
    ...came,
    what: planned,
  });
}

function auditFolder({ context }: Pick<AuditedChange<never>, "context">): string {
  return stateFolder(context.surroundings.environment, { isRoot: process.geteuid?.() === 0 });
}

function auditPath(change: Pick<AuditedChange<never>, "context">): string {
  return join(auditFolder(change), auditFileName);
}

function who(): {
  readonly user: string;
  readonly uid: number;
  readonly host: string;
  readonly pid: number;
} {
  const uid = process.getuid?.() ?? 0;
  return { user: userName() ?? String(uid), uid, host: hostname(), pid: process.pid };
}

/** A container's user may have no entry in /etc/passwd. */
function userName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}

const longestHint = 400;

function shortText(facts: AuditFacts): string {
  const text = JSON.stringify(facts);
  return safeText(text.length <= longestHint ? text : `${text.slice(0, longestHint)}…`);
}

function reasonOf(error: unknown): string {
  return systemErrorCode(error) ?? (error instanceof Error ? error.message : String(error));
}
