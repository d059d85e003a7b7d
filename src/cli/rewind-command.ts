import type { CommandSpec } from "./command.ts";
import { targetText } from "./command-options.ts";
import { restoreCommand } from "./restore-command.ts";

export const rewindCommand: CommandSpec = {
  name: "rewind",
  summary: "bring mail back to just before an alarm",
  usage: ["[TARGET] --before alarm-1 [--missing|--exact] [--to DIR] [--dry-run] [--yes]"],
  about: [
    "The same as `restante restore TARGET --at before:alarm-1`: the preview comes first, nothing is deleted without --exact, and `restante undo` takes it back. Without TARGET all of the alarm's protection group is meant.",
    "--missing (the default) puts back what disappeared and keeps what came since; --exact makes everything as it was, also what was rewritten or renamed. `restante hold list` shows the alarms with the moment before each.",
    "Mail that is not one file a message comes back through the running server, message by message, where the configuration knows the server's IMAP; of a whole server --exact means its files, and that it was stopped.",
    targetText,
  ],
  options: [
    {
      name: "before",
      value: "ALARM",
      about:
        "the alarm, as `restante hold list` shows it; or a moment, as --at of restore takes it",
    },
    ...restoreCommand.options.filter(({ name }) => name !== "at"),
  ],
  examples: [
    { command: "restante rewind --before alarm-1 --dry-run", about: "see what would come back" },
    {
      command: "restante rewind mx1 --before alarm-1 --exact",
      about: "the whole server as it was, after an attack",
    },
    {
      command: "restante rewind support@example.org --before alarm-2 --yes",
      about: "one mailbox",
    },
  ],
  positionals: { least: 0, most: 1 },
  load: () => import("./commands/rewind.ts"),
};
