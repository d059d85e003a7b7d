import { parseBytes, TimeError } from "#time";
import { quoted } from "#errors";
import { z } from "zod";
import { absolutePathText, checkedText } from "./checked-values.ts";
import { type CopyKind, copyKinds, type CopyLayer, copyLayers } from "./config.ts";
import { parseCopyUrl } from "./copy-url.ts";
import type { Finding } from "./finding.ts";
import { parseSecretReference } from "./secret-reference.ts";

/** What goes with which kind, and that there is one place, is checked in copy-findings.ts. */
export type WrittenCopy = {
  readonly layer: CopyLayer;
  readonly kind?: CopyKind | undefined;
  readonly path?: string | undefined;
  readonly url?: string | undefined;
  readonly key?: string | undefined;
  readonly capacity?: string | undefined;
  readonly safe_uses?: number | undefined;
  readonly barcodes?: string | undefined;
  readonly full_text?: "on" | "off" | undefined;
};

const secret = checkedText((text) => {
  const reference = parseSecretReference(text);
  return "code" in reference ? reference : undefined;
}).meta({ pattern: "^(credential:|env:|file:/)" });

const url = checkedText((text) => {
  const parsed = parseCopyUrl(text);
  return "code" in parsed ? parsed : undefined;
}).meta({ pattern: "^ssh://" });

/** The labels at a tape's end want room. */
const leastCapacityBytes = 8 * 1024 * 1024;
const mostCapacityBytes = 1e15;
export const mostSafeUses = 1_000_000;

function capacityFinding(text: string): Finding | undefined {
  const hint = "Write it like 100 GB: what one tape takes.";
  const code = "config.size";
  if (/^\s*\d+(?:\.\d+)?\s*$/.test(text))
    return { code, message: `${quoted(text)} lacks a unit`, suggestion: `${text.trim()} GB`, hint };
  try {
    const sizeBytes = parseBytes(text);
    if (sizeBytes < leastCapacityBytes)
      return { code, message: `${quoted(text)} is too little for a tape: 8 MiB at least`, hint };
    if (sizeBytes <= mostCapacityBytes) return undefined;
    return { code, message: `${quoted(text)} is more than a tape can take`, hint };
  } catch (error) {
    if (!(error instanceof TimeError)) throw error;
    return { code, message: `${quoted(text)} is not a size I know`, hint };
  }
}

const barcodePrefixPattern = /^[A-Z0-9]{1,4}$/;

function barcodesFinding(text: string): Finding | undefined {
  if (barcodePrefixPattern.test(text)) return undefined;
  const capital = text.toUpperCase();
  return {
    code: "config.barcode",
    message: `${quoted(text)} cannot be what barcodes begin with`,
    suggestion: barcodePrefixPattern.test(capital) ? capital : undefined,
    hint: "Write one to four capital letters and digits, like RST: the tapes are RST001, RST002 and so on.",
  };
}

export const copySchema: z.ZodType<WrittenCopy> = z.strictObject({
  layer: z
    .enum(copyLayers)
    .describe(
      "operational: at hand, for everyday recovery; disaster: elsewhere, for the loss of the site.",
    ),
  kind: z
    .enum(copyKinds)
    .optional()
    .describe(
      "repository (the default, restic format), replicas (clones or delta snapshots), or tape library (virtual tapes).",
    ),
  path: absolutePathText.optional().describe("The copy's folder on this machine."),
  url: url
    .optional()
    .describe("Instead of path: a folder of another host, ssh://user@host[:port]/folder."),
  key: secret
    .optional()
    .describe(
      "Of a repository: where its password is read from: credential:NAME, env:NAME or file:/path.",
    ),
  capacity: checkedText(capacityFinding)
    .optional()
    .describe("Of a tape library: what one tape takes: 100 GB."),
  safe_uses: z
    .int()
    .min(1)
    .max(mostSafeUses)
    .optional()
    .describe("Of a tape library: how often a tape may be written; its maker says so."),
  barcodes: checkedText(barcodesFinding)
    .optional()
    .describe("Of a tape library: what the barcodes of new tapes begin with. Default: RST."),
  full_text: z
    .enum(["on", "off"])
    .optional()
    .describe(
      "Whether the catalog on this machine keeps the words of messages to search them by (the default), or only those of subjects, addresses and names of attachments.",
    ),
});
