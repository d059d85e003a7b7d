import type { RawPath } from "#image";
import type { DovecotIndexCount } from "#mail";

/** A file that is there when watching begins. */
export type MailThere = {
  readonly path: RawPath;
  readonly sizeBytes?: number;
  /** Of what tells of many messages. */
  readonly mtimeNs?: bigint;
  /** It holds many messages, and nothing else. */
  readonly isMbox?: boolean;
  /** It is a log of Dovecot's: what its index says. */
  readonly index?: DovecotIndexCount;
  /** It is a Cyrus mailbox's own: how it begins. */
  readonly head?: Uint8Array;
};
