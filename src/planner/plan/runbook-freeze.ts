import type { DisasterOptionId, Loss, OperationalMethodId } from "../figure-1/index.ts";
import type { Combination } from "../model/index.ts";
import { step, type Step } from "./runbook-words.ts";

/** What would overwrite the very copy that is needed. A copy is read, never written (§3.3.2). */

const tapesHeld =
  "Take every tape that may be needed out of the rotation and set its write protection: a tape that is written again is gone.";
const copiesHeld = "Stop the jobs that delete or overwrite backup copies.";
const vaultHeld = "Call the vault: hold all tapes, send none back for reuse.";
const protectedOnly =
  "Never write to it: protected instant restore only, “that does not allow writes to be forwarded from the source disk” (§3.3.2).";

const operationalFreeze: Readonly<Record<OperationalMethodId, string>> = {
  tape: tapesHeld,
  disk: copiesHeld,
  "virtual-tape": copiesHeld,
  "disk-deduplicated":
    "Stop the expiry of moments, by hand and by schedule. Copies made meanwhile only add to them.",
  "object-storage": "Stop the expiry of moments, and the rules by which the bucket deletes.",
  clones: `Stop the rotation of clones: one that goes back into the mirror is overwritten. ${protectedOnly}`,
  deltas: `Stop the rotation of delta snapshots, and watch the room that they grow into: what production writes fills it. ${protectedOnly}`,
  cdp: "Stop the removal of older writes: they are removed “in order to make room for new writes” (§3.5.2).",
  journal: "Stop the expiry of the journal and of its base copies.",
};

const mirrorFreeze =
  "Suspend the remote mirror: it “propagates any corruption or application errors immediately” (§2.2.3).";
const snapshotsFreeze =
  "Stop the rotation of the remote snapshots. Keep three of them: one proven, one live, one under test (§3.3.6).";
const duplicatesFreeze =
  "Stop what deletes offsite copies: what is given up on site must not be given up there too.";

const disasterFreeze: Readonly<Record<DisasterOptionId, string>> = {
  "ship-tapes": vaultHeld,
  "vault-tapes": `At the recovery site: ${tapesHeld}`,
  "duplicate-tapes": vaultHeld,
  "duplicate-disk": duplicatesFreeze,
  "duplicate-object-storage": duplicatesFreeze,
  "mirror-application": mirrorFreeze,
  "mirror-host": mirrorFreeze,
  "mirror-array": mirrorFreeze,
  "mirror-sync": mirrorFreeze,
  "mirror-failover": `${mirrorFreeze} Switch the automatic failover off until it is decided where the server runs.`,
  "snapshots-of-mirror": snapshotsFreeze,
  "snapshots-copied": snapshotsFreeze,
  "snapshots-propagated": snapshotsFreeze,
  "protected-cdp": "Stop the removal of older writes on the mirrored backing store too.",
};

/** What all the combinations in use ask to be stopped before anything else, each once. */
export function freezeSteps(loss: Loss, combinations: readonly Combination[]): readonly Step[] {
  const found = new Map<string, Step>();
  const add = (who: Step["who"], text: string): void => void found.set(text, step(who, text));
  for (const { operational, disaster } of combinations) {
    // What stood on the site is gone with it.
    if (loss !== "site") add("storage", operationalFreeze[operational.method]);
    if (disaster === undefined) continue;
    const isMirror = disaster.option.startsWith("mirror-");
    // One mailbox of many: the mirror goes on protecting the others.
    if (isMirror && loss === "user-error") continue;
    // After the loss of the site the mirror is what is left, and is cut from it among the first steps.
    if (isMirror && loss === "site") continue;
    add(
      disaster.option.endsWith("-tapes") && disaster.option !== "vault-tapes" ? "vault" : "storage",
      disasterFreeze[disaster.option],
    );
  }
  return [...found.values()];
}
