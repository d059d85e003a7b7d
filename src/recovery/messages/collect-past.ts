import { isImageError } from "#image";
import type { MailAccount, MailProblem, StoredMailbox, StoredMessage } from "#mail";
import type { LivingAccount } from "../living/living-account.ts";
import { doubleKey, type PastMessage, readPast } from "./past-messages.ts";

/** Which messages of an account are asked for. */
export type MessageSelection = {
  readonly wantsMailbox: (mailbox: StoredMailbox) => boolean;
  /** Default: every message of a mailbox that is wanted. */
  readonly wantsMessage?: (message: StoredMessage) => boolean;
};

export type PastSide = {
  readonly messages: readonly PastMessage[];
  readonly mailboxes: readonly PastMailbox[];
  readonly warnings: readonly string[];
};

export type PastMailbox = {
  readonly mailbox: StoredMailbox;
  /** Its name in the living account. */
  readonly home: string;
  /** Where its messages are put. */
  readonly to: string;
  readonly isWanted: boolean;
  /** All its messages are known: what is not among them was not there. */
  readonly isComplete: boolean;
  /** Why its messages could not be listed. */
  readonly failure?: string;
};

export type CollectPastOptions = {
  readonly selection: MessageSelection;
  readonly living: Pick<LivingAccount, "nameHere">;
  readonly into?: string | undefined;
  readonly signal?: AbortSignal | undefined;
};

/** Problems of a listing that hide no message. */
const harmless: ReadonlySet<string> = new Set([
  "uid-list",
  "keywords",
  "mailbox-name",
  "duplicate-message",
  "not-a-message",
  "subscriptions",
]);

/** Every message of the account at that moment. */
export async function collectPast(
  account: MailAccount,
  { selection, living, into, signal }: CollectPastOptions,
): Promise<PastSide> {
  const mailboxes = await account.mailboxes(signal);
  const wanted = mailboxes.filter((mailbox) => selection.wantsMailbox(mailbox));
  const messages: PastMessage[] = [];
  const found: PastMailbox[] = [];
  const warnings = new Set<string>();
  for (const mailbox of mailboxes) {
    const isWanted = wanted.includes(mailbox);
    const home = living.nameHere(mailbox.name);
    const into_ = wanted.length === 1 ? into : `${into}/${mailbox.name}`;
    const to =
      isWanted && into_ !== undefined && into !== undefined ? living.nameHere(into_) : home;
    const known = { mailbox, home, to, isWanted };
    try {
      const listed = await account.messages(mailbox, signal);
      const problems = [...mailbox.problems, ...listed.problems];
      if (isWanted) for (const problem of problems) warnings.add(problemText(mailbox, problem));
      found.push({ ...known, isComplete: problems.every(({ code }) => harmless.has(code)) });
      for (const stored of listed.messages) {
        const isAsked = isWanted && (selection.wantsMessage?.(stored) ?? true);
        messages.push({ mailbox, to: isAsked ? to : home, stored, isWanted: isAsked });
      }
    } catch (error) {
      if (!isImageError(error)) throw error;
      found.push({ ...known, isComplete: false, failure: error.message });
      warnings.add(`“${mailbox.name}” could not be listed at that moment: ${error.message}`);
    }
  }
  return {
    mailboxes: found,
    messages: await withoutDoubles(account, messages, signal),
    warnings: [...warnings],
  };
}

function problemText({ name }: StoredMailbox, { message }: MailProblem): string {
  return `“${name}” at that moment: ${message}`;
}

/** A walk of a living store can list a message under its old and its new name. */
async function withoutDoubles(
  account: MailAccount,
  messages: readonly PastMessage[],
  signal: AbortSignal | undefined,
): Promise<readonly PastMessage[]> {
  const groups = Map.groupBy(messages, ({ mailbox, stored }) => {
    const key = doubleKey(stored, account.layout);
    return key === undefined ? undefined : `${mailbox.path}\0${key}`;
  });
  const dropped = new Set<PastMessage>();
  for (const [key, group] of groups) {
    if (key === undefined || group.length === 1) continue;
    await readPast(account, group, { signal });
    const identities = new Set<string>();
    for (const message of group) {
      const { facts } = message;
      if (facts === undefined || !("identity" in facts)) continue;
      if (identities.has(facts.identity)) dropped.add(message);
      identities.add(facts.identity);
    }
  }
  return dropped.size === 0 ? messages : messages.filter((message) => !dropped.has(message));
}
