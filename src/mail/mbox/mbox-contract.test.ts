import { memoryImage, type MemoryNodes } from "#image";
import { mailStoreContract } from "../mail-store.contract.ts";

const long = `Subject: long\r\n\r\n${"0123456789\n".repeat(20_000)}`;
const second = 1_000_000_000n;
const dayNs = BigInt(Date.UTC(2026, 10, 25, 14, 3, 7)) * 1_000_000n;

/** As Dovecot leaves it: the first message says what holds for all. */
const inbox = [
  "From a@example.org  Wed Nov 25 14:03:07 2026 +0000\n",
  "X-IMAPbase: 17 0000000009 Wichtig $Junk\nX-UID: 1\nStatus: O\n",
  "Subject: 1\n\none\n",
  "\nFrom b@example.org  Wed Nov 25 14:03:08 2026 +0000\n",
  "X-UID: 3\nStatus: RO\nX-Status: A\nX-Keywords: $Junk Wichtig         \n",
  long,
  "\nFrom c@example.org  Wed Nov 25 14:03:09 2026 +0000\n",
  "Subject: 3\nX-UID: 8\n\n>From here on\n",
  "\n",
].join("");

const nodes: MemoryNodes = {
  "mail/inbox": inbox,
  "mail/.imap/INBOX/dovecot.index.log": "",
  "mail/Archive/2024": "From d@example.org Wed Nov 25 14:03:10 2026 +0000\nStatus: R\n\n\n",
  "mail/Empty": "",
};

mailStoreContract("a mail folder of mboxes", {
  image: async () => memoryImage(nodes),
  known: {
    layout: "mbox",
    mailboxes: [
      {
        name: "INBOX",
        uidValidity: 17,
        messages: [
          {
            uid: 1,
            flags: [],
            keywords: [],
            internalDateNs: dayNs,
            bytes: "Subject: 1\n\none\n",
          },
          {
            uid: 3,
            flags: ["\\Answered", "\\Seen"],
            keywords: ["$Junk", "Wichtig"],
            internalDateNs: dayNs + second,
            bytes: long,
          },
          {
            uid: 8,
            flags: [],
            keywords: [],
            internalDateNs: dayNs + 2n * second,
            bytes: "Subject: 3\n\n>From here on\n",
          },
        ],
      },
      {
        name: "Archive/2024",
        messages: [
          { flags: ["\\Seen"], keywords: [], internalDateNs: dayNs + 3n * second, bytes: "\n" },
        ],
      },
      { name: "Empty", messages: [] },
    ],
  },
});
