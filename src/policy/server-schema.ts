import { z } from "zod";
import { closestWord, quoted } from "#errors";
import { absolutePathText, checkedText, durationText, isPathTemplate } from "./checked-values.ts";
import {
  type DataSource,
  dataSources,
  type MailboxList,
  mailboxLists,
  protectedWords,
  type ServerType,
  serverTypes,
  type SnapshotWay,
  snapshotWays,
  type SplitValidator,
  splitValidators,
  type VolumeRole,
  volumeRoles,
} from "./config.ts";
import { deliveryStageSchema, type WrittenDeliveryStage } from "./delivery-stage-schema.ts";
import { hintsSchema, type WrittenHints } from "./hints-schema.ts";
import { imapSchema, type WrittenImap } from "./imap-schema.ts";

export type WrittenServer = {
  readonly type: ServerType;
  readonly path: string;
  readonly data_source?: DataSource | undefined;
  readonly stop?: string | readonly string[] | undefined;
  readonly start?: string | readonly string[] | undefined;
  readonly stop_time_limit?: string | undefined;
  readonly snapshots?: SnapshotWay | undefined;
  readonly validate?: SplitValidator | readonly string[] | undefined;
  readonly validate_time_limit?: string | undefined;
  readonly repeat?: number | undefined;
  readonly quiesce?: string | readonly string[] | undefined;
  readonly resume?: string | readonly string[] | undefined;
  readonly quiesce_time_limit?: string | undefined;
  readonly mailboxes?: MailboxList | undefined;
  readonly also_protect?: readonly string[] | undefined;
  readonly volumes?: readonly { readonly path: string; readonly role: VolumeRole }[] | undefined;
  readonly places?: readonly WrittenPlaces[] | undefined;
  readonly imap?: WrittenImap | undefined;
  readonly delivery_stage?: WrittenDeliveryStage | undefined;
  readonly hints?: WrittenHints | undefined;
};

/** Templates of paths, with Dovecot's variables. */
export type WrittenPlaces = {
  readonly mail: string;
  readonly index?: string | undefined;
  readonly control?: string | undefined;
  readonly alt?: string | undefined;
  readonly attachments?: string | undefined;
  readonly directory_name?: string | undefined;
};

const words = z
  .string()
  .min(1)
  .max(4096)
  .regex(/^[^\0]*\S[^\0]*$/);
const command = z.union([words, z.array(words).min(1).max(100)]);

/** A word for what belongs to the state, or a folder. */
const protectedText = checkedText((text) => {
  if (protectedWords.some((word) => word === text)) return undefined;
  if (/^\/[^\p{Cc}]*$/u.test(text) && !text.split("/").includes("..")) return undefined;
  return {
    code: "config.protect",
    message: `${quoted(text)} is nothing that I know how to protect`,
    suggestion: closestWord(text, protectedWords),
    hint: `Write a folder from the root on, or one of ${protectedWords.join(", ")}.`,
  };
});
/** A word, or a program with its arguments. */
const validateValue = z
  .union([z.string().meta({ enum: [...splitValidators] }), z.array(words).min(1).max(100)])
  .superRefine((value, context) => {
    if (typeof value !== "string" || splitValidators.some((word) => word === value)) return;
    const finding = {
      code: "config.unknown-value",
      message: `${quoted(value)} is not a validate I know`,
      suggestion: closestWord(value, splitValidators),
      hint: `There are ${splitValidators.join(", ")}, or a program and its arguments.`,
    };
    context.addIssue({ code: "custom", message: finding.message, params: { finding } });
  }) as z.ZodType<SplitValidator | readonly string[]>;
/** A path from the root on, with variables. */
const templateText = checkedText((text) => {
  if (isPathTemplate(text)) return undefined;
  return {
    code: "config.path",
    message: `${quoted(text)} is no path from the root on`,
    hint: "Write where homes lie in place of ~ and %h: /var/vmail/%d/%n/mdbox.",
  };
});
const directoryNameText = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[^/\p{Cc}]+$/u);
const mostProtected = 100;
const mostPlaces = 1000;
const mostVolumes = 100;

/** How often a hot split may be tried; more is a store that never holds still. */
export const mostRepeats = 100;

export const serverSchema: z.ZodType<WrittenServer> = z.strictObject({
  type: z
    .enum(serverTypes)
    .describe(
      "Whose mail it is: dovecot, courier, cyrus; maildir or mbox where another server or none reads it; generic: a server that is known by its commands alone; folder: a plain folder.",
    ),
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
  validate: validateValue
    .optional()
    .describe(
      "What says whether a hot split is usable. Default: dovecot for a server of type dovecot, else reader: our own. A list is a program and its arguments, where {path} is a copy of what was frozen: it is usable where that exits with 0.",
    ),
  validate_time_limit: durationText
    .optional()
    .describe("How long a validating program may take. Default: 10 minutes."),
  quiesce: command
    .optional()
    .describe("With a hot split: what makes the server hold still while it is frozen."),
  resume: command.optional().describe("What lets it go; it runs whatever happens in between."),
  quiesce_time_limit: durationText
    .optional()
    .describe("How long each of the two may take. Default: 60 seconds."),
  mailboxes: z
    .enum(mailboxLists)
    .optional()
    .describe(
      "Who says which mailboxes there are: from doveadm asks the running server, from the store (the default) looks at folders.",
    ),
  also_protect: z
    .array(protectedText)
    .max(mostProtected)
    .optional()
    .describe(
      "What belongs to the server beside its messages: folders from the root on are captured too; a word (sieve, acl, subscriptions, …) must lie in a captured folder.",
    ),
  volumes: z
    .array(
      z.strictObject({
        path: absolutePathText.describe(
          "A folder within the server's path, or one that lies elsewhere and is captured in the same moment.",
        ),
        role: z.enum(volumeRoles).describe("database, log, or mixed."),
      }),
    )
    .max(mostVolumes)
    .optional()
    .describe("Parts of the store with a role of their own, and those that lie outside its path."),
  places: z
    .array(
      z.strictObject({
        mail: templateText.describe("The account's own folder: /var/vmail/%d/%n."),
        index: templateText.optional().describe("INDEX= or mail_index_path."),
        control: templateText.optional().describe("CONTROL= or mail_control_path."),
        alt: templateText.optional().describe("ALT= or mail_alt_path."),
        attachments: templateText
          .optional()
          .describe("mail_attachment_dir or mail_ext_attachment_path."),
        directory_name: directoryNameText
          .optional()
          .describe("DIRNAME= or mailbox_directory_name, of a dbox."),
      }),
    )
    .max(mostPlaces)
    .optional()
    .describe(
      "Where a Dovecot keeps what is not in an account's mail folder, with its variables (%u, %n, %d, %{user | domain}). Recorded with each moment. `restante config generate` writes them.",
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
  hints: hintsSchema
    .optional()
    .describe(
      "With continuous data protection: who tells of changes beside the kernel. `restante doctor` says what is there.",
    ),
  delivery_stage: deliveryStageSchema
    .optional()
    .describe(
      "With continuous data protection: the daemon stands between MTA and mail server, and new mail is in the journal before anybody is told that it was taken.",
    ),
});
