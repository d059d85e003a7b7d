import { decodeCharset } from "../message/charset.ts";
import type { MailProblem } from "../mail-problem.ts";
import type { MimePart } from "./mime-structure.ts";
import { type DecodeOptions, decodeTransfer } from "./transfer-encoding.ts";

/** What a part holds, its transfer encoding undone: a file as it was attached. Never throws. */
export function decodePart(part: MimePart, options: DecodeOptions = {}): Buffer {
  return decodeTransfer(part.source.subarray(part.bodyStart, part.end), part.encoding, options);
}

/** The bytes of a text part as text. Line ends stay as they are. */
export function decodedText(part: MimePart, decoded: Buffer, problems: MailProblem[] = []): string {
  return decodeCharset(decoded, charsetOf(part, decoded), problems);
}

const meta = /<meta[^>]{1,200}charset\s*=\s*["']?([-\w:.]{2,40})/i;

/** HTML may say it itself where its part does not. */
function charsetOf(part: MimePart, decoded: Buffer): string {
  if (part.charset !== "" || part.type !== "text/html") return part.charset;
  return meta.exec(decoded.toString("latin1", 0, Math.min(decoded.length, 1024)))?.[1] ?? "";
}
