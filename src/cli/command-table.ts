import type { OptionSpec } from "./arguments.ts";
import { benchCommand } from "./bench-command.ts";
import { captureCommand, initCommand } from "./capture-command.ts";
import { catalogCommand } from "./catalog-command.ts";
import type { CommandSpec } from "./command.ts";
import {
  arrived,
  at,
  commonOptions,
  dryRun,
  from,
  group,
  targetText,
  yes,
  zone,
} from "./command-options.ts";
import { exportCommand } from "./export-command.ts";
import { daemonCommand } from "./daemon-command.ts";
import { duplicateCommand } from "./duplicate-command.ts";
import { findMessagesCommand } from "./find-messages-command.ts";
import { figuresCommand } from "./figures-command.ts";
import { tapeCommand } from "./tape-command.ts";
import { lmtpCommand } from "./lmtp-command.ts";
import { peerCommand } from "./peer-command.ts";
import { holdCommand } from "./hold-command.ts";
import { keyCommand } from "./key-command.ts";
import { planCommand } from "./plan-command.ts";
import { pruneCommand } from "./prune-command.ts";
import { repairCommand } from "./repair-command.ts";
import { restoreCommand } from "./restore-command.ts";
import { rewindCommand } from "./rewind-command.ts";
import { tierCommand } from "./tier-command.ts";
import { undoCommand } from "./undo-command.ts";
import { unlockCommand } from "./unlock-command.ts";
import { verifyCommand } from "./verify-command.ts";

