import { decodeCharset } from "../message/charset.ts";
import { decodeHeaderText } from "../message/encoded-words.ts";
import type { ParameterValue, StructuredValue } from "../message/header-parameters.ts";
import type { MailProblem } from "../mail-problem.ts";

const longestName = 255;
// Controls, and what changes the direction of text or has no width: "exe.fdp" must not look like "pdf.exe".
const invisible =
  // oxlint-disable-next-line no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+/g;

/**
 * The name that the sender gave a part: `filename` of Content-Disposition, else `name` of
 * Content-Type. Only the last step of a path, without control characters; undefined where
 * nothing is left. It is to be shown, and is no place to write to.
 */
export function fileNameOf(
  disposition: StructuredValue | undefined,
  type: StructuredValue,
  problems: MailProblem[],
): string | undefined {
  const parameter =
    disposition?.parameters.get("filename") ??
    disposition?.parameters.get("name") ??
    type.parameters.get("name") ??
    type.parameters.get("filename");
  return parameter === undefined ? undefined : safeFileName(decodeParameter(parameter, problems));
}

/** RFC 2231's form where there is one; encoded words, which may not stand in a parameter, and do. */
export function decodeParameter(
  { plain, extended }: ParameterValue,
  problems: MailProblem[],
): string {
  if (extended === undefined) return decodeHeaderText(plain ?? "", problems);
  const { bytes, charset } = extended;
  // Pieces without a character set may each hold encoded words.
  if (charset === "" && bytes.includes("=?")) return decodeHeaderText(bytes, problems);
  return decodeCharset(Buffer.from(bytes, "latin1"), charset, problems);
}

/** The last step of a path as Unix or Windows writes it, fit to be shown. */
export function safeFileName(name: string): string | undefined {
  const visible = name.replace(invisible, " ");
  const last = visible.slice(Math.max(visible.lastIndexOf("/"), visible.lastIndexOf("\\")) + 1);
  const safe = last.replace(/\s+/g, " ").trim().slice(0, longestName).toWellFormed().trim();
  return safe === "" || safe === "." || safe === ".." ? undefined : safe;
}
