import type { CommandSpec } from "./command.ts";
import { dryRun, yes } from "./command-options.ts";

export const repairCommand: CommandSpec = {
  name: "repair",
  summary: "save what can be saved of a damaged repository",
  usage: ["--copy REPO [--read-data] [--drop-lost] [--dry-run] [--yes]"],
  about: [
    "Makes the index say again what is there, stores what can still be read of damaged packs in new ones, and names what is lost file by file, with another moment that has it. Shows all of it first and asks; --dry-run ends there. The repository is locked for others meanwhile.",
    "It looks at the structure, and at the packs that `restante verify` found damaged on this machine; with --read-data it reads every pack itself. Nothing that can be read is removed, and a kill anywhere loses nothing: run it again.",
    "Moments stay listed even where they lack something. --drop-lost also writes each of those again without what is lost, tagged restante:repaired. A capture afterwards stores again whatever the living store still has. Exit code 3 when something stays lost.",
  ],
  options: [
    { name: "read-data", about: "read every pack, not only those known to be damaged" },
    { name: "drop-lost", about: "also write incomplete moments again without what is lost" },
    dryRun,
    yes,
  ],
  examples: [
    { command: "restante repair --copy /srv/recovery --dry-run", about: "see what it would do" },
    { command: "restante repair --copy /srv/recovery --read-data", about: "look at every byte" },
  ],
  positionals: { least: 0, most: 0 },
  load: () => import("./commands/repair.ts"),
};
