/**
 * How long the stage waits, in milliseconds. RFC 5321 §4.5.3.2 names the least that a client should
 * wait for a server, and these are the defaults; `command` and `block` are also how long we wait for
 * the MTA.
 */
export type StageLimits = {
  /** The mail server is to accept a connection. */
  readonly connectMs: number;
  /** … and to greet (§4.5.3.2.1), and to answer LHLO. */
  readonly greetingMs: number;
  /** Its answer to MAIL (§4.5.3.2.2). */
  readonly mailMs: number;
  /** Its answer to RCPT (§4.5.3.2.3). */
  readonly recipientMs: number;
  /** Its answer to DATA (§4.5.3.2.4). */
  readonly dataMs: number;
  /** One piece of a message, either way (§4.5.3.2.5). */
  readonly blockMs: number;
  /** Its answer to the final dot, for each recipient (§4.5.3.2.6). */
  readonly finalMs: number;
  /** The next command of the MTA (§4.5.3.2.7). */
  readonly commandMs: number;
  /** What is written to the journal is to be durable. */
  readonly journalMs: number;
  /** The least time between two attempts to open a journal that failed: each derives its key. */
  readonly journalRetryMs: number;
  /** A free connection to the mail server, when all are in use. */
  readonly freeConnectionMs: number;
  /** How long a connection to the mail server is kept for the next message. */
  readonly idleMs: number;
  /** How long sessions under way may go on when the stage is told to stop. */
  readonly stopMs: number;
};

const minute = 60_000;

export const defaultLimits: StageLimits = {
  connectMs: 30_000,
  greetingMs: 5 * minute,
  mailMs: 5 * minute,
  recipientMs: 5 * minute,
  dataMs: 2 * minute,
  blockMs: 3 * minute,
  finalMs: 10 * minute,
  commandMs: 5 * minute,
  journalMs: minute,
  journalRetryMs: 5000,
  freeConnectionMs: 30_000,
  idleMs: 30_000,
  stopMs: 60_000,
};

/** How much of everything there may be at once. */
export type StageBounds = {
  /** Connections of MTAs; one more is told to come again. */
  readonly maxSessions: number;
  /** Connections to the mail server. */
  readonly maxConnections: number;
  /** RFC 5321 §4.5.3.1.8: at least 100. */
  readonly maxRecipients: number;
  readonly maxMessageBytes: number;
  /** Commands that were no commands, before the connection is closed. */
  readonly maxBadCommands: number;
  /** Answers that may be due at once to an MTA that does not wait for them. */
  readonly maxPipelined: number;
  /** So much of a message is gathered before it goes into the journal. */
  readonly pieceBytes: number;
  /** So many outcomes are remembered while the journal cannot be written. */
  readonly maxRemembered: number;
};

export const defaultBounds: StageBounds = {
  maxSessions: 100,
  maxConnections: 100,
  maxRecipients: 1000,
  maxMessageBytes: 1024 * 1024 * 1024,
  maxBadCommands: 20,
  maxPipelined: 100,
  pieceBytes: 256 * 1024,
  maxRemembered: 10_000,
};
