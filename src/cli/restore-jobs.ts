import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { resolve } from "node:path";
import { type Image, joinRawPath, rawBaseName, type RawPath, rawPathFromText } from "#image";
import { planRestore, type RestoreMode, type RestorePlan } from "#recovery";
import { CliError } from "./cli-error.ts";
import type { CommandContext } from "./command.ts";
import { absoluteOf, type MomentView } from "./moment-view.ts";
import { type IntoFolder, intoFolder } from "./restore-into.ts";
import { messageFolders, type Scope } from "./scope.ts";
import { safeText } from "./text.ts";

/** One part of the Image, and the place that it is restored to. */
export type RestoreJob = {
  /** As a person named it. */
  readonly shown: string;
  readonly from: RawPath;
  readonly target: RawPath;
  readonly into?: IntoFolder;
};

export type JobOptions = { readonly view: MomentView; readonly context: CommandContext };

/** What goes where: to --to DIR, into --into FOLDER of the living mailbox, or back to where it was. */
export async function restoreJobs(
  scopes: readonly Scope[],
  { view, context }: JobOptions,
): Promise<readonly RestoreJob[]> {
  const to = context.arguments.text("to");
  const into = context.arguments.text("into");
  if (to !== undefined && into !== undefined)
    throw new CliError("cli.usage", "Cannot restore with both --to and --into", {
      hint: "Choose one place.",
    });
  refuseSharedFiles(scopes);
  if (into !== undefined) return await jobsInto(into, scopes, view);
  if (to === undefined)
    return scopes.flatMap(({ shown, parts }) =>
      parts.map((from) => ({ shown, from, target: placeOf(view.root, from, scopes) })),
    );
  const folder = rawPathFromText(resolve(context.surroundings.workingFolder, to));
  return scopes.flatMap((scope) => jobsTo(folder, scope, scopes.length > 1));
}

/** What lies in files with other mail cannot be put back as files. */
function refuseSharedFiles(scopes: readonly Scope[]): void {
  const shared = scopes.find(({ parts }) => parts.length === 0);
  if (shared === undefined) return;
  throw new CliError(
    "cli.usage",
    `Cannot restore "${safeText(shared.shown)}" as files: its messages lie in files that hold other mail too (${shared.account?.layout ?? "shared"})`,
    {
      hint: "Restore the whole mailbox with --to DIR, or save the message with `restante show`.",
    },
  );
}

/** A single file goes into the folder that it was in. */
function placeOf(root: RawPath, from: RawPath, scopes: readonly Scope[]): RawPath {
  const isFile = scopes.some(
    ({ path, entry }) => path === from && entry !== undefined && entry.type !== "directory",
  );
  const absolute = absoluteOf(root, from);
  return isFile ? (absolute.slice(0, absolute.lastIndexOf("/")) as RawPath) : absolute;
}

/** One target takes the folder's place; of several each keeps its own path below it. */
function jobsTo(
  folder: RawPath,
  { shown, path, parts }: Scope,
  isOneOfMany: boolean,
): readonly RestoreJob[] {
  const base = isOneOfMany ? joinRawPath(folder, path) : folder;
  if (parts.length === 1) return parts.map((from) => ({ shown, from, target: base }));
  // What a server keeps apart lies elsewhere, often under the same name.
  const isApart = parts.some((from) => !from.startsWith(`${path}/`));
  const nameOf = (from: RawPath): RawPath => (isApart ? from : rawBaseName(from));
  return parts.map((from) => ({ shown, from, target: joinRawPath(base, nameOf(from)) }));
}

async function jobsInto(
  folder: string,
  scopes: readonly Scope[],
  { root }: MomentView,
): Promise<readonly RestoreJob[]> {
  const jobs: RestoreJob[] = [];
  for (const { shown, path, account, entry } of scopes) {
    if (account === undefined || (entry !== undefined && entry.type !== "directory")) {
      throw new CliError(
        "cli.usage",
        `Cannot put "${safeText(shown)}" into a folder of a mailbox: it is no folder of mail`,
        { hint: "Leave --into out, or name a mail folder." },
      );
    }
    const into = await intoFolder(folder, account, root);
    for (const name of messageFolders)
      jobs.push({
        shown,
        from: joinRawPath(path, name),
        target: joinRawPath(into.path, name),
        into,
      });
  }
  return jobs;
}

export function restoreMode({ arguments: typed }: CommandContext): RestoreMode {
  if (typed.has("exact") && typed.has("missing"))
    throw new CliError("cli.usage", "Cannot restore both --exact and --missing", {
      hint: "--missing deletes nothing and is the default.",
    });
  return typed.has("exact") ? "exact" : "additive";
}

/** What each job would do. Writes nothing. */
export async function planJobs(
  image: Image,
  jobs: readonly RestoreJob[],
  context: CommandContext,
): Promise<readonly RestorePlan[]> {
  const { surroundings, output } = context;
  const progress = output.progress(surroundings.clockMs);
  const plans: RestorePlan[] = [];
  for (const { from, target } of jobs) {
    plans.push(
      await planRestore(image, {
        scope: from,
        target,
        mode: restoreMode(context),
        ...restoreClock(context),
        signal: surroundings.signal,
        onProgress: ({ phase, done, total }) =>
          progress.update({ label: phase, unit: "entries", done, total }),
      }),
    );
  }
  progress.finish();
  return plans;
}

export function restoreClock({ surroundings }: CommandContext): {
  readonly now: () => number;
  readonly unique: () => string;
} {
  return {
    now: () => Number(surroundings.now() / 1_000_000n),
    unique: () => randomBytes(8).toString("hex"),
  };
}

/** In place on another machine than the one that was captured is seldom meant. */
export function isOtherMachine({ chosen }: MomentView): boolean {
  return chosen.point.hostname !== hostname();
}
