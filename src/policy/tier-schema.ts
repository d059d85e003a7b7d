import { z } from "zod";
import {
  absolutePathText,
  checkedText,
  durationOrNothingText,
  durationText,
} from "./checked-values.ts";
import {
  type DisasterMethod,
  disasterMethods,
  type OperationalMethod,
  operationalMethods,
} from "./config.ts";
import { parseCopyUrl } from "./copy-url.ts";
import { PolicyError } from "./policy-error.ts";
import { parseRetentionRule } from "./retention-rule.ts";

export type WrittenMethod = {
  readonly copy: string;
  readonly lose_at_most?: string | undefined;
  readonly back_within?: string | undefined;
  readonly every?: string | undefined;
  readonly keep?: readonly string[] | undefined;
};

/** What goes with which method is checked in tier-findings.ts. */
export type WrittenOperational = WrittenMethod & {
  readonly method: OperationalMethod;
  readonly images?: number | undefined;
  readonly journal?:
    | { readonly path?: string | undefined; readonly mirror?: string | undefined }
    | undefined;
};

export type WrittenDisaster = WrittenMethod & {
  readonly method: DisasterMethod;
  readonly from: string;
  readonly hold?: string | undefined;
  readonly transit?: string | undefined;
};

export type WrittenTier = {
  readonly operational: WrittenOperational | readonly WrittenOperational[];
  readonly disaster?: WrittenDisaster | undefined;
};

const rule = checkedText((text) => {
  try {
    parseRetentionRule(text);
    return undefined;
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return {
      code: "config.rule",
      message: error.message,
      suggestion: error.suggestion,
      hint: error.hint,
    };
  }
});

/** A folder of this machine, or of another one. */
const mirrorText = checkedText((text) => {
  if (/^\/[^\p{Cc}]*$/u.test(text) && !text.split("/").includes("..")) return undefined;
  const parsed = parseCopyUrl(text);
  return "code" in parsed ? parsed : undefined;
}).meta({ pattern: "^(/|ssh://)" });

const shared = {
  lose_at_most: durationText.optional().describe("Recovery point objective: 15 minutes."),
  back_within: durationText.optional().describe("Recovery time objective: 1 hour."),
  every: durationText
    .optional()
    .describe(
      "Between two copies: 12 hours. Default: as often as lose_at_most asks; of continuous data protection, between two bases: 1 day.",
    ),
  keep: z
    .array(rule)
    .max(50)
    .optional()
    .describe(
      "Retention in plain English: one per hour for 14 days. Without it everything is kept.",
    ),
};

/** One image at a time is none while it is replaced. */
export const leastImages = 2;
export const mostImages = 1000;

const operational = z.strictObject({
  method: z.enum(operationalMethods).describe("The operational recovery method."),
  copy: z.string().describe("Name of the copy that it fills, of the operational layer."),
  ...shared,
  images: z
    .int()
    .min(leastImages)
    .max(mostImages)
    .optional()
    .describe("Of a rotation: how many are kept. Default: 2 clones, 6 delta snapshots."),
  journal: z
    .strictObject({
      path: absolutePathText
        .optional()
        .describe(
          "The folder of the journals: best on another disk. Default: in the state folder.",
        ),
      mirror: mirrorText
        .optional()
        .describe(
          "Where journals are mirrored as they grow: ssh://user@host/folder, or a folder of this machine.",
        ),
    })
    .optional()
    .describe("Of continuous data protection: where its journals lie, and their mirror."),
});

const mostOperational = 10;

const disaster = z.strictObject({
  method: z.enum(disasterMethods).describe("The disaster recovery option."),
  copy: z.string().describe("Name of the copy that it fills, of the disaster layer."),
  from: z.string().describe("Name of the copy of this tier's operational recovery that feeds it."),
  ...shared,
  hold: durationOrNothingText
    .optional()
    .describe("Of tapes: how long they stay onsite before they leave: 24 hours, or nothing."),
  transit: durationOrNothingText
    .optional()
    .describe("Of tapes: how long they travel to the vault: 4 hours, or nothing."),
});

export const tierSchema: z.ZodType<WrittenTier> = z.strictObject({
  operational: z
    .union([operational, z.array(operational).min(1).max(mostOperational)])
    .describe("Everyday recovery: one method, or a list of them, the preferred first."),
  disaster: disaster.optional().describe("Recovery from the loss of the site."),
});
