import type { CommandSpec } from "./command.ts";
import { zone } from "./command-options.ts";

/** Words that may follow `catalog`. */
export const catalogActions = ["status", "rebuild", "remove"] as const;

export const catalogCommand: CommandSpec = {
  name: "catalog",
  summary: "the index by which messages are found",
  usage: ["[status] --copy REPO", "rebuild --copy REPO", "remove --copy REPO"],
  about: [
    "The catalog says which message was in which folder when. It lies on this machine alone, in the cache folder, readable by its owner only; all of it comes from the copy. It may be deleted at any time, and `restante find` fills it as far as it needs.",
    "status shows what it holds, and folders of which the newest moment says nothing; rebuild deletes it and reads every moment of the copy again; remove deletes it.",
  ],
  options: [zone],
  examples: [
    { command: "restante catalog status --copy /srv/recovery", about: "what is in it" },
    { command: "restante catalog rebuild --copy /srv/recovery", about: "make it again" },
  ],
  words: [...catalogActions],
  positionals: { least: 0, most: 1 },
  load: () => import("./commands/catalog.ts"),
};
