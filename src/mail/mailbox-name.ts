/** A mailbox name as a person reads it, from the bytes of its folder. */
export type DecodedMailboxName = {
  readonly name: string;
  /** Set where the bytes are not canonical modified UTF-7; `name` is those bytes then. */
  readonly problem?: string;
};

/**
 * Modified UTF-7 (RFC 3501 §5.1.3) to text. `raw` has one character per byte. What is not
 * canonical stays as it is (as UTF-8 where it is that, as some servers store it), so that two
 * folders never get one name.
 */
export function decodeMailboxName(raw: string): DecodedMailboxName {
  if (!/[^ -%'-~]/.test(raw)) return { name: raw };
  const name = raw.replace(/&([A-Za-z0-9+,]*)-/g, (_, base64: string) =>
    base64 === "" ? "&" : utf16FromBase64(base64),
  );
  if (name.isWellFormed() && encodeMailboxName(name) === raw) return { name };
  const bytes = Buffer.from(raw, "latin1");
  const text = bytes.toString("utf8");
  return {
    name: Buffer.from(text, "utf8").equals(bytes) ? text : raw,
    problem: "The name is not modified UTF-7 as RFC 3501 §5.1.3 wants it",
  };
}

/** Text to modified UTF-7: printable ASCII as it is, "&" as "&-", all else as UTF-16 in base64. */
export function encodeMailboxName(name: string): string {
  return name.replace(/&|[^ -~]+/g, (run) => (run === "&" ? "&-" : `&${base64FromUtf16(run)}-`));
}

function utf16FromBase64(base64: string): string {
  const bytes = Buffer.from(base64.replaceAll(",", "/"), "base64");
  return bytes
    .subarray(0, bytes.length & ~1)
    .swap16()
    .toString("utf16le");
}

function base64FromUtf16(text: string): string {
  const base64 = Buffer.from(text, "utf16le").swap16().toString("base64");
  return base64.replace(/=+$/, "").replaceAll("/", ",");
}
