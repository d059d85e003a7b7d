/** Snapshot files (restic design: Snapshots). */
import { z } from "zod/mini";
import { parseRfc3339, toRfc3339Nano } from "#time";
import type { Snapshot, SnapshotSummary } from "./repository.ts";
import { RepositoryError } from "./repository-error.ts";
import { type UnpackedContext, loadUnpacked, parseJson, saveUnpacked } from "./unpacked-file.ts";

const id = z.string().check(z.regex(/^[0-9a-f]{64}$/));
const list = z.optional(z.nullable(z.array(z.string())));
const count = z.optional(z.number());

const summarySchema = z.object({
  backup_start: z.string(),
  backup_end: z.string(),
  files_new: count,
  files_changed: count,
  files_unmodified: count,
  dirs_new: count,
  dirs_changed: count,
  dirs_unmodified: count,
  data_blobs: count,
  tree_blobs: count,
  data_added: count,
  data_added_packed: count,
  total_files_processed: count,
  total_bytes_processed: count,
});

const snapshotSchema = z.object({
  time: z.string(),
  parent: z.optional(z.nullable(id)),
  tree: id,
  paths: list,
  hostname: z.optional(z.string()),
  username: z.optional(z.string()),
  uid: z.optional(z.number()),
  gid: z.optional(z.number()),
  excludes: list,
  tags: list,
  original: z.optional(z.nullable(id)),
  program_version: z.optional(z.string()),
  summary: z.optional(z.unknown()),
});

export async function loadSnapshot(
  context: UnpackedContext,
  name: string,
  signal?: AbortSignal,
): Promise<Snapshot> {
  const bytes = await loadUnpacked(context, "snapshot", {
    name,
    ...(signal === undefined ? {} : { signal }),
  });
  const what = `snapshot ${name.slice(0, 8)}`;
  const parsed = snapshotSchema.safeParse(parseJson(bytes, what));
  if (!parsed.success) throw damagedSnapshot(what, "it lacks fields of a snapshot", parsed.error);
  const value = parsed.data;
  const timeNs = instantOf(value.time);
  if (timeNs === undefined) throw damagedSnapshot(what, "its time is not one");
  const summary = parseSummary(value.summary);
  return {
    id: name,
    timeNs,
    tree: value.tree,
    ...(value.parent ? { parent: value.parent } : {}),
    paths: value.paths ?? [],
    hostname: value.hostname ?? "",
    username: value.username ?? "",
    uid: value.uid ?? 0,
    gid: value.gid ?? 0,
    tags: value.tags ?? [],
    excludes: value.excludes ?? [],
    ...(value.original ? { original: value.original } : {}),
    ...(value.program_version === undefined ? {} : { programVersion: value.program_version }),
    ...(summary === undefined ? {} : { summary }),
  };
}

function damagedSnapshot(what: string, state: string, cause?: unknown): RepositoryError {
  return new RepositoryError("repository.damaged", `Cannot read ${what}: ${state}`, {
    hint: "Restore the file from another copy of the repository; other moments are not affected.",
    ...(cause === undefined ? {} : { cause }),
  });
}

function instantOf(text: string): bigint | undefined {
  try {
    return parseRfc3339(text);
  } catch {
    return undefined;
  }
}

/** Undefined where it is not one: it only says what the capture once counted. */
function parseSummary(value: unknown): SnapshotSummary | undefined {
  const parsed = summarySchema.safeParse(value);
  if (!parsed.success) return undefined;
  const summary = parsed.data;
  const [backupStartNs, backupEndNs] = [
    instantOf(summary.backup_start),
    instantOf(summary.backup_end),
  ];
  if (backupStartNs === undefined || backupEndNs === undefined) return undefined;
  return {
    backupStartNs,
    backupEndNs,
    filesNew: summary.files_new ?? 0,
    filesChanged: summary.files_changed ?? 0,
    filesUnmodified: summary.files_unmodified ?? 0,
    dirsNew: summary.dirs_new ?? 0,
    dirsChanged: summary.dirs_changed ?? 0,
    dirsUnmodified: summary.dirs_unmodified ?? 0,
    dataBlobs: summary.data_blobs ?? 0,
    treeBlobs: summary.tree_blobs ?? 0,
    dataAdded: summary.data_added ?? 0,
    dataAddedPacked: summary.data_added_packed ?? 0,
    totalFilesProcessed: summary.total_files_processed ?? 0,
    totalBytesProcessed: summary.total_bytes_processed ?? 0,
  };
}

/** Writes the snapshot; its `id` is not used. Returns it with the new ID. */
export async function saveSnapshot(
  context: UnpackedContext,
  snapshot: Omit<Snapshot, "id">,
  signal?: AbortSignal,
): Promise<Snapshot> {
  const json = Buffer.from(JSON.stringify(snapshotJson(snapshot)));
  const id = await saveUnpacked(context, "snapshot", {
    json,
    ...(signal === undefined ? {} : { signal }),
  });
  return { ...snapshot, id };
}

/** Fields in restic's order; those that Go omits when empty are omitted. */
function snapshotJson(snapshot: Omit<Snapshot, "id">): object {
  return {
    time: toRfc3339Nano(snapshot.timeNs),
    ...(snapshot.parent === undefined ? {} : { parent: snapshot.parent }),
    tree: snapshot.tree,
    paths: snapshot.paths,
    ...(snapshot.hostname === "" ? {} : { hostname: snapshot.hostname }),
    ...(snapshot.username === "" ? {} : { username: snapshot.username }),
    ...(snapshot.uid === 0 ? {} : { uid: snapshot.uid }),
    ...(snapshot.gid === 0 ? {} : { gid: snapshot.gid }),
    ...(snapshot.excludes.length === 0 ? {} : { excludes: snapshot.excludes }),
    ...(snapshot.tags.length === 0 ? {} : { tags: snapshot.tags }),
    ...(snapshot.original === undefined ? {} : { original: snapshot.original }),
    ...(snapshot.programVersion === undefined ? {} : { program_version: snapshot.programVersion }),
    ...(snapshot.summary === undefined ? {} : { summary: summaryJson(snapshot.summary) }),
  };
}

function summaryJson(summary: SnapshotSummary): object {
  return {
    backup_start: toRfc3339Nano(summary.backupStartNs),
    backup_end: toRfc3339Nano(summary.backupEndNs),
    files_new: summary.filesNew,
    files_changed: summary.filesChanged,
    files_unmodified: summary.filesUnmodified,
    dirs_new: summary.dirsNew,
    dirs_changed: summary.dirsChanged,
    dirs_unmodified: summary.dirsUnmodified,
    data_blobs: summary.dataBlobs,
    tree_blobs: summary.treeBlobs,
    data_added: summary.dataAdded,
    data_added_packed: summary.dataAddedPacked,
    total_files_processed: summary.totalFilesProcessed,
    total_bytes_processed: summary.totalBytesProcessed,
  };
}
