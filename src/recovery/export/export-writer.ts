/** The ExportWriter port: what takes messages in one format. */
import type { StoredMailbox, StoredMessage } from "#mail";

export const exportFormats = ["mbox", "eml", "maildir", "zip"] as const;
export type ExportFormat = (typeof exportFormats)[number];

/** A mailbox that is exported, or a part of it. */
export type ExportMailbox = Pick<StoredMailbox, "name" | "uidValidity" | "uidNext"> & {
  /** Whose it is, as a person names it. */
  readonly address: string;
};

export interface ExportWriter {
  /** Messages that follow are of this mailbox; `messages` are all that are meant. */
  begin(mailbox: ExportMailbox, messages: readonly StoredMessage[]): void | Promise<void>;
  /**
   * Takes one message, whole or not at all: where its bytes cannot be read, this throws and nothing of
   * it is left. Returns the bytes of the message.
   */
  add(message: StoredMessage, bytes: AsyncIterable<Uint8Array>): Promise<number>;
  /** Everything is written, and on stable storage. */
  finish(): Promise<void>;
  /** Closes what is open; what was written is somebody else's to remove. */
  close(): void | Promise<void>;
}

export type ExportWriterOptions = {
  /** The file or folder to make; it is not there. */
  readonly path: string;
  /** How much of "address/Folder/" stands before what is named by the message alone. */
  readonly levels: ExportLevels;
};

/** What has to be told apart: mailboxes of several owners, several of one, or nothing. */
export const exportLevels = ["addresses", "folders", "none"] as const;
export type ExportLevels = (typeof exportLevels)[number];
