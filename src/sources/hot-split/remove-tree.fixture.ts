/** Removes what tests made: frozen files may be immutable. */
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";

export function removeTree(folder: string): void {
  if (process.geteuid?.() === 0) spawnSync("chattr", ["-R", "-f", "-i", folder]);
  rmSync(folder, { recursive: true, force: true });
}
