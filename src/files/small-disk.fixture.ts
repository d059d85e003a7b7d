/** A disk that is soon full: a small filesystem in memory. Needs root. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type SmallDisk = Disposable & { readonly folder: string };

/** Undefined where none can be mounted: the test says so and is skipped. */
export function mountSmallDisk(size: "4k" | "2m" = "2m"): SmallDisk | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "restante-disk-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", folder]);
  if (mounted.status !== 0) {
    remove();
    return undefined;
  }
  return {
    folder,
    [Symbol.dispose]() {
      spawnSync("umount", ["-l", folder]);
      remove();
    },
  };
}

export const withoutSmallDisk = "cannot mount a tmpfs";
