import type { MimePart } from "./mime-structure.ts";

export type Attachment = {
  readonly part: MimePart;
  /** A picture of the text itself (in multipart/related), or a signature: no reader lists it. */
  readonly isIncidental: boolean;
};

const signatures: ReadonlySet<string> = new Set([
  "application/pgp-signature",
  "application/pkcs7-signature",
  "application/x-pkcs7-signature",
]);
/** Leaves that are read as text where they are not marked as attachments. */
const readable: ReadonlySet<string> = new Set([
  "text/plain",
  "text/html",
  "message/delivery-status",
  "message/disposition-notification",
  "message/feedback-report",
  "text/rfc822-headers",
]);

/** Whether the part's text is shown as text of the message; one with a file name may be both. */
export function isReadable(part: MimePart): boolean {
  if (part.disposition === "attachment") return false;
  // A multipart that could not be divided.
  return readable.has(part.type) || (part.type.startsWith("multipart/") && part.parts.length === 0);
}

/** Every attachment in the order of the message, those of embedded messages included. */
export function attachmentsOf(root: MimePart): readonly Attachment[] {
  const found: Attachment[] = [];
  collect(root, "", found);
  return found;
}

function collect(part: MimePart, parent: string, found: Attachment[]): void {
  const isEmbedded = part.type.startsWith("message/") && part.parts.length > 0;
  // A message in a digest is what the digest says, no attachment of it.
  if (part.parts.length === 0 || (isEmbedded && parent !== "multipart/digest" && parent !== "")) {
    if (isAttachment(part, parent)) found.push({ part, isIncidental: isIncidental(part, parent) });
  }
  for (const child of part.parts) collect(child, isEmbedded ? "message" : part.type, found);
}

function isAttachment(part: MimePart, parent: string): boolean {
  if (part.disposition === "attachment" || part.fileName !== undefined) return true;
  if (isReadable(part) || parent === "multipart/alternative") return false;
  // Says only that what follows is encrypted (RFC 3156 §4).
  return part.type !== "application/pgp-encrypted";
}

function isIncidental(part: MimePart, parent: string): boolean {
  if (signatures.has(part.type)) return true;
  return (
    parent === "multipart/related" &&
    part.contentId !== undefined &&
    part.disposition !== "attachment" &&
    part.type.startsWith("image/")
  );
}
