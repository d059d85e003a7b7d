import type { Loss } from "../figure-1/index.ts";
import type { Inline } from "../report/index.ts";
import { blank, step, type Step } from "./runbook-words.ts";

/** What is the same of a loss whatever protects the mail. */
export type LossWords = {
  readonly heading: string;
  readonly recognised: string;
  readonly decides: string;
  /** Before anything is restored. */
  readonly stop: readonly Step[];
  /** Which moment is wanted. */
  readonly moment: string;
  /** Beyond the checks that every recovery ends with. */
  readonly check: readonly Inline[];
};

export const lossWords: Readonly<Record<Loss, LossWords>> = {
  "user-error": {
    heading: "User error: mail deleted or changed by mistake",
    recognised:
      "Somebody misses messages or folders, or finds them changed, and the rest of the server is as it should be. Ask which mailbox and folder, when they were last seen, and which program or person did it.",
    decides:
      "The mail administrator, with the person whose mailbox it is: what is missing is put back into one mailbox, and nothing is deleted.",
    stop: [
      step(
        "notices",
        "Close the mail program that did it, on all devices: one that synchronises may delete again.",
      ),
      step(
        "mail",
        "The mail server keeps running. Do not compact, expunge or purge this mailbox meanwhile.",
      ),
    ],
    moment: "the newest moment before the mistake",
    check: ["The person whose mailbox it is confirms that what was missed is there."],
  },
  corruption: {
    heading: "Corruption: the store damaged by software, a virus or an operator",
    recognised:
      "The mail server does not start or reports damaged mailboxes, messages cannot be opened, or many mailboxes shrink at once while the volumes are sound.",
    decides:
      "The head of the line of business, on the proposal of the mail administrator: going back to a moment gives up what came after it.",
    stop: [
      step(
        "mail",
        "Stop the mail server and delivery into the store. Mail from outside waits in the queue of whoever sends it, if this host's own queue is stopped too.",
      ),
      step(
        "mail",
        "Leave the damaged store as it is: no repair tool on the only specimen. It may hold mail that no copy has.",
      ),
    ],
    moment:
      "the newest moment that is sound: begin with the newest before the damage, go back until the check passes",
    check: [
      "What was damaged is kept, aside or in the undo folder, until the head of the line of business agrees to remove it.",
    ],
  },
  "late-attack": {
    heading: "Attack found late: after a long weekend, say",
    recognised:
      "Mail was changed, encrypted or removed hours or days ago and it is found only now. Find the time of the attack first: logs of sign-ins, first damaged message, first complaint.",
    decides: `The head of the line of business, with whoever answers for security (${blank}): nothing is restored onto the server before the way in is closed.`,
    stop: [
      step("mail", "Take the mail server off the network. Change what the attacker may know."),
      step(
        "storage",
        "Whatever was copied since the attack is suspect: keep it, mark it, restore nothing from it. Nothing older may expire now.",
      ),
    ],
    moment:
      "“the last OR image taken before that time” (§1.4.2); images get coarser with age, so know the time of the attack well",
    check: [
      "Nothing of the attack is in what was restored: look for the first damaged message again.",
    ],
  },
  hardware: {
    heading: "Hardware: the volumes of the mail server destroyed",
    recognised:
      "Volumes report errors or cannot be mounted. A volume that is merely not mounted looks like an empty store: look at the mount first.",
    decides:
      "The storage operator says whether the volumes come back by themselves and when; the head of the line of business, whether to wait for them.",
    stop: [
      step(
        "mail",
        "Stop the mail server and delivery, so that nothing new is written to an empty folder in the store's place.",
      ),
      step(
        "storage",
        "Stop scheduled copies of this store: a copy of an empty folder looks like a store that was emptied.",
      ),
      step(
        "storage",
        "Do not initialise, rebuild or format the damaged volumes before it is decided that they are given up.",
      ),
    ],
    moment: "the newest whole moment",
    check: ["Owners, modes and free room of the new volumes are right before the server starts."],
  },
  site: {
    heading: "Loss of the site",
    recognised:
      "The site cannot be reached or entered: power, network or building are gone, and not for mail alone.",
    decides: `Whoever may declare a disaster in the overall continuity plan: ${blank}. What follows begins after that.`,
    stop: [
      step(
        "vault",
        "Hold everything that is kept for us. Nothing goes back into rotation, nothing travels to the lost site.",
      ),
      step(
        "storage",
        "At the recovery site, stop every job that follows the lost site: its expiry, its rotation, its mirrors.",
      ),
      step(
        "mail",
        "Make sure that the old server cannot come back by itself: two servers of one name lose mail.",
      ),
    ],
    moment: "the newest moment that is safe at the recovery site or in the vault",
    check: [
      "Delivery from outside reaches the new server before the time for which senders keep mail is over (often five days, to be checked).",
    ],
  },
};
