import type { OptionSpec } from "./arguments.ts";
import type { CommandSpec } from "./command.ts";
import { group, targetText, zone } from "./command-options.ts";

const method: OptionSpec = {
  name: "method",
  value: "METHOD",
  about: `"backup to disk" (the default), "backup to tape", "rotation of clones" or "rotation of delta snapshots"; short: disk, tape, clones, deltas`,
  complete: ["disk", "tape", "clones", "deltas"],
};

export const initCommand: CommandSpec = {
  name: "init",
  summary: "set up a new copy",
  usage: ["--copy REPO", "--copy DIR --method METHOD"],
  about: [
    "Makes a repository in the restic format, encrypted with a password. Keep the password apart from it: without it nothing can be read, by anybody.",
    "With --method, or where the configuration says so, it sets up a folder for clones or delta snapshots, or a tape library with its first tape.",
  ],
  options: [method],
  examples: [
    { command: "restante init --copy /srv/recovery", about: "asks for a new password twice" },
    {
      command: "RESTANTE_PASSWORD_FILE=/root/recovery-password restante init --copy /srv/recovery",
      about: "from a script",
    },
    { command: "restante init --copy clones", about: "a copy of the configuration" },
  ],
  positionals: { least: 0, most: 0 },
  load: () => import("./commands/init.ts"),
};

export const captureCommand: CommandSpec = {
  name: "capture",
  summary: "take a recovery point now",
  usage: ["[TARGET] --copy REPO [--data-source live|offline|hot-split] [--stop CMD --start CMD]"],
  about: [
    "Reads the mail store and adds a moment to the copy. What was captured before is neither read nor stored again.",
    "With a configuration every method of the tier takes its moment, from one image of the store: backup to disk, backup to tape, rotation of clones, rotation of delta snapshots. One that fails does not stop the others: exit code 3, or 1 when all failed. --method takes only that one.",
    "live (the default) walks the store while the server runs: its label is fuzzy, since a walk of a living store is no single instant. offline runs the stop command, captures, and runs the start command whatever happens in between. hot-split freezes the store with its filesystem, validates the frozen image, and tries again until one is usable.",
    targetText,
  ],
  options: [
    {
      name: "data-source",
      value: "KIND",
      about: "live, offline or hot-split",
      complete: ["live", "offline", "hot-split"],
    },
    method,
    { name: "stop", value: "CMD", about: "offline: command that stops the mail server" },
    { name: "start", value: "CMD", about: "offline: command that starts it again" },
    { name: "full", about: "read every file again, whatever the cache says" },
    { ...group, about: "the protection group to file it under (default: the folder's path)" },
    {
      name: "workers",
      value: "N",
      about: "worker threads; 0 does all in one thread (default: processors, at most 4)",
    },
    {
      name: "tag",
      value: "TAG",
      multiple: true,
      about: "a tag for the moment; may be given several times",
    },
    zone,
  ],
  examples: [
    { command: "restante capture /var/mail --copy /srv/recovery", about: "the living store" },
    {
      command: `restante capture /var/mail --copy /srv/recovery --data-source offline --stop "systemctl stop dovecot" --start "systemctl start dovecot"`,
      about: "with the server stopped",
    },
    { command: "restante capture mx1", about: "with a configuration: all methods" },
    {
      command: `restante capture /var/mail --copy /srv/clones --method "rotation of clones"`,
      about: "another method than backup to disk",
    },
  ],
  positionals: { least: 0, most: 1 },
  load: () => import("./commands/capture.ts"),
};
