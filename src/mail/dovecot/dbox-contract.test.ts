import { memoryImage, type MemoryNodes } from "#image";
import { type KnownMailbox, mailStoreContract } from "../mail-store.contract.ts";
import {
  dboxFile,
  dboxMessage,
  guidOf,
  log,
  logFile,
  mailboxHeader,
  mdboxRows,
  mdboxStorage,
} from "./dbox.fixture.ts";

const long = `Subject: long\r\n\r\n${"0123456789\n".repeat(20_000)}`;
const receivedSeconds = 0x6100_0000;
const internalDateNs = BigInt(receivedSeconds) * 1_000_000_000n;

const one = { bytes: "Subject: 1\r\n\r\none\r\n", guid: guidOf(1), receivedSeconds };
const two = { bytes: long, guid: guidOf(2), receivedSeconds };
const three = { bytes: "Subject: 3\n\nthree\n", guid: guidOf(3), receivedSeconds, isPacked: true };
const four = { bytes: "", guid: guidOf(4), receivedSeconds };

const mailboxes: readonly KnownMailbox[] = [
  {
    name: "INBOX",
    uidValidity: 17,
    messages: [
      { uid: 1, flags: [], keywords: [], internalDateNs, bytes: one.bytes },
      {
        uid: 3,
        flags: ["\\Answered", "\\Seen"],
        keywords: ["$Junk", "Wichtig"],
        internalDateNs,
        bytes: long,
      },
      { uid: 8, flags: [], keywords: [], internalDateNs, bytes: three.bytes },
    ],
  },
  {
    name: "Archive/2024",
    uidValidity: 18,
    messages: [{ uid: 5, flags: ["\\Seen"], keywords: [], internalDateNs, bytes: "" }],
  },
  { name: "Empty", uidValidity: 19, messages: [] },
];

const changes = [
  log.flags(3, 3, { add: 0x09 }),
  log.keyword("Wichtig", 3, 3),
  log.keyword("$Junk", 3, 8),
  log.keyword("$Junk", 8, 8, true),
  log.expunge(4, 4),
];

const sdbox: MemoryNodes = {
  "mailboxes/INBOX/dbox-Mails/dovecot.index.log": logFile([
    ...mailboxHeader("sdbox", 1),
    log.uidValidity(17),
    log.append([1, 0], [3, 0], [4, 0], [8, 0]),
    ...changes,
  ]),
  "mailboxes/INBOX/dbox-Mails/u.1": dboxFile(dboxMessage(one)),
  "mailboxes/INBOX/dbox-Mails/u.3": dboxFile(dboxMessage(two)),
  "mailboxes/INBOX/dbox-Mails/u.8": dboxFile(dboxMessage(three)),
  "mailboxes/Archive/2024/dbox-Mails/dovecot.index.log": logFile([
    log.uidValidity(18),
    log.append([5, 8]),
  ]),
  "mailboxes/Archive/2024/dbox-Mails/u.5": dboxFile(dboxMessage(four)),
  "mailboxes/Empty/dbox-Mails/dovecot.index.log": logFile([log.uidValidity(19)]),
};

const mdbox: MemoryNodes = {
  ...mdboxStorage([one, two, three, four]),
  "mailboxes/INBOX/dbox-Mails/dovecot.index.log": logFile([
    ...mailboxHeader("mdbox", 99),
    log.uidValidity(17),
    log.append([1, 0], [3, 0], [4, 0], [8, 0]),
    ...mdboxRows([
      { uid: 1, mapUid: 1, guid: guidOf(1) },
      { uid: 3, mapUid: 2, guid: guidOf(2) },
      { uid: 8, mapUid: 3, guid: guidOf(3) },
    ]),
    ...changes,
  ]),
  "mailboxes/Archive/2024/dbox-Mails/dovecot.index.log": logFile([
    log.uidValidity(18),
    log.append([5, 8]),
    ...mdboxRows([{ uid: 5, mapUid: 4, guid: guidOf(4) }]),
  ]),
  "mailboxes/Empty/dbox-Mails/dovecot.index.log": logFile([log.uidValidity(19)]),
};

mailStoreContract("an sdbox", {
  image: async () => memoryImage(sdbox),
  known: { layout: "sdbox", mailboxes },
});

mailStoreContract("an mdbox", {
  image: async () => memoryImage(mdbox),
  known: { layout: "mdbox", mailboxes },
});
