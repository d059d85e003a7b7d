import type { CommandSpec } from "./command.ts";
import { dryRun } from "./command-options.ts";

export const pruneCommand: CommandSpec = {
  name: "prune",
  summary: "free the bytes that no moment needs",
  usage: ["--copy REPO [--dry-run] [--max-unused SHARE] [--max-repack SIZE] [--for DURATION]"],
  about: [
    "Removes packs that nothing needs and moves what is needed of others to new packs, so that the bytes of expired moments are free. No moment changes. It wants the repository for itself: captures wait, or come again later.",
    "Killed anywhere, it has lost nothing, and the next run goes on. It refuses where damage hides what a moment needs, and where there are no moments at all. Exit code 3 when it met damage: `restante verify` says more.",
  ],
  options: [
    {
      name: "max-unused",
      value: "SHARE",
      about: `unused bytes that may stay in packs that are used too, as a share of those in use; "0%" frees all, "unlimited" packs nothing anew for space (default: 5%)`,
      complete: ["0%", "5%", "unlimited"],
    },
    {
      name: "max-repack",
      value: "SIZE",
      about: `pack at most so much anew in this run, for example "2 GiB"; "0" removes whole packs only (default: no limit)`,
    },
    {
      name: "for",
      value: "DURATION",
      about: `begin nothing new after so long, for example "20 minutes"; the next run goes on`,
    },
    {
      name: "no-moments-left",
      about: "empty a repository that has no moments: all were meant to be forgotten",
    },
    dryRun,
  ],
  examples: [
    { command: "restante prune --copy /srv/recovery --dry-run", about: "see what it would free" },
    {
      command: `restante prune --copy /srv/recovery --max-repack "2 GiB" --for "1 hour"`,
      about: "every night, a bounded piece",
    },
  ],
  positionals: { least: 0, most: 0 },
  load: () => import("./commands/prune.ts"),
};
