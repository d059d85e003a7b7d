import { quoted } from "#errors";
import type { Finding } from "./finding.ts";

/** The share of "30%" or "0.5 percent" as a number from 0 on, 1 for all; undefined where it is none. */
export function parseShare(text: string): number | undefined {
  const match =
    text.length > 40 ? null : /^(\d{1,6}(?:\.\d{1,20})?)\s*(?:%|percent)$/.exec(text.trim());
  // The decimal point is moved in the text, so that 28.7% is the very number 0.287.
  return match === null ? undefined : Number(`${match[1]}e-2`);
}

/** Writes a share so that parseShare() reads the same number: 0.287 → "28.7%". */
export function formatShare(share: number): string {
  const [whole = "0", fraction = ""] = plainDecimal(share).split(".");
  const digits = fraction.padEnd(2, "0");
  const moved = `${whole}${digits.slice(0, 2)}`.replace(/^0+(?=\d)/, "");
  return digits.length > 2 ? `${moved}.${digits.slice(2)}%` : `${moved}%`;
}

/** Without an exponent, which Node writes below 0.000001: there twenty digits are exact enough. */
function plainDecimal(share: number): string {
  const text = String(share);
  return text.includes("e") ? share.toFixed(20).replace(/0+$/, "") : text;
}

/** Why this is not a share of at most `most`; undefined when it is. */
export function shareFinding(
  value: string | number,
  options: { readonly most?: number } = {},
): Finding | undefined {
  const { most = 1 } = options;
  const code = "config.share";
  const hint = "Write it like 30%.";
  const text = String(value);
  const share = parseShare(text);
  if (share === undefined) {
    const number = /^\s*\d{1,6}(?:\.\d{1,6})?\s*$/.test(text) ? Number(text) : undefined;
    const suggestion =
      number === undefined ? undefined : formatShare(number <= 1 ? number : number / 100);
    return { code, message: `${quoted(text)} is not a share I know`, suggestion, hint };
  }
  if (share <= most) return undefined;
  return { code, message: `${quoted(text)} is more than ${formatShare(most)}`, hint };
}
