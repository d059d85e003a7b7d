import { z } from "zod";
import { absolutePathText, tidyPath } from "./checked-values.ts";
import type { HintsConfig } from "./config.ts";

export type WrittenHints = {
  readonly dovecot?: string | undefined;
  readonly cyrus?: string | undefined;
  readonly helper?: readonly string[] | undefined;
};

const word = z
  .string()
  .min(1)
  .max(4096)
  .regex(/^[^\0]*$/);

export const hintsSchema: z.ZodType<WrittenHints> = z.strictObject({
  dovecot: absolutePathText
    .optional()
    .describe("The file that Dovecot's mail_log plugin logs into: its own, or the system's."),
  cyrus: absolutePathText
    .optional()
    .describe(
      "The folder of a channel of Cyrus's sync_log that nobody else reads: CONFIGDIRECTORY/sync/CHANNEL.",
    ),
  helper: z
    .array(word)
    .min(1)
    .max(100)
    .optional()
    .describe(
      "How fsnotifywait is run where it needs rights: [sudo, -n, stdbuf, -oL, fsnotifywait]. Default: [stdbuf, -oL, fsnotifywait].",
    ),
});

/** It was checked before. */
export function readHints({ dovecot, cyrus, helper }: WrittenHints): HintsConfig {
  return {
    ...(dovecot === undefined ? {} : { dovecotLog: tidyPath(dovecot) }),
    ...(cyrus === undefined ? {} : { cyrusChannel: tidyPath(cyrus) }),
    ...(helper === undefined ? {} : { helper }),
  };
}
