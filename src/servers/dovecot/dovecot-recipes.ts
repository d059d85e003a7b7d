import type { ChangeHint, PutBackWay } from "../mail-server.ts";
import { listOf, settingOf } from "./settings-text.ts";
import type { DovecotSection } from "./settings-text.ts";

/** Ways back into a Dovecot, the one that keeps most first. */
export const dovecotPutBack: readonly PutBackWay[] = [
  {
    name: "the server pulls a whole mailbox from an IMAP server over the copy",
    server: "runs",
    keeps: ["UID", "UIDVALIDITY", "flags", "keywords", "INTERNALDATE"],
    steps: [
      "doveadm -o imapc_host=HOST -o imapc_port=PORT -o imapc_user=USER -o imapc_password=PASSWORD backup -R -u USER imapc:",
    ],
    cautions: ["It deletes what the copy does not have: into empty mailboxes only."],
    isTried: true,
  },
  {
    name: "files into the store before the server opens it",
    server: "is stopped",
    keeps: ["UID", "UIDVALIDITY", "flags", "keywords", "INTERNALDATE"],
    steps: [
      "put the whole store back with its uidlists, keywords, indexes and logs, and with the times of its files",
      "start the server, then doveadm mailbox status -u USER 'messages uidvalidity uidnext' '*'",
    ],
    cautions: [
      "A dbox without its index logs comes back without flags, an mdbox without its map without copied mail.",
      "Never write dovecot-uidlist under a server that runs: UIDs are given again.",
    ],
    isTried: true,
  },
  {
    name: "IMAP APPEND, message by message",
    server: "runs",
    keeps: ["flags", "keywords", "INTERNALDATE"],
    steps: ["APPEND each message with its flags and date, as the user or through a master user"],
    cautions: ["Messages get new UIDs. Compare by content first, or there are duplicates."],
    isTried: true,
  },
  {
    name: "doveadm, message by message, without a login",
    server: "runs",
    keeps: ["flags", "keywords", "INTERNALDATE"],
    steps: ["on the server's machine, as root: restante restore TARGET --at T --to doveadm"],
    cautions: ["Messages get new UIDs."],
    isTried: true,
  },
  {
    name: "doveadm import of a store that Dovecot can open",
    server: "runs",
    keeps: ["flags", "keywords", "INTERNALDATE"],
    steps: [
      "open the copy's moment as files in FOLDER",
      "doveadm import -u USER maildir:FOLDER PARENT QUERY",
    ],
    cautions: ["It does not look for duplicates: import into a folder of its own."],
    isTried: false,
  },
];

/** What mail_log logs of changes where nobody says what: as Dovecot 2.3.19 does. */
const usualEvents = "delete undelete expunge save copy mailbox_delete mailbox_rename";
const wantedEvents = [
  "expunge",
  "save",
  "copy",
  "mailbox_create",
  "mailbox_delete",
  "mailbox_rename",
  "flag_change",
];

/** Where the system's log of mail usually is. */
export const systemMailLogs: readonly string[] = [
  "/var/log/mail.log",
  "/var/log/maillog",
  "/var/log/mail",
];

/**
 * How a Dovecot could tell of changes. Hints: only a reconciling scan is the truth. `systemLog`: the file of the
 * system's log of mail, where there is one.
 */
export function dovecotChanges(
  root: DovecotSection,
  systemLog: string | undefined,
): readonly ChangeHint[] {
  const plugins = listOf(root, "mail_plugins");
  const written = settingOf(root, "info_log_path") ?? settingOf(root, "log_path") ?? "syslog";
  const log = written === "syslog" ? systemLog : written;
  // A list of words in 2.3, a section of them in 2.4.
  const listed = listOf(root, "mail_log_events");
  const words = settingOf(root, "mail_log_events") ?? usualEvents;
  const events = listed.length > 0 ? listed : words.split(/[\s,]+/);
  const lacking = wantedEvents.filter((event) => !events.includes(event));
  const isOn = plugins.includes("notify") && plugins.includes("mail_log");
  const isFile = log?.startsWith("/") === true && !log.startsWith("/dev/");
  const lacks = !isFile
    ? "It logs into no file that is known: info_log_path may name one."
    : `mail_log_events has no ${lacking.join(", ")}: add them.`;
  return [
    {
      name: "mail_log plugin",
      isOn,
      about: "Logs save, copy, expunge and flag_change with mailbox and UID.",
      ...(isFile ? { log } : {}),
      ...(isOn && (!isFile || lacking.length > 0) ? { lacks } : {}),
    },
    {
      name: "IMAP NOTIFY",
      isOn: true,
      about: "One connection for each user hears of all its mailboxes.",
    },
  ];
}
