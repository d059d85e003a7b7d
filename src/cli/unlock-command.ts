import type { CommandSpec } from "./command.ts";
import { yes, zone } from "./command-options.ts";

export const unlockCommand: CommandSpec = {
  name: "unlock",
  summary: "take away locks that nobody holds any more, and say who holds the others",
  usage: ["--copy REPO", "--copy REPO --remove-all [--yes]"],
  about: [
    "Removes the locks whose holder is surely dead, and those that are stale: not refreshed for 30 minutes. Lists what is left, with who holds it since when, whether that run still lives, when the lock will count as stale, and why it was left.",
    "Such locks hold nobody up for long: the next run that one of them would hinder removes it by itself.",
    "With --remove-all it removes every lock, after asking. A run that still works would go on without its lock until it notices: together with a prune that may cost data. Only for when you know that none runs, on no machine.",
  ],
  options: [
    { name: "remove-all", about: "remove every lock, also those of runs that may be at work" },
    yes,
    zone,
  ],
  examples: [
    { command: "restante unlock --copy /srv/recovery", about: "after a crash" },
    {
      command: "restante unlock --copy /srv/recovery --remove-all",
      about: "a machine that held a lock is gone for good",
    },
  ],
  positionals: { least: 0, most: 0 },
  load: () => import("./commands/unlock.ts"),
};
