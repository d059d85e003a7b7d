import type { PutBackWay } from "../mail-server.ts";

/** Ways back into Maildirs, whichever server reads them. */
export const maildirPutBack: readonly PutBackWay[] = [
  {
    name: "files into the living Maildir",
    server: "either",
    keeps: ["flags", "INTERNALDATE"],
    steps: ["restante restore STORE --copy COPY --at MOMENT --missing"],
    cautions: [
      "UIDs are given by the server: its list of UIDs is not written into a Maildir that is in use.",
    ],
    isTried: true,
  },
  {
    name: "the whole Maildir before the server opens it",
    server: "is stopped",
    keeps: ["UID", "UIDVALIDITY", "flags", "keywords", "INTERNALDATE"],
    steps: ["put the folder back with its list of UIDs, its keywords and the times of its files"],
    cautions: ["Without the list of UIDs every client downloads all mail again."],
    isTried: true,
  },
];
