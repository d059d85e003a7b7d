import type { CommandSpec } from "./command.ts";
import { group, targetText, yes, zone } from "./command-options.ts";

export const holdCommand: CommandSpec = {
  name: "hold",
  summary: "keep what there is from expiring, and see alarms",
  usage: ["[list]", "add TARGET --reason TEXT", "release ID [--reason TEXT] [--yes]"],
  about: [
    "An alarm of the daemon holds everything of its group that precedes it: `restante expire`, rotations, tapes and the thinning of journals drop none of that, whatever their rules say, until somebody releases it here.",
    "list shows alarms and holds; add holds all that there is of a target, and what comes, for a reason; release lets retention go on. Each is recorded in the state folder's audit.jsonl.",
    targetText,
  ],
  options: [
    { name: "reason", value: "TEXT", about: "why; it is shown wherever something is kept for it" },
    { name: "all", about: "list also what was released" },
    yes,
    group,
    zone,
  ],
  examples: [
    { command: "restante hold", about: "what is held, and why" },
    { command: `restante hold add mx1 --reason "case 4711"`, about: "nothing of mx1 expires" },
    {
      command: `restante hold release hold-1 --reason "restored, cause found"`,
      about: "after an alarm was dealt with",
    },
  ],
  words: ["list", "add", "release"],
  positionals: { least: 0, most: 2 },
  load: () => import("./commands/hold.ts"),
};
