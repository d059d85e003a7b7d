import {
  largestMessageBytes,
  type LivingAccount,
  type LivingMessage,
  type LivingMessages,
} from "../living/living-account.ts";
import { isLivingError } from "../living/living-error.ts";
import { livingIdentityOf } from "../living/living-identity.ts";

/** A message of the living account, and what of it was found out. */
export type NowMessage = {
  readonly mailbox: LivingMessages;
  readonly message: LivingMessage;
  /** Set once its Message-ID was asked for; undefined also where the message is gone. */
  messageId?: string;
  /** Set once its bytes were read: undefined where the server does not give them out. */
  identity?: string | undefined;
  isRead?: true;
  isGone?: true;
};

/** All mailboxes of an account as they were listed, and what has to be read of their messages. */
export class LivingSide {
  readonly boxes: Map<string, LivingMessages> = new Map();
  /** Of mailboxes that are there and cannot be listed: why. */
  readonly unlistable: Map<string, string> = new Map();
  readonly messages: Map<string, readonly NowMessage[]> = new Map();
  readCount = 0;
  readonly #account: LivingAccount;
  readonly #signal: AbortSignal | undefined;

  private constructor(account: LivingAccount, signal: AbortSignal | undefined) {
    this.#account = account;
    this.#signal = signal;
  }

  /** Lists every mailbox. Throws where there is no list of them; one that cannot be opened is told in `unlistable`. */
  static async list(account: LivingAccount, signal?: AbortSignal): Promise<LivingSide> {
    const side = new LivingSide(account, signal);
    for (const { name } of await account.mailboxes(signal)) {
      signal?.throwIfAborted();
      try {
        const box = await account.messages(name, signal);
        side.boxes.set(name, box);
        side.messages.set(
          name,
          box.messages.map((message) => ({ mailbox: box, message })),
        );
      } catch (error) {
        if (!isLivingError(error, "living.rejected") && !isLivingError(error, "living.no-mailbox"))
          throw error;
        side.unlistable.set(name, error.message);
      }
    }
    return side;
  }

  /** Asks for Message-IDs that are not known yet. */
  async findMessageIds(messages: readonly NowMessage[]): Promise<void> {
    const unknown = messages.filter(({ messageId }) => messageId === undefined);
    for (const [mailbox, some] of Map.groupBy(unknown, (now) => now.mailbox)) {
      const uids = some.map(({ message }) => message.uid);
      const found = await this.#account.messageIds(mailbox, uids, this.#signal);
      for (const now of some) {
        const messageId = found.get(now.message.uid);
        if (messageId === undefined) now.isGone = true;
        else now.messageId = messageId;
      }
    }
  }

  /** Reads the bytes of those that were not read yet. */
  async findIdentities(messages: readonly NowMessage[], onRead?: () => void): Promise<void> {
    const unread = messages.filter((now) => now.isRead !== true && now.isGone !== true);
    for (const [mailbox, some] of Map.groupBy(unread, (now) => now.mailbox)) {
      const byUid = new Map(some.map((now) => [now.message.uid, now]));
      // Longer ones than are ever put back are equal to none.
      const uids = some
        .filter(({ message }) => message.sizeBytes <= largestMessageBytes)
        .map(({ message }) => message.uid);
      for await (const { uid, bytes } of this.#account.read(mailbox, uids, this.#signal)) {
        const now = byUid.get(uid);
        if (now === undefined) continue;
        byUid.delete(uid);
        now.isRead = true;
        if (bytes !== undefined) now.identity = livingIdentityOf(bytes);
        this.readCount++;
        onRead?.();
      }
      for (const uid of uids) {
        const gone = byUid.get(uid);
        if (gone !== undefined) gone.isGone = true;
      }
    }
  }
}
