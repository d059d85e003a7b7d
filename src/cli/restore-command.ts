import type { CommandSpec } from "./command.ts";
import { arrived, at, dryRun, from, group, targetText, yes, zone } from "./command-options.ts";

export const restoreCommand: CommandSpec = {
  name: "restore",
  summary: "bring back a mailbox, a folder or a whole store",
  usage: [
    "TARGET --copy REPO --at T --to DIR",
    "TARGET --copy REPO --at T [--missing|--exact] [--into FOLDER] [--dry-run] [--yes]",
    "TARGET --copy REPO --at T --to imaps://HOST [--imap-user U] [--imap-master M] [--flags past|now|union] …",
    "TARGET --arrived --to imaps://HOST [--at T] [--journal DIR] [--into FOLDER] …",
  ],
  about: [
    "With --to, writes the target as it was to a new place. Without, puts back onto the living store what is missing there; nothing is deleted, unless --exact asks for the store exactly as it was.",
    "The preview comes first: created, merged, moved, skipped, conflict, failed. Onto the living store it asks, or wants --yes.",
    "With --to imaps://HOST (or imap://, or the word imap where the configuration knows the server) messages are put back into the running server over IMAP, whatever its layout: compared by what they are, appended with flags, keywords and date, each read back. The password comes from RESTANTE_IMAP_PASSWORD_FILE, RESTANTE_IMAP_PASSWORD or the configuration, or is asked for. `restante undo` takes it back.",
    "With --to doveadm (or doveadm:FILE with the file of its configuration) the same goes through the Dovecot of this machine without a login: whoever may run doveadm for others, as a rule root, needs no password and no master user.",
    "With --arrived it puts back into the running server what came in through the delivery stage up to the moment, was taken, and may be missing; what the server has, in whichever folder, is not put back again.",
    "With a configuration all copies of the target are looked at, and the one that serves the moment best is chosen and named; --from insists on one.",
    targetText,
  ],
  options: [
    at,
    from,
    ...arrived,
    {
      name: "to",
      value: "DIR",
      about:
        "write to this folder instead of the living store; or into a server: imaps://HOST, imap, doveadm",
      complete: "folder",
    },
    {
      name: "imap-user",
      value: "U",
      about: "whose mail it is on the server (default: the mailbox's address)",
    },
    {
      name: "imap-master",
      value: "M",
      about: "the master user who logs in for the owner (Dovecot: owner*M), with their password",
    },
    {
      name: "imap-authority",
      value: "FILE",
      about: "PEM file of the authority that signed the server's certificate",
      complete: "file",
    },
    {
      name: "imap-plain",
      about: "without encryption, also to another machine (imap:// to this one never is)",
    },
    {
      name: "flags",
      value: "WHICH",
      about:
        "of messages that are there: past, now (the default) or union; with --exact the default is past",
      complete: ["past", "now", "union"],
    },
    {
      name: "even-moved",
      about: "put back also what lies in another folder of the server now, the trash, say",
    },
    {
      name: "compare-all",
      about: "read every message that is there, and trust no UID (--exact always does)",
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
      command:
        "restante restore support@example.org/INBOX --at -1h --to imaps://mx1.example.org --imap-master admin --dry-run",
      about: "into the running server",
    },
    {
      command: "restante restore support@example.org --at -1h --from clones --dry-run",
      about: "from one copy, or by one method",
    },
  ],
  positionals: { least: 1, most: 1 },
  load: () => import("./commands/restore.ts"),
};
