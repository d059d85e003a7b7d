/*
 * For the tests of the offline source: stops a server as `offlineSource` does and then ends in
 * the way that it is told to. Run as: node offline-holder.fixture.ts FOLDER hold|exit
 * FOLDER has store/ and gets state/ and log, which the commands write to.
 */
import { join } from "node:path";
import { rawPathFromText } from "#image";
import { type OfflineSourceOptions, offlineSource } from "./offline.ts";

export function loggingCommands(folder: string): OfflineSourceOptions {
  const log = join(folder, "log");
  return {
    stop: `echo stop >> '${log}'`,
    start: ["/bin/sh", "-c", 'echo start >> "$0"', log],
    stateFolder: join(folder, "state"),
  };
}

if (import.meta.main) {
  const [folder = "", end] = process.argv.slice(2);
  const source = offlineSource(loggingCommands(folder));
  await source.stableImage({ folder: rawPathFromText(join(folder, "store")) });
  process.stdout.write("stopped\n");
  if (end === "exit") process.exit(3);
  setInterval(() => undefined, 1000);
}
