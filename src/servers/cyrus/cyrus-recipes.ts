import type { ChangeHint, PutBackWay } from "../mail-server.ts";
import type { CyrusSettings } from "./cyrus-settings.ts";

export const cyrusPutBack: readonly PutBackWay[] = [
  {
    name: "IMAP APPEND, message by message",
    server: "runs",
    keeps: ["flags", "keywords", "INTERNALDATE"],
    steps: ["APPEND each message with its flags and date, as an administrator or the user"],
    cautions: [
      "Messages get new UIDs. Compare by content first, or there are duplicates.",
      "It refuses messages with a header that is none, and writes an X for each byte beyond ASCII in a header unless imapd.conf has munge8bit: no.",
    ],
    isTried: true,
  },
  {
    name: "the spool and its databases as a whole",
    server: "is stopped",
    keeps: ["UID", "UIDVALIDITY", "flags", "keywords", "INTERNALDATE"],
    steps: [
      "put the partitions and the configuration folder of one moment back, with owners and modes",
      "cyr_dbtool /ABSOLUTE/PATH/mailboxes.db twoskip consistent",
      "start the server, then as its user: reconstruct -r -f user/USER, and quota -f",
    ],
    cautions: ["Spool and mailboxes.db of different moments do not fit: names and folders differ."],
    isTried: false,
  },
  {
    name: "message files into a mailbox of the spool",
    server: "runs",
    keeps: ["INTERNALDATE"],
    steps: [
      "put the files beside the others, each under a number that is free, ending with a dot, lines with CRLF",
      "as the server's user: reconstruct -f user/USER/FOLDER",
    ],
    cautions: ["Flags are in cyrus.index and do not come with the file."],
    isTried: false,
  },
];

/** A channel that is ours by its name; others may belong to replication or indexing, which empty them. */
const ownChannel = "restante";

export function cyrusChanges({
  syncLogChannels,
  configurationFolder,
  all,
}: CyrusSettings): readonly ChangeHint[] {
  const logs = /^(?:1|yes|on|t|true)$/i.test(all.get("sync_log") ?? "");
  const isOwn = syncLogChannels.includes(ownChannel);
  const isOn = logs && syncLogChannels.length > 0;
  return [
    {
      name: "sync_log channel",
      isOn,
      about: "A channel of our own in sync_log_channels gets a line for each mailbox that changes.",
      ...(isOwn || !isOn ? { log: `${configurationFolder}/sync/${ownChannel}` } : {}),
      ...(isOn && !isOwn ? { lacks: `sync_log_channels has no ${ownChannel}: add it.` } : {}),
    },
  ];
}