export const commands: readonly CommandSpec[] = [
  {
    name: "demo",
    summary: "protect a sample mail server, lose a mailbox, then the site; recover",
    usage: ["[--folder DIR] [--clean]"],
    about: [
      "Lays out a sample mail server in a fresh folder, captures it at several moments while mail keeps arriving, empties a mailbox, restores it onto the living store and compares every message. Prints what was lost and how long it took (RPO and RTO, measured).",
      "Then every change is followed into a journal: a mailbox is emptied and opened as of the moment before, the store is scrambled, an alarm says so, what precedes it is held, and the server is rewound to just before.",
      "Then it keeps the server by every method that is there (backup to disk, virtual tape, delta snapshots, clones), restores each copy to try it, duplicates the newest moments to a second repository with a password of its own, deletes the server and everything beside it, and brings the mail back from the second one alone. Prints the paper's Figures 6 and 7 with what was measured, and how to go on by hand. Exit code 1 when anything did not come back as it was.",
      "It needs no privileges, no network and no mail server, and touches nothing outside its folder.",
    ],
    options: [
      {
        name: "folder",
        value: "DIR",
        about: "where to put it; must be empty or absent (default: a new temporary folder)",
        complete: "folder",
      },
      { name: "clean", about: "remove the folder at the end" },
      { name: "seed", value: "N", about: "another sample server (default: 1)" },
      {
        name: "messages",
        value: "N",
        about: "so many of the sample's 6,046 messages, 100 or more (default: 2000)",
      },
    ],
    examples: [
      { command: "restante demo", about: "the whole story in less than a minute" },
      { command: "restante demo --folder ./demo", about: "in a folder of your choice" },
    ],
    positionals: { least: 0, most: 0 },
    load: () => import("./commands/demo.ts"),
  },
  initCommand,
  {
    name: "doctor",
    summary: "check this machine, the mail store and the copy",
    usage: ["[TARGET] [--copy REPO]"],
    about: [
      "Looks at everything a capture and a restore need, changes nothing, and says what to do about what is missing: this machine, its mail servers with their volumes and accounts, what a capture of the named store would miss of theirs, and the copy. Exit code 1 when something would fail.",
      targetText,
    ],
    options: [group],
    examples: [
      {
        command: "restante doctor /var/mail --copy /srv/recovery",
        about: "before the first capture",
      },
    ],
    positionals: { least: 0, most: 1 },
    load: () => import("./commands/doctor.ts"),
  },
  {
    name: "config",
    summary: "write, check and show the configuration",
    usage: [
      "generate [FOLDER] [--config FILE]",
      "validate [--config FILE]",
      "show [--config FILE]",
      "schema",
      "recipe [NAME]",
    ],
    about: [
      "generate looks for the mail server of this machine and prints a configuration for it (for the mail store in FOLDER and --copy where given), or writes it with --config to a file that is not there yet; validate reads one and says what is wrong where; show prints what it means with every default; schema prints its JSON Schema for editors; recipe shows how a server without an adapter of its own is protected (exchange, domino), untried here.",
    ],
    options: [],
    examples: [
      { command: "restante config generate --config restante.yaml", about: "start one" },
      { command: "restante config validate --config restante.yaml", about: "check it" },
    ],
    words: ["generate", "validate", "show", "schema", "recipe"],
    positionals: { least: 1, most: 2 },
    load: () => import("./commands/config.ts"),
  },
  captureCommand,
  {
    name: "moments",
    aliases: ["snapshots"],
    summary: "what can be recovered, from when to when",
    usage: ["[TARGET] --copy REPO", "TARGET --arrived [--at T] [--journal DIR]"],
    about: [
      "Lists the moments of each protection group, with their labels of consistency. With a configuration those of all its copies, or of the one that --copy names.",
      "With --arrived it says what became of the mail that the delivery stage journalled up to a moment: seen in the store, refused, filtered away, or perhaps missing. It reads the whole journal.",
      targetText,
    ],
    options: [from, ...arrived, at, group, zone],
    examples: [
      { command: "restante moments --copy /srv/recovery", about: "all of them" },
      {
        command: "restante moments /var/mail --copy /srv/recovery --json",
        about: "of one store, for a program",
      },
    ],
    positionals: { least: 0, most: 1 },
    load: () => import("./commands/moments.ts"),
  },
  {
    name: "ls",
    summary: "list folders and messages as of a moment",
    usage: ["TARGET --copy REPO [--at T]"],
    about: ["Shows mailboxes and messages where the target is mail, files otherwise.", targetText],
    options: [
      at,
      from,
      group,
      zone,
      { name: "files", about: "show files, also where they are mail" },
    ],
    examples: [
      {
        command: "restante ls /var/mail --copy /srv/recovery --at -2h",
        about: "the store two hours ago",
      },
      {
        command: `restante ls support@example.org --at "yesterday 17:00"`,
        about: "with a configuration",
      },
    ],
    positionals: { least: 1, most: 1 },
    load: () => import("./commands/ls.ts"),
  },
  {
    name: "show",
    summary: "print one message as of a moment",
    usage: [
      "FILE --copy REPO [--at T] [--text | --headers | --raw]",
      "FILE --copy REPO [--at T] --part N [--to FILE]",
    ],
    about: [
      "On a terminal: who wrote to whom, when, about what, the attachments and the text, decoded and safe to look at (HTML without its tags, links as text). Into a file or pipe: the original bytes, untouched. --text and --raw choose one of the two.",
      "--part N takes out one attachment, by the number that stands before its name.",
      "FILE is what the last column of `restante ls` gives: a path, or a folder, # and the UID of a message.",
    ],
    options: [
      at,
      from,
      group,
      zone,
      { name: "text", about: "readable text, also into a file or pipe" },
      { name: "headers", about: "all header fields, decoded" },
      {
        name: "raw",
        about: "the original bytes; on a terminal with control characters escaped",
      },
      { name: "part", value: "N", about: "one part of the message, decoded" },
      {
        name: "to",
        value: "FILE",
        about: "where the part is written; a file that is not there yet",
        complete: "file",
      },
    ],
    examples: [
      {
        command:
          "restante show /var/mail/support/cur/1732368187.M1P2.mx1:2,S --copy /srv/recovery --at 14:03:07 > message.eml",
        about: "one message, byte for byte",
      },
    ],
    positionals: { least: 1, most: 1 },
    load: () => import("./commands/show.ts"),
  },
  findMessagesCommand,
  {
    name: "diff",
    summary: "what changed between two moments, or until now",
    usage: ["TARGET --copy REPO --at T [--to now|T]"],
    about: [
      "Compares messages by what they are, not by their file's name: a message whose flags changed or that moved is not missing. Files are compared where the target is no mail.",
      targetText,
    ],
    options: [
      at,
      from,
      {
        name: "to",
        value: "T",
        about: "the later side: a moment, or now for the living store (default)",
        complete: ["now", "latest"],
      },
      group,
      zone,
    ],
    examples: [
      {
        command: "restante diff /var/mail --copy /srv/recovery --at -2h",
        about: "what happened in the last two hours",
      },
    ],
    positionals: { least: 1, most: 1 },
    load: () => import("./commands/diff.ts"),
  },
  restoreCommand,
  rewindCommand,
  undoCommand,
  exportCommand,
  verifyCommand,
  repairCommand,
  {
    name: "expire",
    summary: "forget old moments by a rule",
    usage: [`TARGET --copy REPO --keep RULE [--dry-run] [--yes]`, "TARGET --copy REPO --release"],
    about: [
      "Removes moments that no rule keeps, and says of each why. The newest moment always stays.",
      "It refuses while the newest moment has shrunk sharply or its volume is another one: an unmounted volume or a client that empties a mailbox must not drain the copies. After looking at it, a person releases the alarm with --release.",
      "With a configuration the tier's rules apply unless --keep is given.",
      targetText,
    ],
    options: [
      {
        name: "keep",
        value: "RULE",
        multiple: true,
        about: `for example "one per day for 30 days"; may be given several times`,
      },
      { name: "release", about: "release the shrink alarm: the newest moment is as it should be" },
      dryRun,
      yes,
      group,
      zone,
    ],
    examples: [
      {
        command: `restante expire /var/mail --copy /srv/recovery --keep "one per hour for 14 days" --keep "one per day for 3 months" --dry-run`,
        about: "see what would go",
      },
      {
        command: "restante expire /var/mail --copy /srv/recovery --release",
        about: "after a look at the newest moment",
      },
    ],
    positionals: { least: 0, most: 1 },
    load: () => import("./commands/expire.ts"),
  },
  pruneCommand,
  holdCommand,
  {
    name: "status",
    summary: "how well each group is protected now",
    usage: ["[TARGET] [--copy REPO]"],
    about: [
      "For each protection group: the newest moment, the loss if the store were gone now (RPO so far), how many moments from when on, and alarms. With a configuration against the tier's objective, in each of its copies. With TARGET of the groups that have it, else of all.",
      targetText,
    ],
    options: [group, zone],
    examples: [
      { command: "restante status --copy /srv/recovery", about: "at a glance" },
      { command: "restante status /var/mail --copy /srv/recovery", about: "of one mail store" },
    ],
    positionals: { least: 0, most: 1 },
    load: () => import("./commands/status.ts"),
  },
  daemonCommand,
  duplicateCommand,
  catalogCommand,
  figuresCommand,
  tapeCommand,
  lmtpCommand,
  peerCommand,
  keyCommand,
  unlockCommand,
  planCommand,
  tierCommand,
  benchCommand,
  {
    name: "completion",
    summary: "print a completion script for a shell",
    usage: ["bash|zsh|fish", "targets [BEGINNING]"],
    about: [
      "Prints a script that completes verbs, options, values and targets.",
      "targets is what the script asks: servers and lines of business of the configuration, mailboxes and folders as the catalogs of this machine know them (see `restante help catalog`). No copy is opened for it.",
    ],
    options: [],
    examples: [
      { command: "restante completion bash > /etc/bash_completion.d/restante", about: "bash" },
      { command: `restante completion zsh > "\${fpath[1]}/_restante"`, about: "zsh" },
      {
        command: "restante completion fish > ~/.config/fish/completions/restante.fish",
        about: "fish",
      },
    ],
    words: ["bash", "zsh", "fish"],
    positionals: { least: 1, most: 2 },
    load: () => import("./commands/completion.ts"),
  },
  {
    name: "help",
    summary: "the help of a verb",
    usage: ["[VERB]"],
    about: ["Without a verb: the list of verbs."],
    options: [],
    examples: [{ command: "restante help restore", about: "everything about restore" }],
    positionals: { least: 0, most: 1 },
    load: () => import("./commands/help.ts"),
  },
];

export function findCommand(name: string): CommandSpec | undefined {
  return commands.find(
    (command) => command.name === name || command.aliases?.includes(name) === true,
  );
}

/** All names a verb may be called by. */
export function commandNames(): readonly string[] {
  return commands.flatMap((command) => [command.name, ...(command.aliases ?? [])]);
}

export function optionsOf(command: CommandSpec): readonly OptionSpec[] {
  return [...command.options, ...commonOptions];
}
