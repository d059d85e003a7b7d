import type { CommandSpec } from "./command.ts";
import { arrived, at, from, group, targetText, zone } from "./command-options.ts";

export const exportCommand: CommandSpec = {
  name: "export",
  summary: "write mail of a moment out as mbox, .eml files, Maildir or zip",
  usage: [
    "TARGET --copy REPO --to PATH [--format FORMAT] [--at T] [--in FOLDER]",
    "TARGET --arrived --to PATH [--at T] [--journal DIR]",
  ],
  about: [
    "Writes any mail of a moment, of whichever server, into a file or folder that other programs read: one message, a folder, a mailbox, a domain or the whole server. Nothing is overwritten; until all is written PATH is called PATH.partial, which is removed when it fails.",
    "mbox and zip make a file (mbox a folder of files where several folders of mail are meant), eml and maildir a folder (eml a file where one message is meant). Flags, keywords and dates are kept where the format can: all of them in mbox and Maildir, dates in .eml files and zip.",
    "With --arrived it writes out what came in through the delivery stage up to the moment, was taken by the server, and may be missing in its store, for each recipient an INBOX. What the server refused or filtered away is not in it.",
    "Exit code 3 when something could not be read: it is listed, and the rest is exported.",
    targetText,
  ],
  options: [
    {
      name: "to",
      value: "PATH",
      about: "the file or folder to make; it must not be there yet",
      complete: "file",
    },
    {
      name: "format",
      value: "FORMAT",
      about: "mbox, eml, maildir or zip (default: by the ending of PATH)",
      complete: ["mbox", "eml", "maildir", "zip"],
    },
    {
      name: "in",
      value: "FOLDER",
      about: "this folder of each mailbox alone: INBOX, Archive/2024",
    },
    ...arrived,
    at,
    from,
    group,
    zone,
  ],
  examples: [
    {
      command: "restante export support@example.org/INBOX --at 14:03:07 --to inbox.mbox",
      about: "a folder as a file that every mail program imports",
    },
    {
      command: `restante export "*@sales.example.org" --in Sent --at -7d --to sent.zip`,
      about: "what a department sent, for its lawyers",
    },
    {
      command: "restante export /var/mail --copy /srv/recovery --format maildir --to /srv/exported",
      about: "a whole store, for another server",
    },
  ],
  positionals: { least: 1, most: 1 },
  load: () => import("./commands/export.ts"),
};
