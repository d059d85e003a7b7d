/*
 * Real filesystems for tests: made in a sparse file and mounted through a
 * loop device, which lets go of itself with the last unmount. Needs root, loop devices and mkfs.
 */
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type LoopKind = "btrfs" | "xfs" | "ext4";

export interface LoopFilesystem extends Disposable {
  /** Where it is mounted. */
  readonly folder: string;
  /** Unmounts it, also while it is in use. */
  unmount(): void;
}

const prefix = "restante-loop-";
/** In memory where that is possible: a snapshot is synced to its disk. */
const base = existsSync("/dev/shm") ? "/dev/shm" : realpathSync(tmpdir());
/** mkfs and losetup are not on the path of every user. */
const widerPath: readonly string[] = ["-c", 'PATH="$PATH:/usr/sbin:/sbin" exec "$0" "$@"'];

let canMount: boolean | undefined;

const makers: Readonly<Record<LoopKind, readonly string[]>> = {
  btrfs: ["mkfs.btrfs", "-q", "-f"],
  // XFS is made no smaller than 300 MB.
  xfs: ["mkfs.xfs", "-q", "-f", "-m", "reflink=1"],
  ext4: ["mkfs.ext4", "-q", "-F"],
};

/** Why such a filesystem cannot be had here, or false. */
export function loopSkip(...kinds: readonly LoopKind[]): string | false {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "needs root on Linux";
  if (!existsSync("/dev/loop-control")) return "needs loop devices";
  for (const kind of kinds) {
    const program = makers[kind][0] as string;
    if (run(program, ["-V"]).status !== 0) return `needs ${program}`;
    if (kind === "btrfs" && run("btrfs", ["--version"]).status !== 0) return "needs btrfs-progs";
  }
  canMount ??= tryLoop();
  return canMount ? false : "may not mount loop devices";
}

export function loopFilesystem(kind: LoopKind, sizeMebibytes = 320): LoopFilesystem {
  const home = mkdtempSync(join(base, `${prefix}${process.pid}-`));
  const image = join(home, "image");
  const folder = join(home, "mount");
  mkdirSync(folder);
  writeFileSync(image, "");
  truncateSync(image, sizeMebibytes * 1024 * 1024);
  let isMounted = true;
  const unmount = (): void => {
    if (isMounted) run("umount", ["-l", folder]);
    isMounted = false;
  };
  const dispose = (): void => {
    unmount();
    rmSync(home, { recursive: true, force: true });
    process.off("exit", dispose);
  };
  process.on("exit", dispose);
  const [program = "", ...parameters] = makers[kind];
  demand(program, [...parameters, image]);
  demand("mount", ["-o", "loop", image, folder]);
  return { folder, unmount, [Symbol.dispose]: dispose };
}

/** Unmounts and removes what tests left that were killed. */
function sweepLoops(): void {
  for (const name of readdirSync(base)) {
    const processId = new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1];
    if (processId === undefined || existsSync(`/proc/${processId}`)) continue;
    const mount = join(base, name, "mount");
    while (readFileSync("/proc/self/mountinfo", "utf8").includes(` ${mount} `))
      if (run("umount", ["-l", mount]).status !== 0) return;
    rmSync(join(base, name), { recursive: true, force: true });
  }
}

function tryLoop(): boolean {
  sweepLoops();
  try {
    loopFilesystem("ext4", 8)[Symbol.dispose]();
    return true;
  } catch {
    return false;
  }
}

export function run(
  program: string,
  parameters: readonly string[],
): { readonly status: number | null } {
  return spawnSync("sh", [...widerPath, program, ...parameters], { stdio: "ignore" });
}

export function demand(program: string, parameters: readonly string[]): string {
  const child = spawnSync("sh", [...widerPath, program, ...parameters], { encoding: "utf8" });
  if (child.status === 0) return child.stdout;
  throw new Error(`${program} ${parameters.join(" ")}: ${child.stderr}`);
}
