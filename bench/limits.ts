import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { measure, type Command } from "./measure.ts";
import { versionOf } from "./programs.ts";
import type { Recorder } from "./samples.ts";
import { countStore, type Store } from "./store.ts";

type LimitOptions = {
  readonly folder: string;
  readonly round: number;
  readonly recorder: Recorder;
};

/** What other tools take for the same bytes: limits to approach, and borg as another peer. */
export async function measureLimits(store: Store, options: LimitOptions): Promise<void> {
  const { folder } = options;
  // What a run that was interrupted left would be in the way.
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await measureTarZstd(store, options);
  await measureCopies(store, options);
  await measureBorg(store, options);
  rmSync(folder, { recursive: true, force: true });
}

async function measureTarZstd(store: Store, options: LimitOptions): Promise<void> {
  const { folder, round, recorder } = options;
  if (recorder.isAbsent("tar") || recorder.isAbsent("zstd")) return;
  const archive = join(folder, "store.tar.zst");
  const result = await measure(
    {
      program: "sh",
      arguments: ["-c", 'tar -cf - -C "$1" . | zstd -q -3 -o "$2"', "sh", store.path, archive],
    },
    folder,
  );
  const storedBytes = countStore(folder).bytes;
  recorder.add({
    step: "first",
    store: store.name,
    program: "tar | zstd -3",
    round,
    ...result,
    storedBytes,
  });
}

async function measureCopies(store: Store, options: LimitOptions): Promise<void> {
  const { folder, round, recorder } = options;
  const copy = join(folder, "copy");
  const row = { store: store.name, round };
  const copied = await measure({ program: "cp", arguments: ["-a", store.path, copy] }, folder);
  recorder.add({ ...row, step: "restore", program: "cp -a", ...copied });
  if (recorder.isAbsent("rsync")) return;
  const again: Command = { program: "rsync", arguments: ["-a", `${store.path}/`, `${copy}/`] };
  recorder.add({
    ...row,
    step: "unchanged",
    program: "rsync -a",
    ...(await measure(again, folder)),
  });
}

async function measureBorg(store: Store, options: LimitOptions): Promise<void> {
  const { folder, round, recorder } = options;
  if (recorder.isAbsent("borg")) return;
  const repository = join(folder, "borg");
  const borg = (...argv: readonly string[]): Command => ({
    program: "borg",
    arguments: argv,
    environment: { BORG_PASSPHRASE: "a passphrase for measuring only", BORG_BASE_DIR: folder },
  });
  const row = { store: store.name, program: "borg", round };
  await measure(borg("init", "--encryption=repokey", repository), folder);
  const first = await measure(borg("create", `${repository}::first`, store.path), folder);
  const storedBytes = countStore(repository).bytes;
  recorder.add({ ...row, step: "first", ...first, storedBytes });
  const again = await measure(borg("create", `${repository}::again`, store.path), folder);
  recorder.add({ ...row, step: "unchanged", ...again });
}

/** Versions of the tools measured here, and of those that are absent. */
export function findTools(): Readonly<Record<string, string>> {
  const tools = ["borg", "tar", "zstd", "cp", "rsync"];
  return Object.fromEntries(tools.map((tool) => [tool, versionOf(tool) ?? "absent"]));
}
