import type { CommandSpec } from "./command.ts";
import { at, dryRun, from, group, targetText, yes, zone } from "./command-options.ts";

export const restoreCommand: CommandSpec = {
  name: "restore",
  summary: "bring back a mailbox, a folder or a whole store",
  usage: [
    "TARGET --copy REPO --at T --to DIR",
    "TARGET --copy REPO --at T [--missing|--exact] [--into FOLDER] [--dry-run] [--yes]",
  ],
  about: [
    "With --to, writes the target as it was to a new place. Without, puts back onto the living store what is missing there; nothing is deleted, unless --exact asks for the store exactly as it was.",
    "The preview comes first: created, merged, moved, skipped, conflict, failed. Onto the living store it asks, or wants --yes.",
    "With a configuration all copies of the target are looked at, and the one that serves the moment best is chosen and named; --from insists on one.",
    targetText,
  ],
  options: [
    at,
    from,
    {
      name: "to",
      value: "DIR",
      about: "write to this folder instead of the living store",
      complete: "folder",
    },
    { name: "missing", about: "put back what is missing and delete nothing (the default)" },
    { name: "exact", about: "make it exactly as it was; what came later goes" },
    { name: "into", value: "FOLDER", about: "put the messages into this folder of the mailbox" },
    dryRun,
    yes,
    group,
    zone,
  ],
  examples: [
    {
      command: "restante restore /var/mail --copy /srv/recovery --at latest --to /tmp/restored",
      about: "the whole store, elsewhere",
    },
    {
      command: "restante restore support@example.org --at 14:03:07 --dry-run",
      about: "see what would come back",
    },
    {
      command: "restante restore support@example.org/INBOX/Invoices --at -1h --yes",
      about: "put it back",
    },
    {
      command: "restante restore support@example.org --at -1h --from clones --dry-run",
      about: "from one copy, or by one method",
    },
  ],
  positionals: { least: 1, most: 1 },
  load: () => import("./commands/restore.ts"),
};
