import { z } from "zod";
import { absolutePathText, durationText } from "./checked-values.ts";
import {
  type DataSource,
  dataSources,
  type ServerType,
  serverTypes,
  type SnapshotWay,
  snapshotWays,
  type SplitValidator,
  splitValidators,
} from "./config.ts";
import { imapSchema, type WrittenImap } from "./imap-schema.ts";

export type WrittenServer = {
  readonly type: ServerType;
  readonly path: string;
  readonly data_source?: DataSource | undefined;
  readonly stop?: string | readonly string[] | undefined;
  readonly start?: string | readonly string[] | undefined;
  readonly stop_time_limit?: string | undefined;
  readonly snapshots?: SnapshotWay | undefined;
  readonly validate?: SplitValidator | undefined;
  readonly repeat?: number | undefined;
  readonly imap?: WrittenImap | undefined;
};

const words = z
  .string()
  .min(1)
  .max(4096)
  .regex(/^[^\0]*\S[^\0]*$/);
const command = z.union([words, z.array(words).min(1).max(100)]);

/** How often a hot split may be tried; more is a store that never holds still. */
export const mostRepeats = 100;

export const serverSchema: z.ZodType<WrittenServer> = z.strictObject({
  type: z
    .enum(serverTypes)
    .describe("How the mail lies on disk: maildir, dovecot, or a plain folder of Maildirs."),
  path: absolutePathText.describe("The mail store's folder."),
  data_source: z
    .enum(dataSources)
    .optional()
    .describe(
      "offline stops the mail server for the capture; live application (the default) does not; hot split snapshot freezes the store and validates what was frozen.",
    ),
  stop: command
    .optional()
    .describe(
      "How to stop the mail server: a list of program and arguments, or a line for /bin/sh.",
    ),
  start: command.optional().describe("How to start it again."),
  stop_time_limit: durationText
    .optional()
    .describe("How long stopping and starting may take. Default: 60 seconds."),
  snapshots: z
    .enum(snapshotWays)
    .optional()
    .describe("How a hot split freezes the store. Default: the best that its filesystem can."),
  validate: z
    .enum(splitValidators)
    .optional()
    .describe(
      "What says whether a hot split is usable. Default: dovecot for a server of type dovecot, else reader: our own.",
    ),
  repeat: z
    .int()
    .min(1)
    .max(mostRepeats)
    .optional()
    .describe("How often a hot split is tried until it is usable. Default: 5."),
  imap: imapSchema
    .optional()
    .describe("The running server, for putting messages back into it (restore --to imap)."),
});
