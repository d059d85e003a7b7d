import { memoryImage, type MemoryNodes } from "#image";
import { mailStoreContract } from "../mail-store.contract.ts";

const folder = { type: "directory" } as const;
const long = `Subject: long\r\n\r\n${"0123456789\n".repeat(20_000)}`;

const nodes: MemoryNodes = {
  "Maildir/cur": folder,
  "Maildir/new": folder,
  "Maildir/dovecot-uidlist": "3 V17 N9\n1 :1.a\n3 :2.b\n8 :3.c\n",
  "Maildir/dovecot-keywords": "0 Wichtig\n1 $Junk\n",
  "Maildir/cur/2.b:2,RSab": { bytes: long, mtimeNs: 2n },
  "Maildir/cur/3.c:2,": { bytes: "Subject: 3\n\nthree\n", mtimeNs: 3n },
  "Maildir/new/1.a": { bytes: "Subject: 1\r\n\r\none\r\n", mtimeNs: 1n },
  "Maildir/.Archive.2024/cur/4.d:2,S": { bytes: "", mtimeNs: 4n },
  "Maildir/.Archive.2024/new": folder,
  "Maildir/.Empty/cur": folder,
  "Maildir/.Empty/new": folder,
};

mailStoreContract("a Maildir", {
  image: async () => memoryImage(nodes),
  known: {
    layout: "maildir",
    mailboxes: [
      {
        name: "INBOX",
        uidValidity: 17,
        messages: [
          {
            uid: 1,
            flags: [],
            keywords: [],
            internalDateNs: 1n,
            bytes: "Subject: 1\r\n\r\none\r\n",
          },
          {
            uid: 3,
            flags: ["\\Answered", "\\Seen"],
            keywords: ["$Junk", "Wichtig"],
            internalDateNs: 2n,
            bytes: long,
          },
          { uid: 8, flags: [], keywords: [], internalDateNs: 3n, bytes: "Subject: 3\n\nthree\n" },
        ],
      },
      {
        name: "Archive/2024",
        messages: [{ flags: ["\\Seen"], keywords: [], internalDateNs: 4n, bytes: "" }],
      },
      { name: "Empty", messages: [] },
    ],
  },
});
