import { recoveryPointOf } from "#copies";
import type { Image, RawPath } from "#image";
import type { CaptureOptions, Repository } from "#repository";
import type { RecoveryMethod, TakeOptions, TakeResult } from "../method.ts";
import { diskCopy, type DiskCopyOptions, methodName } from "./disk-copy.ts";

export type BackupToDiskOptions = TakeOptions & {
  /** Absolute folder of the source machine that the Image shows. */
  readonly path: RawPath;
  readonly hostname: string;
  readonly workers?: number;
  readonly now: () => bigint;
};

/** Backs an Image up to disk (paper §3.2.2): a full copy the first time, what is new from then on, each a whole moment. */
export async function backUpToDisk(
  image: Image,
  { repository, ...options }: BackupToDiskOptions & { readonly repository: Repository },
): Promise<TakeResult> {
  const {
    snapshot,
    sequence: _sequence,
    ...counts
  } = await repository.capture(image, options satisfies CaptureOptions);
  return { ...counts, point: recoveryPointOf(snapshot) };
}

export type DiskMethodOptions = DiskCopyOptions &
  Pick<BackupToDiskOptions, "path" | "hostname" | "workers" | "now">;

/** Backup to disk behind the port. */
export function backupToDisk(repository: Repository, options: DiskMethodOptions): RecoveryMethod {
  const { name, reach, ...place } = options;
  return {
    name: methodName,
    section: "3.2",
    copy: diskCopy(repository, { name, reach }),
    take: async (image, take) => await backUpToDisk(image, { repository, ...place, ...take }),
  };
}
