import { type Image, joinRawPath, type RawPath } from "#image";
import {
  type MailAccount,
  type MailProblem,
  openMailStore,
  type StoredMailbox,
  type StoredMessage,
  type StoredMessages,
} from "#mail";
import type { MessageSelection } from "#recovery";
import { accountAddress } from "./mailbox-address.ts";
import { messageFolders, type Scope } from "./scope.ts";

/** A folder of mail that a target means, or means a part of. */
export type SelectedMailbox = {
  readonly account: MailAccount;
  readonly address: string;
  readonly mailbox: StoredMailbox;
  /** Its messages that are meant: all, or the one that was named. */
  readonly messages: readonly StoredMessage[];
  readonly problems: readonly MailProblem[];
};

export type SelectMailOptions = {
  readonly image: Image;
  /** Where the Image's root lies on its machine. */
  readonly root: RawPath;
  readonly signal: AbortSignal;
};

/** A folder of mail whose messages nobody has looked at yet. */
export type MeantMailbox = Pick<SelectedMailbox, "account" | "address" | "mailbox"> & {
  /** Lists those that are meant. Throws what `MailAccount.messages` throws. */
  readonly list: (signal: AbortSignal) => Promise<StoredMessages>;
};

/** The folders of mail of a scope, whichever layout it has: account by account, INBOX first. None where it is no mail. */
export async function* meantMailboxes(
  scope: Scope,
  { image, root, signal }: SelectMailOptions,
): AsyncIterable<MeantMailbox> {
  for (const account of await accountsIn(scope, { image, root, signal })) {
    const address = accountAddress(account, root);
    for (const mailbox of await account.mailboxes(signal)) {
      if (!isMeant(mailbox, scope)) continue;
      yield {
        account,
        address,
        mailbox,
        list: async (listSignal) => {
          const { messages, problems } = await account.messages(mailbox, listSignal);
          return {
            messages: messages.filter((message) => isMessageMeant(message, scope)),
            problems: [...mailbox.problems, ...problems],
          };
        },
      };
    }
  }
}

/** The same with their messages. */
export async function* selectedMail(
  scope: Scope,
  options: SelectMailOptions,
): AsyncIterable<SelectedMailbox> {
  for await (const { list, ...meant } of meantMailboxes(scope, options))
    yield { ...meant, ...(await list(options.signal)) };
}

/** Whose mail a scope is a part of, or holds. */
export async function accountsIn(
  { account, entry, path }: Scope,
  { image, signal }: SelectMailOptions,
): Promise<readonly MailAccount[]> {
  if (account !== undefined) return [account];
  if (entry !== undefined && entry.type !== "directory") return [];
  return (await openMailStore(image, { root: path, signal })).accounts;
}

/** Which mail of its accounts a scope means. */
export function selectionOf(scope: Scope): MessageSelection {
  const { mailbox, uid, path } = scope;
  const isPart = uid !== undefined || (mailbox === undefined && isPartOfMaildir(path));
  return {
    wantsMailbox: (one) => isMeant(one, scope),
    ...(isPart ? { wantsMessage: (message) => isMessageMeant(message, scope) } : {}),
  };
}

function isMeant({ path: at }: StoredMailbox, { mailbox, path, account }: Scope): boolean {
  if (mailbox !== undefined) return mailbox.path === at;
  if (path === "" || path === at || at.startsWith(`${path}/`)) return true;
  // An account that was named by its owner, of a spool with others.
  if (account?.owner !== undefined && account.root === path) return true;
  return messageFolders.some((name) => isAtOrIn(path, joinRawPath(at, name)));
}

function isMessageMeant(message: StoredMessage, { mailbox, uid, path }: Scope): boolean {
  if (uid !== undefined) return message.uid === uid;
  // A folder was named, or all of it: what is left out is left out by its `cur`, `new` or own file.
  if (mailbox !== undefined || path === "") return true;
  return !isPartOfMaildir(path) || isAtOrIn(message.path, path);
}

/** A Maildir's `cur` or `new`, or a file in one. */
function isPartOfMaildir(path: RawPath): boolean {
  return /(?:^|\/)(?:cur|new)(?:\/[^/]+)?$/.test(path);
}

function isAtOrIn(path: RawPath, folder: RawPath): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}
