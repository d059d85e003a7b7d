/**
 * New folders that are filled aside and come into place as a whole. A file that is renamed from one
 * folder to another costs nearly as much as one that is written; a folder costs the same whatever
 * is in it. Mail lies in folders that hold nothing but files: those are the ones.
 */
import { rawParent, type RawPath } from "#image";
import { bytesOfFiles, type NewFiles } from "./new-files.ts";
import type { CreateStep, FileStep } from "./restore-files.ts";

/** More come into place file by file: a restore that is killed loses what is not in place yet. */
const largestFiles = 32_768;
const largestBytes = 1024 ** 3;

export type WholeFolder = {
  readonly step: CreateStep;
  /** Files that are written to it. */
  readonly files: number;
};

/** Of what is to be created; by path. */
export function wholeFolders(
  creates: readonly CreateStep[],
  newFiles: readonly NewFiles[] = [],
): ReadonlyMap<RawPath, WholeFolder> {
  const found = new Map<RawPath, { step: CreateStep; files: number; bytes: number }>();
  for (const step of creates) {
    if (step.entry.type === "directory" && step.to !== "")
      found.set(step.to, { step, files: 0, bytes: 0 });
  }
  for (const { to, entry, linkTo, isMessage } of creates) {
    const parent = rawParent(to);
    const folder = found.get(parent);
    if (folder === undefined) continue;
    // What is put into a mailbox that is in use gets another name where its own is taken.
    if (entry.type === "directory" || isMessage === true) found.delete(parent);
    else if (entry.type === "file" && linkTo === undefined) {
      folder.files++;
      folder.bytes += entry.sizeBytes;
    }
  }
  for (const more of newFiles) {
    const folder = found.get(more.to);
    if (folder === undefined) continue;
    folder.files += more.rows.length;
    folder.bytes += bytesOfFiles(more);
  }
  for (const [path, { files, bytes }] of found) {
    if (files === 0 || files > largestFiles || bytes > largestBytes) found.delete(path);
  }
  return found;
}

/** A whole folder on its way. */
export type FillingFolder = {
  readonly step: CreateStep;
  /** Where it is filled. */
  readonly path: RawPath;
  /** Files that are neither written nor given up. */
  left: number;
  readonly written: FileStep[];
};
