import {
  documented,
  doesNotWork,
  type FamilyApplicability,
  type ServerApplicability,
  worksWithCaveat,
} from "./applicability-verdict.ts";

/** Servers that somebody else runs: only their protocol is within reach. Nothing of it was tried. */

const notInThisVersion = "this version has no source that speaks the protocol";
const slow = "message by message is slow and gives no short RPO or RTO (§1.4.3)";

type Protocol = {
  readonly specification: string;
  /** How objects are listed and fetched. */
  readonly fetches: string;
  readonly fetchCaveats: readonly string[];
  /** How changes are learnt of. */
  readonly notices: string;
  readonly noticeCaveats: readonly string[];
};

function overProtocol(protocol: Protocol): ServerApplicability {
  const { specification, fetches, fetchCaveats, notices, noticeCaveats } = protocol;
  const source = `paper §2.1 (object-level APIs); ${specification}`;
  const outOfReach = (why: string): ReturnType<typeof doesNotWork> =>
    doesNotWork(`${why} Only its protocol is within reach.`, documented(specification));
  return {
    sources: {
      offline: outOfReach("One does not stop a server that one does not run."),
      "backup-api": worksWithCaveat(fetches, {
        ...documented(source),
        caveats: [...fetchCaveats, slow, notInThisVersion],
      }),
      "hot-split": outOfReach("There is no access to its volumes."),
      "app-snapshot": outOfReach("There is no access to its volumes."),
      "live-object": worksWithCaveat(notices, {
        ...documented(source),
        caveats: [...noticeCaveats, notInThisVersion],
      }),
      "live-write": outOfReach("There is no access to its volumes."),
    },
    mirrors: {
      "mirror-application": outOfReach("Whether the server replicates is its operator's affair."),
      "mirror-failover": outOfReach("Whether the server fails over is its operator's affair."),
    },
    logs: {
      has: false,
      reason: "Whatever log the server keeps cannot be had over the protocol.",
      playback:
        "nothing: to lose no message without a log, changes must go to a journal of objects as they happen (§3.5)",
      ...documented(specification),
    },
    reader: {
      reader: "not needed",
      reason: "What is captured are messages already, each an object of its own.",
      ...documented(source),
    },
  };
}

const imap: ServerApplicability = overProtocol({
  specification: "RFC 9051 (IMAP4rev2), RFC 7162 (CONDSTORE and QRESYNC), RFC 5465 (NOTIFY)",
  fetches:
    "The object-level API is IMAP itself: every mailbox is listed and every message fetched with its UID, flags and date; where the server has QRESYNC, later runs ask for changes alone.",
  fetchCaveats: [
    "what IMAP does not show (filters, rights, settings) is not in the copy",
    "UIDs cannot be given back by APPEND",
  ],
  notices:
    "A client learns of new mail, flags and removals while it is connected, by NOTIFY for all mailboxes or IDLE for one, and fetches what is new.",
  noticeCaveats: [
    "what arrives and is expunged between two looks is never seen",
    "without NOTIFY, mailboxes other than the selected one are polled",
  ],
});

const jmap: ServerApplicability = overProtocol({
  specification: "RFC 8620 (JMAP), RFC 8621 (JMAP for Mail)",
  fetches:
    "The object-level API is JMAP itself: every message is downloaded as a blob with its mailboxes, keywords and date; later runs ask for the changes since a state.",
  fetchCaveats: ["an import gives messages new identities"],
  notices:
    "The server pushes that its state changed, and the client fetches the changes since the state that it knows.",
  noticeCaveats: [
    "what arrives and is destroyed between two looks is never seen",
    "a server may say that it cannot calculate changes: then everything is listed again",
  ],
});

export const protocolServers: FamilyApplicability<"imap" | "jmap"> = { imap, jmap };
