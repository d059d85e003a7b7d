/*
 * What a restore of files writes into its job's journal:
 *
 *   head      root, undoFolder, mode                   of the job, with what is in every head
 *   steps     items: kind, to, at, type, size, mtime   what is going to be done
 *   created   paths                                    what is there now and was not; only once all is done
 *   done      counts, undoFolder
 *   undone    counts
 *
 * Paths are raw and below the root. Times are nanoseconds as text.
 */
import type { RawPath } from "#image";
import type { Job, JobLine } from "#records";
import { stepsOf } from "../new-files.ts";
import type { RestorePlan, RestoreResult, RestoreStep } from "../restore-plan.ts";

export const filesJobKind = "files";

export type FilesItem = {
  readonly kind: "create" | "merge" | "replace" | "delete";
  readonly to: RawPath;
  /** Where it was: of what is moved back or makes way. */
  readonly at?: RawPath;
  readonly type: "file" | "directory" | "symlink" | "other";
  readonly sizeBytes: number;
  readonly mtimeNs: string;
};

export type FilesState = {
  readonly root: RawPath;
  readonly undoFolder: RawPath | undefined;
  readonly items: readonly FilesItem[];
  /** What was created, where the restore came to its end. */
  readonly created: ReadonlySet<RawPath> | undefined;
};

const itemsAtOnce = 1000;

/** Before anything is done: on stable storage when this returns. */
export async function writeSteps(job: Job, plan: RestorePlan): Promise<void> {
  const items = [...stepsOf(plan)].flatMap(itemOf);
  const lines: JobLine[] = [];
  for (let from = 0; from < items.length; from += itemsAtOnce)
    lines.push({ is: "steps", items: items.slice(from, from + itemsAtOnce) });
  await job.write(lines, { durable: true });
}

/** After all is done. */
export async function writeOutcome(
  job: Job,
  { counts, undoFolder }: Pick<RestoreResult, "counts" | "undoFolder">,
  created: readonly RawPath[],
): Promise<void> {
  const lines: JobLine[] = [{ is: "created", paths: [] }];
  for (let from = 0; from < created.length; from += itemsAtOnce)
    lines.push({ is: "created", paths: created.slice(from, from + itemsAtOnce) });
  await job.write([...lines, { is: "done", counts, undoFolder }], { durable: true });
}

function itemOf(step: RestoreStep): readonly FilesItem[] {
  const { kind } = step;
  if (kind !== "create" && kind !== "merge" && kind !== "replace" && kind !== "delete") return [];
  const { to, entry } = step;
  const at = "at" in step ? { at: step.at } : {};
  const type =
    entry.type === "file" || entry.type === "directory" || entry.type === "symlink"
      ? entry.type
      : "other";
  return [{ kind, to, ...at, type, sizeBytes: entry.sizeBytes, mtimeNs: String(entry.mtimeNs) }];
}

export async function readFilesJournal(lines: AsyncIterable<JobLine>): Promise<FilesState> {
  let root = "" as RawPath;
  let undoFolder: RawPath | undefined;
  let created: Set<RawPath> | undefined;
  const items: FilesItem[] = [];
  for await (const line of lines) {
    if (line.is === "head") root = line["root"] as RawPath;
    if (line.is === "head" || line.is === "done")
      undoFolder = (line["undoFolder"] as RawPath | undefined) ?? undoFolder;
    if (line.is === "steps") items.push(...(line["items"] as readonly FilesItem[]));
    if (line.is === "created") {
      created ??= new Set();
      for (const path of line["paths"] as readonly RawPath[]) created.add(path);
    }
  }
  return { root, undoFolder, items, created };
}
