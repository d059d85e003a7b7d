import { isImageError } from "#image";
import {
  isMailError,
  type MailAccount,
  messageIdentity,
  type StoredMailbox,
  type StoredMessage,
} from "#mail";

/** A message in its mailbox. */
export type Placed = { readonly mailbox: StoredMailbox; readonly message: StoredMessage };

export type MailDifference =
  /** In now and not in the past. */
  | { readonly kind: "created"; readonly now: Placed }
  /** In the past and not in now. */
  | { readonly kind: "removed"; readonly past: Placed }
  /** In another mailbox of its account, or with other flags or keywords. */
  | { readonly kind: "moved" | "flagged"; readonly past: Placed; readonly now: Placed };

export type MailDifferences = {
  readonly differences: readonly MailDifference[];
  /** Messages that are where they were, as they were. */
  readonly same: number;
  /** One sentence each: what could not be compared. */
  readonly warnings: readonly string[];
};

export type DiffAccountsOptions = {
  /** Which mailboxes are looked at, by name. Default: all. */
  readonly isMeant?: (mailbox: StoredMailbox) => boolean;
  readonly signal?: AbortSignal;
};

/** Messages read at once: enough to keep a repository on a slow disk busy. */
const readsAtOnce = 16;

/**
 * What differs between two moments of one owner's mail, whatever its layout: messages are the same
 * by identity, counted as multisets; UIDs and names only say whom to pair first. Undefined stands
 * for an account that is not there. A listing that fails throws.
 */
export async function diffAccounts(
  past: MailAccount | undefined,
  now: MailAccount | undefined,
  options: DiffAccountsOptions = {},
): Promise<MailDifferences> {
  const warnings: string[] = [];
  const before = await identified(past, { ...options, warnings });
  const after = await identified(now, { ...options, warnings });
  const differences: MailDifference[] = [];
  let same = 0;
  // The most alike first: nobody has moved, or has other flags, who can be found as he was.
  for (const isAlike of [areOnePlacement, areInOneMailbox, () => true]) {
    for (const [identity, waiting] of before) {
      const candidates = after.get(identity) ?? [];
      before.set(
        identity,
        waiting.filter((one) => {
          const at = candidates.findIndex((candidate) => isAlike(one, candidate));
          if (at < 0) return true;
          const [found] = candidates.splice(at, 1) as [Placed];
          const kind = kindOf(one, found);
          if (kind === "same") same++;
          else differences.push({ kind, past: one, now: found });
          return false;
        }),
      );
    }
  }
  for (const gone of before.values())
    differences.push(...gone.map((one) => ({ kind: "removed", past: one }) as const));
  for (const fresh of after.values())
    differences.push(...fresh.map((one) => ({ kind: "created", now: one }) as const));
  return { differences, same, warnings };
}

type Identified = Map<string, Placed[]>;

/** An account's messages by identity. What cannot be read is a warning, and neither there nor missing. */
async function identified(
  account: MailAccount | undefined,
  { isMeant = () => true, signal, warnings }: DiffAccountsOptions & { readonly warnings: string[] },
): Promise<Identified> {
  const found: Identified = new Map();
  if (account === undefined) return found;
  const read = signal === undefined ? {} : { signal };
  for (const mailbox of (await account.mailboxes(signal)).filter(isMeant)) {
    const { messages } = await account.messages(mailbox, signal);
    const identities: (string | undefined)[] = [];
    let next = 0;
    const work = async (): Promise<void> => {
      for (let at = next++; at < messages.length; at = next++) {
        signal?.throwIfAborted();
        try {
          identities[at] = await messageIdentity(account.read(messages[at] as StoredMessage, read));
        } catch (error) {
          if (!isImageError(error) && !isMailError(error)) throw error;
          warnings.push(`${error.message}.`);
        }
      }
    };
    await Promise.all(Array.from({ length: readsAtOnce }, work));
    for (const [index, message] of messages.entries()) {
      const identity = identities[index];
      if (identity === undefined) continue;
      const others = found.get(identity) ?? [];
      found.set(identity, others);
      others.push({ mailbox, message });
    }
  }
  return found;
}

function kindOf(past: Placed, now: Placed): "same" | "flagged" | "moved" {
  if (past.mailbox.name !== now.mailbox.name) return "moved";
  return labelsOf(past.message) === labelsOf(now.message) ? "same" : "flagged";
}

function labelsOf({ flags, keywords }: StoredMessage): string {
  return [...flags, ...keywords].toSorted().join(" ");
}

function areInOneMailbox(a: Placed, b: Placed): boolean {
  return a.mailbox.name === b.mailbox.name;
}

/** The same UID of the same mailbox, or of those without one the same flags. */
function areOnePlacement(a: Placed, b: Placed): boolean {
  if (!areInOneMailbox(a, b)) return false;
  return a.message.uid === undefined || b.message.uid === undefined
    ? labelsOf(a.message) === labelsOf(b.message)
    : a.message.uid === b.message.uid && a.mailbox.uidValidity === b.mailbox.uidValidity;
}
