import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { serverLogContract } from "./server-log.contract.ts";

const line = (user: string, box: string): string =>
  `Nov 26 14:48:12 imap(${user})<4096><GsEB>: Info: flag_change: box=${box}, uid=1, msgid=<a@b>, size=221`;

serverLogContract({
  title: "Dovecot's log",
  make: (root) => {
    for (const path of ["md/Maildir/cur", "md/Maildir/.Sent/cur", "md/Maildir/new"])
      mkdirSync(join(root, path), { recursive: true });
  },
  sources: (root) => ({ dovecotLog: join(root, "log", "dovecot.log") }),
  log: (root) => join(root, "log", "dovecot.log"),
  lines: [line("md", "INBOX"), line("md", "Sent")],
  folders: ["md/Maildir/new", "md/Maildir/.Sent"],
  hostile: [
    line("..", "INBOX"),
    line("md", "../../../etc"),
    line("../../etc", "INBOX"),
    line("md@..", ".."),
    line("x".repeat(300), "INBOX"),
  ],
});
