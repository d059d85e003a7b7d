import type { CommandSpec } from "./command.ts";
import { group, zone } from "./command-options.ts";

export const daemonCommand: CommandSpec = {
  name: "daemon",
  summary: "continuous data protection: follow every change, until told to stop",
  usage: ["[--config FILE]", "FOLDER --copy REPO [--journal DIR] [--hints KIND=WHERE]"],
  about: [
    "Runs in the foreground. Every change of the mail stores is observed and written into a journal, a base copy is taken where there is none and when it is due, and any moment in between can be restored from then on. Without a configuration: one folder, into a copy that `restante init` made.",
    "What is recorded is looked at for attacks and accidents: mail that disappears in masses, is rewritten, or turns into noise raises an alarm with the moment just before, and what precedes it is held (`restante hold`, `restante rewind`).",
    "A group that fails is started again, later each time, and takes no other down; `restante status` shows them. One daemon works in a state folder at a time. SIGTERM ends it in order: what was noticed is written, and the journal says that nothing is missing. SIGHUP does nothing. Under systemd it says when it is ready and that it lives (docs/operations/daemon.md).",
    "Journals are encrypted with the password of the copy that the bases go to.",
  ],
  options: [
    {
      name: "journal",
      value: "DIR",
      about: "where journals are kept (default: in the state folder); best on another disk",
      complete: "folder",
    },
    { name: "every", value: "DURATION", about: "between two bases, with FOLDER (default: 1 day)" },
    {
      name: "alarm-if",
      value: "RULE",
      about: `with FOLDER (default: "more than 20% of a mailbox disappears within 10 minutes")`,
    },
    {
      name: "hints",
      value: "KIND=WHERE",
      multiple: true,
      about:
        'with FOLDER, who else tells of changes where the whole filesystem cannot be watched: dovecot=FILE (the log of its mail_log plugin), cyrus=FOLDER (a channel of its sync_log), "helper=sudo -n stdbuf -oL fsnotifywait"; may be repeated',
    },
    {
      name: "accept",
      value: "PATH",
      multiple: true,
      about:
        "what is at or below this path now is right, once: a place that is held (emptied, missing, another volume) is followed again, and what is gone counts as removed; may be repeated",
      complete: "folder",
    },
    group,
    zone,
  ],
  examples: [
    {
      command: "restante daemon /var/mail --copy /srv/recovery",
      about: "follow one mail store, to try it",
    },
    {
      command:
        "restante daemon /var/mail --copy /srv/recovery --hints dovecot=/var/log/dovecot-info.log",
      about: "where the kernel tells a user without rights too little",
    },
    { command: "restante daemon --config /etc/restante/config.yaml", about: "as a service" },
  ],
  positionals: { least: 0, most: 1 },
  load: () => import("./commands/daemon.ts"),
};
