import { readParameters, type StructuredValue } from "../message/header-parameters.ts";

/** RFC 2046 §5.1.1 allows 70; longer ones occur, endless ones do not. */
export const boundaryLimitBytes = 200;

/** What a Content-Type says about how its entity is laid out. */
export type EntityLayout =
  | { readonly kind: "multipart"; readonly boundary: string }
  | { readonly kind: "message" };

/**
 * Reads the value of a Content-Type field (one character per byte, line ends of folding
 * included). Undefined for every type that has no parts, and for boundaries that cannot be used.
 */
export function entityLayoutOf(contentType: string): EntityLayout | undefined {
  // Most parts are leaves, and need no closer look.
  if (!/multipart\/|message\//i.test(contentType)) return undefined;
  return layoutOf(readParameters(contentType));
}

/** The same of a value that was read already. A reader that holds the whole message may allow more. */
export function layoutOf(
  { value, parameters }: StructuredValue,
  limitBytes: number = boundaryLimitBytes,
): EntityLayout | undefined {
  if (value === "message/rfc822" || value === "message/global") return { kind: "message" };
  if (!value.startsWith("multipart/")) return undefined;
  const parameter = parameters.get("boundary");
  const boundary = (parameter?.token ?? parameter?.extended?.bytes ?? "").replace(/[ \t]+$/, "");
  const isUsable =
    boundary.length > 0 && boundary.length <= limitBytes && !hasControlCharacter(boundary);
  return isUsable ? { kind: "multipart", boundary } : undefined;
}

/** A delimiter is looked for within a line; a line end in it (RFC 2231 can encode one) could not be found. */
function hasControlCharacter(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) < 0x20) return true;
  }
  return false;
}
