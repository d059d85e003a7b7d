import { lstatSync, realpathSync } from "node:fs";
import { systemErrorCode } from "#errors";
import { type RawPath, rawPathToBytes } from "#image";
import { quotePath, reasonOf, SnapshotError } from "./snapshot-error.ts";

/** The store's folder and what tells it from another one that takes its place. */
export type StoreIdentity = {
  /** Absolute, without symbolic links. */
  readonly root: RawPath;
  readonly inode: bigint;
  readonly deviceId: bigint;
};

/** Throws `snapshots.store-unreadable`. */
export function resolveStore(folder: RawPath): StoreIdentity {
  try {
    const root = realpathSync.native(rawPathToBytes(folder), { encoding: "latin1" }) as RawPath;
    const stats = lstatSync(rawPathToBytes(root), { bigint: true });
    if (!stats.isDirectory()) throw unreadable(folder, "it is not a folder");
    return { root, inode: stats.ino, deviceId: stats.dev };
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    throw unreadable(folder, reasonOf(error), error);
  }
}

export function unreadable(folder: RawPath, state: string, cause?: unknown): SnapshotError {
  return new SnapshotError(
    "snapshots.store-unreadable",
    `Cannot freeze the mail store ${quotePath(folder)}: ${state}`,
    {
      hint: "Check the path and its permissions, and that its disk is mounted.",
      ...(cause === undefined ? {} : { cause }),
    },
  );
}

/** Throws `snapshots.store-changed` when another folder has taken the store's place, as when it was unmounted. */
export function ensureSameStore({ root, inode, deviceId }: StoreIdentity): void {
  const stats = lstatSync(rawPathToBytes(root), { bigint: true, throwIfNoEntry: false });
  if (stats?.ino !== inode || stats.dev !== deviceId) throw storeChanged(root);
}

export function storeChanged(path: RawPath): SnapshotError {
  return new SnapshotError(
    "snapshots.store-changed",
    `Cannot freeze the mail store: another folder took the place of ${quotePath(path)} meanwhile`,
    {
      hint: "It was unmounted, mounted over or replaced; see that it is in its place and try again.",
      retryable: true,
    },
  );
}
