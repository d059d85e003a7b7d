import { memoryImage } from "#image";
import { mailStoreContract } from "../mail-store.contract.ts";
import { cyrusNodes, type FixtureMailbox } from "./cyrus.fixture.ts";

const long = `Subject: long\r\n\r\n${"0123456789\r\n".repeat(20_000)}`;

const mailboxes: readonly FixtureMailbox[] = [
  {
    name: "user.cass.Archive.2024",
    uniqueId: "b2archive",
    uidValidity: 18,
    messages: [{ uid: 4, bytes: "", flags: ["\\Seen"], internalDate: 4 }],
  },
  { name: "user.cass.Empty", uniqueId: "c3empty", uidValidity: 19, messages: [] },
  {
    name: "user.cass",
    uniqueId: "a1inbox",
    uidValidity: 17,
    flagNames: ["Wichtig", undefined, "$Junk"],
    messages: [
      { uid: 1, bytes: "Subject: 1\r\n\r\none\r\n", internalDate: 1 },
      { uid: 2, bytes: "Subject: expunged\r\n\r\n", isExpunged: true },
      { uid: 3, bytes: long, flags: ["\\Seen", "\\Answered"], userFlags: [0, 2], internalDate: 2 },
      { uid: 8, bytes: "Subject: 3\r\n\r\nthree\r\n", flags: ["\\Draft"], internalDate: 3 },
    ],
  },
];

mailStoreContract("a Cyrus spool", {
  image: async () => memoryImage(cyrusNodes(mailboxes)),
  known: {
    layout: "cyrus",
    mailboxes: [
      {
        name: "INBOX",
        uidValidity: 17,
        messages: [
          {
            uid: 1,
            flags: [],
            keywords: [],
            internalDateNs: 1_000_000_000n,
            bytes: "Subject: 1\r\n\r\none\r\n",
          },
          {
            uid: 3,
            flags: ["\\Answered", "\\Seen"],
            keywords: ["$Junk", "Wichtig"],
            internalDateNs: 2_000_000_000n,
            bytes: long,
          },
          {
            uid: 8,
            flags: ["\\Draft"],
            keywords: [],
            internalDateNs: 3_000_000_000n,
            bytes: "Subject: 3\r\n\r\nthree\r\n",
          },
        ],
      },
      {
        name: "Archive/2024",
        uidValidity: 18,
        messages: [
          { uid: 4, flags: ["\\Seen"], keywords: [], internalDateNs: 4_000_000_000n, bytes: "" },
        ],
      },
      { name: "Empty", uidValidity: 19, messages: [] },
    ],
  },
});
