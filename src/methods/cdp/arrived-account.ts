import { isRecoveryError } from "#errors";
import { type RawPath, rootPath } from "#image";
import type { JournalReader } from "#journal";
import { type MailAccount, MailError, type StoredMessage } from "#mail";
import type { ArrivedMessage } from "./arrived-mail.ts";

export type ArrivedAccountOptions = {
  readonly journal: JournalReader;
  readonly owner: string;
  readonly messages: readonly ArrivedMessage[];
};

/**
 * Arrived messages as the mail of one owner, so that whatever exports or restores mail takes them: one
 * INBOX, each message once, unseen, of the instant at which it came in, with the bytes that came.
 */
export function arrivedAccount({ journal, owner, messages }: ArrivedAccountOptions): MailAccount {
  const byIdentity = new Map<string, ArrivedMessage>();
  for (const one of messages) if (!byIdentity.has(one.identity)) byIdentity.set(one.identity, one);
  const stored = [...byIdentity.values()].map(storedOf);
  return {
    // A file each, as there; they have no place in any store.
    layout: "maildir",
    root: rootPath,
    owner,
    mailboxes: async () => [{ name: "INBOX", path: rootPath, dependsOn: [], problems: [] }],
    messages: async () => ({ messages: stored, problems: [] }),
    subscriptions: async () => ({ names: [], problems: [] }),
    async *read({ key }, { signal } = {}) {
      const message = byIdentity.get(key);
      if (message === undefined) throw damaged(key, "it is none of those that arrived");
      let seen = 0;
      try {
        for await (const piece of journal.content(message.content, signal)) {
          seen += piece.length;
          yield piece;
        }
      } catch (error) {
        if (!isRecoveryError(error)) throw error;
        throw damaged(message.delivery, error.message);
      }
      if (seen !== message.sizeBytes)
        throw damaged(message.delivery, `${seen} of its ${message.sizeBytes} bytes are there`);
    },
  };
}

function storedOf({ identity, sequence, atNs, sizeBytes }: ArrivedMessage): StoredMessage {
  return {
    key: identity,
    path: `arrived-${sequence}` as RawPath,
    flags: [],
    keywords: [],
    internalDateNs: atNs,
    sizeBytes,
    isRecent: true,
  };
}

function damaged(delivery: string, state: string): MailError {
  return new MailError(
    "mail.damaged",
    `Cannot read the message of delivery ${delivery}: ${state}`,
    {
      hint: "The journal may have been thinned, or a part of it be damaged: `restante moments` shows it.",
    },
  );
}
