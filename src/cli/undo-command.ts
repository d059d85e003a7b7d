import type { CommandSpec } from "./command.ts";
import { dryRun, yes } from "./command-options.ts";

export const undoCommand: CommandSpec = {
  name: "undo",
  summary: "take a restore back",
  usage: ["JOB [--dry-run] [--yes]", "JOB --forget", "--list"],
  about: [
    "Puts things back as they were before a restore, finished or interrupted: what it created goes where it still is what was put there, flags that it changed come back where nobody has changed them since, what --exact took away comes back. What anybody changed since stays, and is named.",
    "Each restore into a running server, and each onto a living store, is a job; --list shows them. Their records are in the state folder, for their owner alone, with the bytes that --exact took away, until --forget.",
  ],
  options: [
    { name: "list", about: "show the jobs, the newest last" },
    { name: "forget", about: "throw away the job's record, and what it kept" },
    dryRun,
    yes,
  ],
  examples: [
    { command: "restante undo --list", about: "which restores there were" },
    { command: "restante undo 20261123-140412-5f1c09aa --dry-run", about: "see what would happen" },
  ],
  positionals: { least: 0, most: 1 },
  load: () => import("./commands/undo.ts"),
};
